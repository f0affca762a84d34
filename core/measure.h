// A figure that one plugin alone has.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace kcloud::core {

// Beside the counters that all have. In /metrics it is `kcloud_logger_collector_<type>_<name>` with
// the label `collector`, or `kcloud_logger_exporter_…` with `exporter`, and `labels`; one without
// labels is also in the plugin's entry of /health, under `name` (a counter without `_total`).
struct Measure {
  enum class Kind : std::uint8_t { kCounter, kGauge };
  std::string name;  // counters end in `_total`
  std::string help;  // the same for every measure of that name
  Kind kind = Kind::kGauge;
  double value = 0;
  std::vector<std::pair<std::string, std::string>> labels = {};
};

}  // namespace kcloud::core
