#include <algorithm>

#include "agent/analytics/calls.h"
#include "agent/analytics/shape.h"

namespace kcloud::analytics {
namespace {

namespace names = rollups::names;

constexpr double kReductionTarget = 30;  // SNR.PF.010, in per cent

enum Place : std::size_t { kLatency, kSucceeded, kCost, kAlternative };

Wish wish() {
  return {names::kScheduling,
          {},
          {{names::kLatency, true},
           {names::kSucceeded},
           {names::kComparedCost},
           {names::kComparedAlternative}},
          {}};
}

std::vector<Figure> figures(const Sums& sums, double hours) {
  const Sum& latency = sums.measures[kLatency];
  const Sum& succeeded = sums.measures[kSucceeded];
  const double alternative = sums.measures[kAlternative].sum;
  const double failed = static_cast<double>(succeeded.count) - succeeded.sum;
  return {{"decisions", number(sums.events)},
          {"failed_decisions", failed},
          {"decisions_per_hour", ratio(number(sums.events), hours)},
          {"success_rate", succeeded.average()},
          {"avg_latency_ms", latency.average()},
          {"min_latency_ms", latency.least()},
          {"p50_latency_ms", latency.quantile(0.5)},
          {"p90_latency_ms", latency.quantile(0.9)},
          {"p95_latency_ms", latency.quantile(0.95)},
          {"p99_latency_ms", latency.quantile(0.99)},
          {"max_latency_ms", latency.greatest()},
          {"stddev_latency_ms", latency.deviation()},
          {"cost_efficiency", ratio(alternative - sums.measures[kCost].sum, alternative)}};
}

Row totals(Source& source, core::Time since, core::Time until) {
  Wish all = wish();
  all.edges = {since, until};
  return {{}, figures(source.collect_all(all).front(), hours_of(since, until, source.now()))};
}

std::optional<double> figure(const Row& row, std::string_view name) {
  const auto found = std::ranges::find(row.figures, name, &Figure::name);
  return found == row.figures.end() ? std::nullopt : found->value;
}

std::optional<double> reduction(const Row& before, const Row& now, std::string_view name) {
  const auto change = change_pct(figure(before, name), figure(now, name));
  return change ? std::optional(-*change) : std::nullopt;
}

}  // namespace

Answer scheduling_performance(Source& source, const Request& asked) {
  Request request = asked;
  const auto compared = baseline_of(source, request);
  Answer answer;
  answer.since = request.since;
  answer.until = request.until;
  answer.totals = totals(source, request.since, request.until);
  if (compared) {
    const Row before = totals(source, compared->since, compared->until);
    const auto saved = reduction(before, answer.totals, "avg_latency_ms");
    Row row = baseline_row(*compared, before, request);
    row.figures.push_back({"latency_reduction_pct", saved});
    row.figures.push_back(
        {"p95_latency_reduction_pct", reduction(before, answer.totals, "p95_latency_ms")});
    row.figures.push_back({"latency_reduction_target_pct", kReductionTarget});
    row.texts.emplace_back("latency_reduction_met", !saved                       ? "unknown"
                                                    : *saved >= kReductionTarget ? "yes"
                                                                                 : "no");
    answer.tables.push_back({"baseline", {std::move(row)}, true});
  }
  select(answer.totals, request.metrics);
  for (auto& table : groups_and_series(source, request, wish(), figures))
    answer.tables.push_back(std::move(table));
  return answer;
}

}  // namespace kcloud::analytics
