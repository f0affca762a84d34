// Events as InfluxDB line protocol: `measurement,tag=value field=value nanoseconds`.
//
// Field types follow the catalogue alone (an integer field is always `12i`, a real always a float),
// so that two events of a type never conflict. Appends to one buffer; allocates nothing a field.
// Keeps the cap on tag values and the window of points, so the same event written again is the same
// line. One thread. Events must come from one catalogue, which must outlive the encoder.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>

#include "core/event.h"
#include "exporters/influxdb/layout.h"
#include "exporters/influxdb/tag_limiter.h"
#include "exporters/influxdb/tie_breaker.h"

namespace kcloud::influxdb {

class LineEncoder {
 public:
  // `fixed_tags` are added to every point. `max_tag_values`: distinct values a tag key of a
  // measurement may take, and distinct measurements of unknown types.
  LineEncoder(std::map<std::string, std::string> fixed_tags, std::size_t max_tag_values);

  // Appends one line with its newline. Returns what was adjusted: 1 for a point moved on by a
  // collision, 1 for each tag value over its cap.
  std::uint64_t append(const core::Event& event, std::string& out);

 private:
  const Layout& layout_of(const core::Event& event);
  std::uint64_t append_series(const core::Event& event, const Layout& layout, std::string& out);

  std::map<std::string, std::string> fixed_tags_;
  TagLimiter limiter_;
  TieBreaker ties_;
  std::size_t unknown_measurements_;
  std::unordered_map<const core::EventType*, Layout> layouts_;
};

}  // namespace kcloud::influxdb
