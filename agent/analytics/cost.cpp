#include <algorithm>
#include <map>

#include "agent/analytics/calls.h"
#include "agent/analytics/shape.h"

namespace kcloud::analytics {
namespace {

namespace names = rollups::names;

constexpr double kHoursAMonth = 730;
// Of costs before and after a policy's change: at most so long.
constexpr std::chrono::hours kPolicyWindow{24};

enum Place : std::size_t { kCost, kPower, kComparedCost, kAlternative };

Wish decisions() {
  return {names::kScheduling,
          {},
          {{names::kCost}, {names::kPower}, {names::kComparedCost}, {names::kComparedAlternative}},
          {}};
}

std::vector<Figure> decision_figures(const Sums& sums) {
  const Sum& chosen = sums.measures[kComparedCost];
  const double alternative = sums.measures[kAlternative].sum;
  return {{"decisions", number(sums.events)},
          {"cost_per_hour", sums.measures[kCost].sum},
          {"avg_cost_per_hour", sums.measures[kCost].average()},
          {"power_watts", sums.measures[kPower].sum},
          {"avg_power_watts", sums.measures[kPower].average()},
          {"compared_decisions", number(chosen.count)},
          {"chosen_cost_per_hour", chosen.sum},
          {"best_alternative_cost_per_hour", alternative},
          {"choice_saving_per_hour", alternative - chosen.sum},
          {"cost_efficiency", ratio(alternative - chosen.sum, alternative)}};
}

void append(std::vector<Figure>& to, std::vector<Figure> figures) {
  std::ranges::move(figures, std::back_inserter(to));
}

std::vector<Figure> relocation_figures(Source& source, core::Time since, core::Time until) {
  Wish wish{names::kRelocation,
            {},
            {{names::kSucceeded},
             {names::kSavedCost},
             {names::kSavedPower},
             {names::kMigrationTime},
             {names::kDowntime}},
            {since, until}};
  const Sums sums = source.collect_all(wish).front();
  const auto& measures = sums.measures;
  auto workloads = source.workloads_of(names::kRelocation, since, until);
  const double rate = workloads.sum();
  return {{"relocations", number(sums.events)},
          {"failed_relocations", static_cast<double>(measures[0].count) - measures[0].sum},
          {"relocated_workloads", workloads.count()},
          {"relocation_cost_saving_per_hour", measures[1].sum},
          {"relocation_power_saving_watts", measures[2].sum},
          {"avg_migration_time_seconds", measures[3].average()},
          {"downtime_seconds", measures[4].sum},
          {"savings_per_hour", rate},
          {"monthly_savings", kHoursAMonth * rate}};
}

std::vector<Figure> waste_figures(const Sums& sums) {
  return {{"inefficiencies", number(sums.events)},
          {"wasted_cost", sums.measures[0].sum},
          {"idle_hours", sums.measures[1].sum}};
}

Wish waste() { return {names::kInefficiency, {}, {{names::kWasted}, {names::kIdleHours}}, {}}; }

Row totals(Source& source, core::Time since, core::Time until) {
  Row row;
  Wish all = decisions();
  all.edges = {since, until};
  append(row.figures, decision_figures(source.collect_all(all).front()));
  append(row.figures, relocation_figures(source, since, until));
  Wish wasted = waste();
  wasted.edges = {since, until};
  append(row.figures, waste_figures(source.collect_all(wasted).front()));
  return row;
}

using SumsByTag = std::map<std::string, Sums>;

Table table_of(const char* name, const char* tag, const SumsByTag& groups, const Request& request,
               std::vector<Figure> (*figures)(const Sums&)) {
  Table table{name, {}};
  for (const auto& [value, sums] : groups) {
    Row row{{{tag, value}}, figures(sums)};
    select(row, request.metrics);
    table.rows.push_back(std::move(row));
  }
  return table;
}

// By the tags one by one, from one reading by all of them.
std::vector<SumsByTag> by_tags(Source& source, const Request& request, Wish wish,
                               std::vector<std::string> tags) {
  std::vector<SumsByTag> groups(tags.size());
  wish.group_by = std::move(tags);
  wish.edges = {request.since, request.until};
  for (const auto& [values, sums] : source.collect(wish))
    for (std::size_t i = 0; i < values.size(); ++i) groups[i][values[i]].add(sums.front());
  return groups;
}

// Costs in the time before and after each change, as far as no other one lies in it.
Table policies(Source& source, const Request& request, std::size_t& left_out) {
  Table table{"policy_changes", {}};
  const auto changes = policy_changes(source, request.since, request.until, left_out);
  const auto sums = [&](core::Time since, core::Time until) {
    Wish wish = decisions();
    wish.edges = {since, until};
    return source.collect_all(wish).front();
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const auto& change = changes[i];
    const auto first = i > 0 ? changes[i - 1].time : request.since;
    const auto last = i + 1 < changes.size() ? changes[i + 1].time : request.until;
    // Whole hours, where nothing bounds them sooner.
    const auto before = std::max(
        first, core::Time(std::chrono::ceil<std::chrono::hours>(change.time - kPolicyWindow)));
    const auto after = std::min(
        last, core::Time(std::chrono::floor<std::chrono::hours>(change.time + kPolicyWindow)));
    const Sums one = sums(before, change.time);
    const Sums two = sums(change.time, after);
    const auto cost_before = one.measures[kCost].average();
    const auto cost_after = two.measures[kCost].average();
    Row row{{{"time", text_of(change.time)}, {"policy", change.policy}, {"event", change.id}}, {}};
    row.texts = {{"action", change.action}, {"actor", change.actor}, {"reason", change.reason}};
    row.figures = {{"hours_before", hours_of(before, change.time, source.now())},
                   {"hours_after", hours_of(change.time, after, source.now())},
                   {"decisions_before", number(one.events)},
                   {"decisions_after", number(two.events)},
                   {"avg_cost_per_hour_before", cost_before},
                   {"avg_cost_per_hour_after", cost_after},
                   {"cost_change_pct", change_pct(cost_before, cost_after)},
                   {"avg_power_watts_before", one.measures[kPower].average()},
                   {"avg_power_watts_after", two.measures[kPower].average()},
                   {"power_change_pct",
                    change_pct(one.measures[kPower].average(), two.measures[kPower].average())}};
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace

Answer cost_efficiency(Source& source, const Request& asked) {
  Request request = asked;
  const auto compared = baseline_of(source, request);
  Answer answer;
  answer.since = request.since;
  answer.until = request.until;
  answer.totals = totals(source, request.since, request.until);
  if (compared) {
    const Row before = totals(source, compared->since, compared->until);
    Row row = baseline_row(*compared, before, request);
    const auto change = [&](std::string_view name, std::string_view change_name) {
      const auto of = [&](const Row& from) {
        return std::ranges::find(from.figures, name, &Figure::name)->value;
      };
      row.figures.push_back({change_name, change_pct(of(before), of(answer.totals))});
    };
    change("avg_cost_per_hour", "avg_cost_per_hour_change_pct");
    change("avg_power_watts", "avg_power_watts_change_pct");
    answer.tables.push_back({"baseline", {std::move(row)}, true});
  }
  select(answer.totals, request.metrics);
  const auto placed = by_tags(source, request, decisions(), {"cluster", "workload_type"});
  answer.tables.push_back(table_of("clusters", "cluster", placed[0], request, decision_figures));
  answer.tables.push_back(
      table_of("workload_types", "workload_type", placed[1], request, decision_figures));
  const auto wasted = by_tags(source, request, waste(), {"kind"});
  answer.tables.push_back(
      table_of("inefficiency_kinds", "kind", wasted[0], request, waste_figures));
  std::size_t left_out = 0;
  answer.tables.push_back(policies(source, request, left_out));
  if (left_out > 0) answer.totals.figures.push_back({"policy_changes_left_out", number(left_out)});
  const Figures figures = [](const Sums& sums, double) { return decision_figures(sums); };
  for (auto& table : groups_and_series(source, request, decisions(), figures))
    answer.tables.push_back(std::move(table));
  return answer;
}

}  // namespace kcloud::analytics
