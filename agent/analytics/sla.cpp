#include <algorithm>
#include <array>
#include <tuple>

#include "agent/analytics/calls.h"
#include "agent/analytics/shape.h"

namespace kcloud::analytics {
namespace {

namespace names = rollups::names;
using std::chrono::hours;

constexpr std::size_t kWorstHours = 5;
constexpr std::array<std::pair<const char*, hours>, 3> kBurnWindows{
    {{"burn_rate_1h", hours(1)}, {"burn_rate_6h", hours(6)}, {"burn_rate_24h", hours(24)}}};

// Good ones of all: events, or seconds of workloads times decisions.
struct Score {
  double total = 0;  // 0: nothing to judge
  double bad = 0;
  double compliance = 1;
};

// How available workloads were: up for as long as they were not down, and placed when asked.
struct Availability {
  double workloads = 0;
  bool exact = true;
  double downtime_seconds = 0;
  double decisions = 0, failed = 0;
  double seconds = 0;  // of the interval that have gone by

  std::optional<double> up() const {
    const auto down = ratio(downtime_seconds, workloads * seconds);
    return down ? std::optional(std::max(0.0, 1 - *down)) : std::nullopt;
  }
  std::optional<double> placed() const {
    const auto share = ratio(failed, decisions);
    return share ? std::optional(1 - *share) : std::nullopt;
  }
  Score score() const {
    if (!up() && !placed()) return {};
    const double compliance = up().value_or(1) * placed().value_or(1);
    return {workloads * seconds, downtime_seconds, compliance};
  }
};

// What is down and what was not placed, by intervals; without the workloads.
std::vector<Availability> outages(Source& source, const std::vector<core::Time>& edges) {
  std::vector<Availability> all(edges.size() - 1);
  const auto down = source.collect_all({names::kRelocation, {}, {{names::kDowntime}}, edges});
  const auto placed = source.collect_all({names::kScheduling, {}, {{names::kSucceeded}}, edges});
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].downtime_seconds = down[i].measures[0].sum;
    all[i].decisions = number(placed[i].measures[0].count);
    all[i].failed = all[i].decisions - placed[i].measures[0].sum;
    all[i].seconds = hours_of(edges[i], edges[i + 1], source.now()) * 3600;
  }
  return all;
}

std::vector<Availability> availability(Source& source, const std::vector<core::Time>& edges) {
  auto all = outages(source, edges);
  const auto counts = source.workloads(edges);
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].workloads = counts[i].workloads;
    all[i].exact = counts[i].exact;
  }
  return all;
}

Score score_of(const Sum& measure) {
  const double total = number(measure.count);
  return {total, total - measure.sum, total == 0 ? 1 : measure.sum / total};
}

Score score(Source& source, const Objective& objective, core::Time since, core::Time until) {
  if (objective.kind == "availability") return availability(source, {since, until})[0].score();
  return score_of(source.collect_all({objective.type, {}, {{objective.measure}}, {since, until}})
                      .front()
                      .measures[0]);
}

double burn_rate(const Score& score, double target) {
  return (1 - score.compliance) / (1 - target);
}

std::vector<Figure> score_figures(const Score& score, const Objective& objective) {
  const auto known = [&](double value) {
    return score.total == 0 ? std::nullopt : std::optional(value);
  };
  return {{"target", objective.target},
          {"total", score.total},
          {"good", score.total - score.bad},
          {"bad", score.bad},
          {"compliance", known(score.compliance)},
          {"error_budget_left", known(1 - burn_rate(score, objective.target))},
          {"burn_rate", known(burn_rate(score, objective.target))}};
}

const char* met(const Score& score, const Objective& objective) {
  return score.total == 0 ? "unknown" : score.compliance >= objective.target ? "yes" : "no";
}

// The windows end together, none begins before `since`: the shorter ones are the ends of the
// longer.
std::vector<Score> burnt_in_windows(Source& source, const Objective& objective, core::Time since,
                                    core::Time end) {
  std::vector<core::Time> edges;  // ascending
  for (auto window = kBurnWindows.rbegin(); window != kBurnWindows.rend(); ++window)
    edges.push_back(std::max(since, end - window->second));
  edges.push_back(std::max(edges.back(), end));
  std::vector<Score> scores(kBurnWindows.size());
  if (objective.kind == "availability") {
    const auto parts = outages(source, edges);
    Availability sum;
    for (std::size_t i = 0; i < scores.size(); ++i) {
      const std::size_t part = parts.size() - 1 - i;
      sum.downtime_seconds += parts[part].downtime_seconds;
      sum.decisions += parts[part].decisions;
      sum.failed += parts[part].failed;
      sum.seconds = hours_of(edges[part], edges.back(), source.now()) * 3600;
      // Workloads are kept by the hour.
      const auto hour = core::Time(std::chrono::floor<hours>(edges[part]));
      sum.workloads = source.workloads({hour, edges.back()})[0].workloads;
      scores[i] = sum.score();
    }
    return scores;
  }
  const auto parts = source.collect_all({objective.type, {}, {{objective.measure}}, edges});
  Sum sum;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    sum.add(parts[parts.size() - 1 - i].measures[0]);
    scores[i] = score_of(sum);
  }
  return scores;
}

Row objective_row(Source& source, const Request& request, const Objective& objective,
                  const Score& judged) {
  Row row{{{"objective", objective.name}}, score_figures(judged, objective)};
  row.texts = {{"kind", objective.kind},
               {"good_is", objective.good},
               {"unit", objective.kind == "availability" ? "workload_seconds" : "events"},
               {"met", met(judged, objective)}};
  // Of the last day by the minute, of what is longer ago by the hour, as it is kept.
  const auto now = source.now();
  auto end = core::Time(std::chrono::floor<std::chrono::minutes>(request.until));
  if (request.until >= now)
    end = core::Time(std::chrono::ceil<std::chrono::minutes>(now));
  else if (now - end >= rollups::kMinutesFor - hours(1))
    end = core::Time(std::chrono::floor<hours>(request.until));
  const auto burnt = burnt_in_windows(source, objective, request.since, end);
  for (std::size_t i = 0; i < kBurnWindows.size(); ++i)
    row.figures.push_back(
        {kBurnWindows[i].first, burnt[i].total == 0
                                    ? std::nullopt
                                    : std::optional(burn_rate(burnt[i], objective.target))});
  return row;
}

// Whole hours of the range, and the one that goes on.
std::vector<core::Time> hour_edges(const Source& source, const Request& request) {
  const auto end = std::min(request.until, source.now());
  std::vector<core::Time> edges;
  for (auto at = core::Time(std::chrono::ceil<hours>(request.since)); at < end; at += hours(1))
    edges.push_back(at);
  if (edges.empty()) return edges;
  if (edges.back() + hours(1) <= request.until || request.until >= source.now())
    edges.push_back(edges.back() + hours(1));
  return edges;
}

struct Hour {
  core::Time begin;
  double bad = 0;     // events, or seconds of downtime
  double failed = 0;  // decisions; of availability alone
  double total = 0;   // events
  Availability outage = {};
};

std::vector<Hour> hours_of_downtime(Source& source, const std::vector<core::Time>& edges) {
  std::vector<Hour> all;
  const auto parts = outages(source, edges);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const Hour hour{edges[i], parts[i].downtime_seconds, parts[i].failed, 0, parts[i]};
    if (hour.bad > 0 || hour.failed > 0) all.push_back(hour);
  }
  return all;
}

std::vector<Hour> hours_of_bad_events(Source& source, const Objective& objective,
                                      const std::vector<core::Time>& edges) {
  std::vector<Hour> all;
  const auto sums = source.collect_all({objective.type, {}, {{objective.measure}}, edges});
  for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
    const Score judged = score_of(sums[i].measures[0]);
    if (judged.bad > 0) all.push_back({edges[i], judged.bad, 0, judged.total});
  }
  return all;
}

std::vector<Figure> hour_figures(Source& source, const Objective& objective, const Hour& hour) {
  if (objective.kind != "availability")
    return {{"total", hour.total}, {"bad", hour.bad}, {"compliance", 1 - hour.bad / hour.total}};
  auto outage = hour.outage;
  outage.workloads = source.workloads({hour.begin, hour.begin + hours(1)})[0].workloads;
  const auto score = outage.score();
  return {{"downtime_seconds", hour.bad},
          {"failed_decisions", hour.failed},
          {"compliance", score.compliance}};
}

void add_worst(Table& table, Source& source, const Request& request, const Objective& objective,
               const std::vector<core::Time>& edges) {
  if (edges.size() < 2) return;
  auto all = objective.kind == "availability" ? hours_of_downtime(source, edges)
                                              : hours_of_bad_events(source, objective, edges);
  const auto end = all.begin() + static_cast<std::ptrdiff_t>(std::min(kWorstHours, all.size()));
  std::partial_sort(all.begin(), end, all.end(), [](const Hour& a, const Hour& b) {
    return std::tie(b.bad, b.failed, a.begin) < std::tie(a.bad, a.failed, b.begin);
  });
  for (auto hour = all.begin(); hour != end; ++hour) {
    Row row{{{"objective", objective.name}, {"time", text_of(hour->begin)}},
            hour_figures(source, objective, *hour)};
    select(row, request.metrics);
    table.rows.push_back(std::move(row));
  }
}

// Of objectives that count events: groups and series have their tags and steps.
void add_shapes(std::vector<Table>& tables, Source& source, const Request& request,
                const Objective& objective) {
  const auto figures = [&](const Sums& sums, double) {
    return score_figures(score_of(sums.measures[0]), objective);
  };
  const auto made =
      groups_and_series(source, request, {objective.type, {}, {{objective.measure}}, {}}, figures);
  for (const auto& table : made) {
    auto found = std::ranges::find(tables, table.name, &Table::name);
    if (found == tables.end()) found = tables.insert(tables.end(), Table{table.name, {}});
    for (auto row : table.rows) {
      row.keys.insert(row.keys.begin(), {"objective", objective.name});
      found->rows.push_back(std::move(row));
    }
  }
}

void add_availability_series(std::vector<Table>& tables, Source& source, const Request& request,
                             const Objective& objective) {
  if (!request.step) return;
  auto found = std::ranges::find(tables, "series", &Table::name);
  if (found == tables.end()) found = tables.insert(tables.end(), Table{"series", {}});
  const auto edges = step_edges(request);
  const auto parts = availability(source, edges);
  for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
    Row row{{{"objective", objective.name}}, score_figures(parts[i].score(), objective)};
    row.keys.emplace_back("time", text_of(edges[i]));
    select(row, request.metrics);
    found->rows.push_back(std::move(row));
  }
}

}  // namespace

Answer sla_compliance(Source& source, const Request& asked,
                      const std::vector<Objective>& objectives) {
  Request request = asked;
  const auto compared = baseline_of(source, request);
  Answer answer;
  answer.since = request.since;
  answer.until = request.until;
  const auto available = availability(source, {request.since, request.until})[0];
  Table rows{"objectives", {}};
  Table worst{"worst_hours", {}};
  Table before{"baseline", {}};
  std::vector<Table> shapes;
  std::size_t good = 0;
  std::size_t judged = 0;
  const auto edges = hour_edges(source, request);
  for (const auto& objective : objectives) {
    const bool of_availability = objective.kind == "availability";
    const Score all = of_availability ? available.score()
                                      : score(source, objective, request.since, request.until);
    judged += all.total > 0 ? 1 : 0;
    good += all.total > 0 && all.compliance >= objective.target ? 1 : 0;
    Row row = objective_row(source, request, objective, all);
    select(row, request.metrics);
    rows.rows.push_back(std::move(row));
    add_worst(worst, source, request, objective, edges);
    if (of_availability)
      add_availability_series(shapes, source, request, objective);
    else
      add_shapes(shapes, source, request, objective);
    if (!compared) continue;
    const Score then = score(source, objective, compared->since, compared->until);
    Row past{{{"objective", objective.name},
              {"since", text_of(compared->since)},
              {"until", text_of(compared->until)}},
             score_figures(then, objective),
             compared->texts};
    past.texts.emplace_back("met", met(then, objective));
    select(past, request.metrics);
    before.rows.push_back(std::move(past));
  }
  answer.totals.figures = {
      {"objectives_judged", number(judged)},  {"objectives_met", number(good)},
      {"availability", available.up()},       {"downtime_seconds", available.downtime_seconds},
      {"workloads", available.workloads},     {"decisions", available.decisions},
      {"failed_decisions", available.failed}, {"success_rate", available.placed()}};
  answer.totals.texts = {{"workloads_counted", available.exact ? "exactly" : "estimated"}};
  select(answer.totals, request.metrics);
  answer.tables.push_back(std::move(rows));
  if (compared) answer.tables.push_back(std::move(before));
  answer.tables.push_back(std::move(worst));
  std::ranges::move(shapes, std::back_inserter(answer.tables));
  return answer;
}

}  // namespace kcloud::analytics
