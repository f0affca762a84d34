// A small catalogue and events made by hand, for tests of the InfluxDB exporter.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>

#include "core/catalogue.h"
#include "core/event.h"

namespace kcloud::influxdb::testing {

// `decision` (tags scheduler, cluster, outcome; measures execution_time_ms int, power_watts real;
// texts workload, reason) and `inefficiency` (tags kind, severity; measure idle_hours; boolean
// urgent; json evidence; a text named `time`).
core::Catalogue make_catalogue();

using Value = std::variant<std::int64_t, double, bool, std::string>;

// Adds an event whose id comes from `key`. `type` is a name in the catalogue or unknown to it;
// values are by field name. Agent `agent-1`, collector `webhook`.
core::Event& add_event(core::EventBatch& batch, const core::Catalogue& catalogue,
                       const std::string& type, const std::string& key, std::int64_t nanos,
                       const std::map<std::string, Value>& values = {});

constexpr std::int64_t kNoon = 1'736'942'400'000'000'000;  // 2025-01-15T12:00:00Z

}  // namespace kcloud::influxdb::testing
