#include "agent/analytics/shape.h"

#include <fmt/format.h>

#include <algorithm>

namespace kcloud::analytics {

namespace names = rollups::names;

double hours_of(core::Time since, core::Time until, core::Time now) {
  const auto end = std::clamp(now, since, until);
  return std::chrono::duration<double, std::ratio<3600>>(end - since).count();
}

std::optional<double> ratio(double part, double whole) {
  return whole == 0 ? std::nullopt : std::optional(part / whole);
}

std::optional<double> change_pct(std::optional<double> from, std::optional<double> to) {
  if (!from || !to || *from == 0) return std::nullopt;
  return (*to - *from) / *from * 100;
}

double number(std::uint64_t count) { return static_cast<double>(count); }

std::string text_of(core::Time time) { return core::format_time(time); }

std::vector<core::Time> step_edges(const Request& request) {
  if (!request.step) return {request.since, request.until};
  const bool days = *request.step % std::chrono::days(1) == std::chrono::seconds(0);
  std::vector<core::Time> edges{request.since};
  // Steps begin where they would in an unending row: full days, hours, minutes of the zone.
  const auto next = [&](core::Time time) {
    if (days) {
      auto end = request.zone.day_of(time).second;
      const auto length = *request.step / std::chrono::days(1);
      for (auto i = length; i > 1; --i) end = request.zone.day_of(end).second;
      return end;
    }
    const auto local = time.time_since_epoch() + request.zone.offset_at(time);
    return time + (*request.step - local % *request.step);
  };
  for (auto at = next(request.since); at < request.until; at = next(at)) {
    edges.push_back(at);
    if (edges.size() > kMostSteps)
      throw BadRange(
          fmt::format("more than {} steps: expected a longer step or a shorter range", kMostSteps));
  }
  edges.push_back(request.until);
  return edges;
}

std::vector<Table> groups_and_series(Source& source, const Request& request, Wish wish,
                                     const Figures& figures) {
  std::vector<Table> tables;
  wish.group_by = request.group_by;
  const auto row = [&](const std::vector<std::string>& values, const Sums& sums, core::Time since,
                       core::Time until) {
    Row out;
    for (std::size_t i = 0; i < values.size(); ++i)
      out.keys.emplace_back(wish.group_by[i], values[i]);
    out.figures = figures(sums, hours_of(since, until, source.now()));
    select(out, request.metrics);
    return out;
  };
  if (wish.group_by.empty() && !request.step) return tables;
  wish.edges = step_edges(request);
  const std::size_t steps = wish.edges.size() - 1;
  const auto groups =
      wish.group_by.empty() ? Groups{{{}, source.collect_all(wish)}} : source.collect(wish);
  if (request.step && groups.size() * steps > kMostRows)
    throw BadRange(
        fmt::format("{} groups of {} steps are more than {} rows: expected fewer tags, a "
                    "longer step or a shorter range",
                    groups.size(), steps, kMostRows));
  if (!wish.group_by.empty()) {
    Table& table = tables.emplace_back(Table{"groups", {}});
    for (const auto& [values, sums] : groups) {
      Sums all = sums.front();
      for (std::size_t i = 1; i < steps; ++i) all.add(sums[i]);
      table.rows.push_back(row(values, all, request.since, request.until));
    }
  }
  if (request.step) {
    Table& table = tables.emplace_back(Table{"series", {}});
    for (const auto& [values, sums] : groups)
      for (std::size_t i = 0; i < steps; ++i) {
        auto one = row(values, sums[i], wish.edges[i], wish.edges[i + 1]);
        one.keys.emplace_back("time", text_of(wish.edges[i]));
        table.rows.push_back(std::move(one));
      }
  }
  return tables;
}

std::vector<PolicyChange> policy_changes(Source& source, core::Time since, core::Time until,
                                         std::size_t& left_out) {
  const auto* plan = source.plan().find(names::kPolicy);
  left_out = 0;
  if (plan == nullptr) return {};
  const auto text = [&](const core::Event& event, const char* field) {
    const auto slot = plan->type->slot(field);
    return slot && *slot < event.fields.size() ? std::string(event.fields[*slot].text)
                                               : std::string();
  };
  std::vector<PolicyChange> changes;
  source.events(names::kPolicy, since, until, [&](const core::Event& event) {
    changes.push_back({event.time, core::to_string(event.id), text(event, "policy"),
                       text(event, "action"), std::string(event.actor), std::string(event.reason)});
    if (changes.size() < 2 * kMostPolicyChanges) return;
    std::ranges::sort(changes, std::ranges::greater{}, &PolicyChange::time);
    left_out += changes.size() - kMostPolicyChanges;
    changes.resize(kMostPolicyChanges);
  });
  std::ranges::sort(changes, {},
                    [](const PolicyChange& change) { return std::pair(change.time, change.id); });
  if (changes.size() > kMostPolicyChanges) {
    const auto over = changes.size() - kMostPolicyChanges;
    left_out += over;
    changes.erase(changes.begin(), changes.begin() + static_cast<std::ptrdiff_t>(over));
  }
  return changes;
}

Row baseline_row(const Compared& compared, const Row& totals, const Request& request) {
  Row row{{{"since", text_of(compared.since)}, {"until", text_of(compared.until)}},
          totals.figures,
          compared.texts};
  select(row, request.metrics);
  return row;
}

std::optional<Compared> baseline_of(Source& source, Request& request) {
  const auto length = request.until - request.since;
  switch (request.baseline.with) {
    case Baseline::With::kNothing:
      return std::nullopt;
    case Baseline::With::kPrevious:
      return Compared{std::max(core::Time(), request.since - length),
                      request.since,
                      {{"compared_with", "previous"}}};
    case Baseline::With::kFixed:
      return Compared{request.baseline.since, request.baseline.until, {{"compared_with", "fixed"}}};
    default:
      break;
  }
  std::size_t left_out = 0;
  const auto changes = policy_changes(source, request.since, request.until, left_out);
  const auto& wanted = request.baseline.policy;
  const auto fits = [&](const PolicyChange& change) {
    return wanted.empty() || change.policy == wanted || change.id == wanted;
  };
  const auto found = std::find_if(changes.rbegin(), changes.rend(), fits);
  if (found == changes.rend())
    throw BadRange(wanted.empty()
                       ? std::string("no policy changed in the range: nothing to compare with")
                       : fmt::format("the policy or change `{}` is not in the range: nothing to "
                                     "compare with",
                                     wanted));
  Compared compared{request.since,
                    found->time,
                    {{"compared_with", "policy"},
                     {"policy", found->policy},
                     {"policy_action", found->action},
                     {"policy_event", found->id}}};
  request.since = found->time;
  return compared;
}

}  // namespace kcloud::analytics
