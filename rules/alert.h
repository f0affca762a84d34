// Alerts and their transitions: what the engine says and everything else (history, notifiers, API)
// is told. Plain values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/event_id.h"
#include "core/time.h"

namespace kcloud::rules {

using Labels = std::map<std::string, std::string>;

enum class AlertState : std::uint8_t { kPending, kFiring, kResolved };
std::string_view to_string(AlertState state);  // pending, firing, resolved

// One part of a rule's expression and what it was.
struct SubValue {
  std::string text;             // as in the file
  std::optional<double> value;  // conditions: 0 or 1; nullopt: missing
  std::string missing;  // why: `no events`, `division by zero`, `warming_up`, …; empty: it is there
};

// A rule's alert for one group of its `by` values. Identity: rule and `by` values, never other
// labels.
struct Alert {
  std::string fingerprint;  // 16 hex digits: of the rule's name and the `by` values
  std::string rule;
  std::string group;  // of rules
  std::string file;
  Labels by;
  Labels labels;  // alertname, by, the templated ones
  Labels annotations;
  AlertState state = AlertState::kPending;
  core::Time active_since;            // when its condition became true: of this run of it
  core::Time starts_at;               // when it fired
  std::optional<core::Time> ends_at;  // resolved
  std::optional<double>
      value;                // of the left side of the first comparison, at the newest evaluation
  std::uint64_t count = 0;  // events that were evidence since it became active
  std::vector<core::EventId> evidence;  // the newest of them, at most 10, newest last
  std::vector<SubValue> why;            // of the newest evaluation
};

// The alert that a rule over its limit raises; no name for another.
inline constexpr const char* kOverflowAlert = "RuleOverflow";

// The state an alert came to. kPending is not a transition that is kept or notified.
struct Transition {
  Alert alert;
  AlertState from = AlertState::kPending;
  core::Time at;       // event time of the evaluation
  std::string reason;  // of a resolution: `condition`, `rule removed`, `rule changed`, …
};

}  // namespace kcloud::rules
