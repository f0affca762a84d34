#include "agent/analytics/request.h"

#include "rollups/plan.h"

namespace kcloud::analytics {
namespace {

const std::vector<std::string> kSchedulingMetrics{
    "decisions",      "failed_decisions",  "decisions_per_hour", "success_rate",   "avg_latency_ms",
    "min_latency_ms", "p50_latency_ms",    "p90_latency_ms",     "p95_latency_ms", "p99_latency_ms",
    "max_latency_ms", "stddev_latency_ms", "cost_efficiency"};
const std::vector<std::string> kCostMetrics{"decisions",
                                            "cost_per_hour",
                                            "avg_cost_per_hour",
                                            "power_watts",
                                            "avg_power_watts",
                                            "compared_decisions",
                                            "chosen_cost_per_hour",
                                            "best_alternative_cost_per_hour",
                                            "choice_saving_per_hour",
                                            "cost_efficiency",
                                            "relocations",
                                            "failed_relocations",
                                            "relocated_workloads",
                                            "relocation_cost_saving_per_hour",
                                            "relocation_power_saving_watts",
                                            "avg_migration_time_seconds",
                                            "downtime_seconds",
                                            "savings_per_hour",
                                            "monthly_savings",
                                            "inefficiencies",
                                            "wasted_cost",
                                            "idle_hours"};
const std::vector<std::string> kSlaMetrics{"objectives_judged",
                                           "objectives_met",
                                           "availability",
                                           "downtime_seconds",
                                           "workloads",
                                           "decisions",
                                           "failed_decisions",
                                           "success_rate",
                                           "target",
                                           "total",
                                           "good",
                                           "bad",
                                           "compliance",
                                           "error_budget_left",
                                           "burn_rate",
                                           "burn_rate_1h",
                                           "burn_rate_6h",
                                           "burn_rate_24h"};

}  // namespace

std::vector<std::string> metric_names(Kind kind) {
  return kind == Kind::kScheduling ? kSchedulingMetrics
         : kind == Kind::kCost     ? kCostMetrics
                                   : kSlaMetrics;
}

std::vector<std::string> group_names(const core::Catalogue& catalogue) {
  std::vector<std::string> names;
  const auto* type = catalogue.find(rollups::names::kScheduling);
  if (type == nullptr) return names;
  for (const auto& field : type->fields)
    if (field.role == core::FieldRole::kTag) names.push_back(field.name);
  return names;
}

std::string metric_name(Kind kind, std::string_view name) {
  for (const auto& known : metric_names(kind))
    if (known == name || known == std::string(name) + "_ms") return known;
  return {};
}

}  // namespace kcloud::analytics
