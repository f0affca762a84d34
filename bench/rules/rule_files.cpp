#include "bench/rules/rule_files.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace kcloud::bench {
namespace {

constexpr std::size_t kGroup = 20;
constexpr std::array<std::string_view, 10> kShapes{
    "expr: count(scheduling_decision{@}[5m]) > {}00\n        by: [scheduler]",
    "expr: avg(scheduling_decision.execution_time_ms{@}[10m]) > {}00\n        by: [scheduler]",
    "expr: quantile(0.99, scheduling_decision.execution_time_ms{@}[5m]) > {}00\n        by: "
    "[scheduler]",
    "expr: >-\n          count(scheduling_decision{@, outcome = \"failure\"}[10m]) / "
    "count(scheduling_decision{@}[10m]) > {}%",
    "expr: max(scheduling_decision.power_watts{@}[15m]) > {}000",
    "expr: inefficiency_detected{@, wasted_cost > {}0}\n        by: [workload]",
    "expr: sum(inefficiency_detected.wasted_cost{@}[1h]) > {}00",
    "expr: count(workload_relocation{@}[30m]) > {}\n        by: [workload]",
    "expr: distinct(workload_relocation.to_cluster{@}[10m]) > {}",
    "expr: min(scheduling_decision.cost_per_hour{@}[30m]) > {}0",
};

std::string one(std::size_t number, std::string_view cluster, int threshold) {
  const std::string_view shape = kShapes[number % kShapes.size()];
  const std::string filter =
      cluster.empty() ? "cluster != \"nowhere\"" : fmt::format("cluster = \"{}\"", cluster);
  const std::string limit = std::to_string(threshold + static_cast<int>(number / 10 % 7));
  std::string text;
  for (std::size_t at = 0; at < shape.size(); ++at) {
    if (shape[at] == '@') {
      text += filter;
    } else if (shape.substr(at, 2) == "{}") {
      text += limit;
      ++at;
    } else {
      text += shape[at];
    }
  }
  return fmt::format("      - alert: Rule{}\n        {}\n        labels: {{severity: warning}}\n",
                     number, text);
}

template <class ClusterOf>
std::string rules(std::size_t count, int threshold, const ClusterOf& cluster_of) {
  std::string text = "version: 1\ngroups:\n";
  for (std::size_t i = 0; i < count; ++i) {
    if (i % kGroup == 0) text += fmt::format("  - name: bench-{}\n    rules:\n", i / kGroup);
    text += one(i, cluster_of(i), threshold);
  }
  return text;
}

}  // namespace

std::string fleet_rules(std::size_t count, std::span<const std::string> clusters, int threshold) {
  return rules(count, threshold, [&](std::size_t i) {
    const std::size_t set = i / kShapes.size();
    return set < clusters.size() ? clusters[set] : fmt::format("elsewhere-{:04}", set);
  });
}

std::string wide_rules(std::size_t count, int threshold) {
  return rules(count, threshold, [](std::size_t) { return std::string(); });
}

}  // namespace kcloud::bench
