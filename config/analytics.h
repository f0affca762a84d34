// What analytics keeps and which objectives it judges: the section `analytics`.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "config/text.h"
#include "config/yaml.h"

namespace kcloud::config {

// A service level objective. What a kind has no use for keeps its default.
struct ObjectiveConfig {
  std::string name;
  std::string kind;                          // latency, availability, events
  double target = 0;                         // share of what is to be good: 0.999
  std::string type = "scheduling_decision";  // latency: of these events …
  std::string field = "execution_time_ms";   // … this measure …
  double at_most = 0;                        // … is good up to here
  Text total, good;                          // events: selectors of the rule language

  bool operator==(const ObjectiveConfig& other) const {
    return name == other.name && kind == other.kind && target == other.target &&
           type == other.type && field == other.field && at_most == other.at_most &&
           total.value() == other.total.value() && good.value() == other.good.value();
  }
};

// Those that an agent judges where the file says none: SNR figures of kcloud.
std::vector<ObjectiveConfig> default_objectives();

struct AnalyticsConfig {
  bool enabled = true;
  std::chrono::milliseconds keep{std::chrono::hours(24 * 400)};  // rollups of hours
  std::vector<ObjectiveConfig> objectives = default_objectives();
  bool operator==(const AnalyticsConfig&) const = default;
};

// Problems are reported through `section`; selectors are read by who knows their language. Internal
// to config/.
void read_analytics(Section section, AnalyticsConfig& analytics);

}  // namespace kcloud::config
