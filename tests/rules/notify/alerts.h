// Alerts as the engine would say them, for tests.
#pragma once

#include "rules/alert.h"

namespace kcloud::rules::notify::testing {

inline core::Time at(const char* text) { return core::parse_time(text, core::Zone())->time; }

// Fired at 10:30.
inline Transition slow_scheduling() {
  Transition transition;
  Alert& alert = transition.alert;
  alert.fingerprint = "00f067aa0ba902b7";
  alert.rule = "SlowScheduling";
  alert.group = "scheduling";
  alert.by = {{"scheduler", "meta"}};
  alert.labels = {{"alertname", "SlowScheduling"}, {"scheduler", "meta"}, {"severity", "critical"}};
  alert.annotations = {{"summary", "p99 612 ms, 최적 전력 효율성"}};
  alert.state = AlertState::kFiring;
  alert.active_since = at("2025-01-15T10:28:00Z");
  alert.starts_at = at("2025-01-15T10:30:00Z");
  alert.value = 612.5;
  alert.count = 57;
  alert.evidence = {*core::parse_event_id("01946983-4c40-8356-9066-5a90773929da")};
  alert.why = {{"count(scheduling_decision[5m]) >= 50", 1.0, ""},
               {"baseline(x, 1d)", {}, "warming_up"}};
  transition.at = alert.starts_at;
  return transition;
}

inline Transition resolved(Transition transition, const char* when = "2025-01-15T10:42:00Z") {
  transition.from = AlertState::kFiring;
  transition.alert.state = AlertState::kResolved;
  transition.alert.ends_at = transition.at = at(when);
  transition.reason = "condition";
  return transition;
}

}  // namespace kcloud::rules::notify::testing
