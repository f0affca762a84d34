// The demo fleet's facts: clusters, kinds of workloads, policies, people. Constant data; costs are
// US dollars an hour, power is watts, both for one unit (an accelerator, or eight CPU cores).
#pragma once

#include <chrono>
#include <span>
#include <string_view>

namespace kcloud::cli {

enum class Unit : char { kGpu = 'g', kNpu = 'n', kCpu = 'c' };

struct ClusterSpec {
  std::string_view name;
  std::string_view type;
  std::string_view accelerator;
  Unit unit;
  int nodes;
  int units_per_node;
  double watts;
  double cost;
};

struct WorkloadKind {
  std::string_view type;
  std::string_view prefix;  // of its ids
  std::string_view scheduler;
  std::string_view runs_on;  // letters of Unit
  int min_units, max_units;
  int cores_per_unit, memory_gib_per_unit;
  int weight;        // of a hundred submitted
  int night_weight;  // the same from 22:00 to 06:00 in Seoul
};

struct PolicySpec {
  std::string_view name;
  std::string_view cluster;  // its scope; empty: the fleet
  std::string_view key;      // the setting that changes
  double value, step;
};

constexpr std::chrono::hours kSeoul{9};  // ahead of UTC, all year

// The policies whose value matters to what is decided, by their place in policy_specs().
constexpr std::size_t kGpuPowerCap = 0;
constexpr std::size_t kBatchCostCeiling = 2;

std::span<const ClusterSpec> cluster_specs();
std::span<const WorkloadKind> workload_kinds();
std::span<const PolicySpec> policy_specs();
std::span<const std::string_view> actors();

}  // namespace kcloud::cli
