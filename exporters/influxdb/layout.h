// Which parts of an event become which tags and fields of its measurement, worked out once a type.
//
// The catalogue's tag fields are tags, everything else is a field. Common values (workload, id,
// source, reason, …) are fields, `cluster` is always a tag; automatic tags (agent_cluster, agent,
// collector) and configured ones come last. A name is used once, in that order of precedence. Names
// that InfluxDB keeps for itself (time, _measurement, _field) get a `_` behind.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/catalogue.h"
#include "core/event.h"
#include "exporters/influxdb/tag_limiter.h"

namespace kcloud::influxdb {

// Values every event has, whatever its type.
enum class Common : std::uint8_t {
  kNone,
  kSource,
  kWorkload,
  kCluster,
  kSeverity,
  kActor,
  kReason,
  kAgent,
  kCollector,
  kId
};

// Where a tag's or field's value comes from: the common value when there is one, else the slot,
// else the fixed text.
struct Origin {
  Common common = Common::kNone;
  std::optional<std::size_t> slot;
  std::string fixed;  // escaped
};

struct TagPlan {
  std::string key;  // `,key=`, escaped
  Origin origin;
  std::size_t limit;  // the limiter's key; unused for fixed texts
};

struct FieldPlan {
  std::string key;  // `key=`, escaped
  Origin origin;
  core::FieldType type = core::FieldType::kText;
};

struct Layout {
  std::string measurement;    // escaped; empty for types that the catalogue does not know
  std::vector<TagPlan> tags;  // sorted by key, as InfluxDB asks for
  std::vector<FieldPlan> fields;
};

// `type` nullptr: the layout of all unknown types together. `fixed_tags`: name → text, unescaped.
Layout make_layout(const core::EventType* type,
                   const std::map<std::string, std::string>& fixed_tags, TagLimiter& limiter);

// A tag's or field's name, off those that InfluxDB keeps for itself.
std::string safe_name(std::string_view name);

// Empty when the event has none.
std::string_view common_text(const core::Event& event, Common common);

}  // namespace kcloud::influxdb
