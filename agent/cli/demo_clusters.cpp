#include "agent/cli/demo_clusters.h"

#include <array>

namespace kcloud::cli {
namespace {

constexpr std::array kClusters = {
    ClusterSpec{"gpu-cluster-01", "gpu_optimized", "NVIDIA A100", Unit::kGpu, 8, 8, 600, 7.8},
    ClusterSpec{"gpu-cluster-02", "gpu_optimized", "NVIDIA H100", Unit::kGpu, 6, 8, 680, 9.1},
    ClusterSpec{"l40s", "gpu_optimized", "NVIDIA L40S", Unit::kGpu, 8, 4, 420, 5.4},
    ClusterSpec{"hybrid-cluster-01", "hybrid", "NVIDIA A100", Unit::kGpu, 4, 4, 560, 11.2},
    ClusterSpec{"npu-cluster-01", "npu_optimized", "Furiosa Warboy", Unit::kNpu, 6, 8, 170, 2.9},
    ClusterSpec{"furiosa", "npu_optimized", "Furiosa RNGD", Unit::kNpu, 5, 8, 190, 3.4},
    ClusterSpec{"rebellions", "npu_optimized", "Rebellions ATOM", Unit::kNpu, 5, 8, 150, 2.6},
    ClusterSpec{"cpu-cluster-01", "cpu_optimized", "none", Unit::kCpu, 10, 8, 110, 0.62},
    ClusterSpec{"cpu-cluster-02", "cpu_optimized", "none", Unit::kCpu, 10, 8, 118, 0.58},
    ClusterSpec{"cpu-cluster-03", "cpu_optimized", "none", Unit::kCpu, 6, 8, 130, 0.71},
};

constexpr std::array kKinds = {
    WorkloadKind{"ml_training", "ml-training-job", "kcloud-meta-scheduler", "g", 1, 8, 4, 16, 22,
                 38},
    WorkloadKind{"fine_tuning", "fine-tuning-job", "kcloud-meta-scheduler", "g", 1, 4, 4, 24, 10,
                 16},
    WorkloadKind{"inference", "inference-service", "kcloud-meta-scheduler", "gn", 1, 4, 2, 8, 30,
                 12},
    WorkloadKind{"llm_serving", "llm-serving", "kcloud-npu-scheduler", "gn", 2, 8, 4, 32, 14, 6},
    WorkloadKind{"batch_etl", "batch-etl", "kcloud-batch-scheduler", "c", 1, 6, 8, 32, 16, 27},
    WorkloadKind{"notebook", "notebook", "kcloud-meta-scheduler", "gc", 1, 1, 4, 16, 8, 1},
};

constexpr std::array kPolicies = {
    PolicySpec{"gpu-power-cap", "gpu-cluster-01", "max_power_watts", 36000, 1500},
    PolicySpec{"npu-first-inference", "", "npu_preference", 0.7, 0.05},
    PolicySpec{"batch-cost-ceiling", "", "max_cost_per_hour", 40, 2.5},
    PolicySpec{"night-consolidation", "cpu-cluster-03", "min_utilization_pct", 20, 5},
};

constexpr std::array<std::string_view, 5> kActors = {"sre.kim", "sre.park", "finops.lee",
                                                     "policy-engine", "admin.choi"};

}  // namespace

std::span<const ClusterSpec> cluster_specs() { return kClusters; }
std::span<const WorkloadKind> workload_kinds() { return kKinds; }
std::span<const PolicySpec> policy_specs() { return kPolicies; }
std::span<const std::string_view> actors() { return kActors; }

}  // namespace kcloud::cli
