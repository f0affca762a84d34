// The rules loop and its alerts; the rollups' loop.
#include "agent/alerting/runner.h"
#include "agent/api/metric_families.h"

namespace kcloud::api {

using prometheus::MetricType;

void rules(Families& out, const MetricsInput& input) {
  if (input.alerts == nullptr) return;
  const alerting::View& view = *input.alerts;
  std::size_t count = 0, groups = 0;
  for (const auto& group : view.set.rules->groups) count += group.rules.size();
  std::size_t firing = 0, pending = 0;
  for (const auto& alert : view.alerts)
    ++(alert.state == kcloud::rules::AlertState::kFiring ? firing : pending);
  std::uint64_t refused = 0;
  for (const auto& status : view.status) {
    groups += status.groups;
    refused += status.refused;
  }
  const auto one = [&](const char* name, const char* help, MetricType type, auto value) {
    out.add(name, help, type, {{{}, static_cast<double>(value)}});
  };
  out.add("alerts", "Alerts there are", MetricType::Gauge,
          {{{{"state", "firing"}}, static_cast<double>(firing)},
           {{{"state", "pending"}}, static_cast<double>(pending)}});
  one("rules", "Rules in force", MetricType::Gauge, count);
  one("rule_load_errors", "Problems of the newest try to load rules; the set before stays",
      MetricType::Gauge, view.set.problems.size());
  one("rule_groups_known", "Groups of `by` values that rules keep", MetricType::Gauge, groups);
  one("rule_memory_bytes", "About what windows and alerts hold", MetricType::Gauge, view.bytes);
  one("rule_lag_events", "Stored events that the rules have not seen", MetricType::Gauge,
      input.journal.head > view.seq ? input.journal.head - view.seq : 0);
  one("rule_late_events_total", "Events too late for a window", MetricType::Counter, view.late);
  one("rule_future_events_total", "Events whose time was more than 1 min ahead",
      MetricType::Counter, view.future);
  one("alerts_refused_total", "Alerts over a rule's limit", MetricType::Counter, refused);
  one("alert_transitions_total", "Alerts that fired or resolved", MetricType::Counter,
      view.transitions);
}

void rollups(Families& out, const MetricsInput& input) {
  if (!input.rollups) return;
  const auto one = [&](const char* name, const char* help, MetricType type, auto value) {
    out.add(name, help, type, {{{}, static_cast<double>(value)}});
  };
  one("rollup_lag_events", "Stored events that are not in the rollups yet", MetricType::Gauge,
      input.rollups->lag);
  one("rollup_memory_bytes", "About what their cells in memory hold", MetricType::Gauge,
      input.rollups->bytes);
  one("rollup_events_total", "Events added", MetricType::Counter, input.rollups->events);
  one("rollup_other_events_total", "Events whose combination of tags became `other`",
      MetricType::Counter, input.rollups->others);
}

}  // namespace kcloud::api
