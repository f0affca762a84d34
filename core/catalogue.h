// The event catalogue: every event type declared once (config/event-types.yaml), everything else
// derived from it — decoding, validation, InfluxDB tags and fields, rule field names, JSON Schema.
//
// Immutable after construction; shared by all threads.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kcloud::core {

enum class FieldRole : std::uint8_t { kTag, kMeasure, kText };
enum class FieldType : std::uint8_t {
  kText,
  kInteger,
  kReal,
  kBoolean,
  kJson /* any value, kept as minified text */
};

// Unit in which a measure is kept; says which text suffixes a publisher may write ("25%", "32Gi",
// "1.5k").
enum class Unit : std::uint8_t {
  kNone,
  kCount,
  kPercent,
  kBytes,
  kWatts,
  kMilliseconds,
  kSeconds,
  kHours,
  kCurrency,
  kCurrencyPerHour,
  kCores,
  kScore
};

// How a path that crosses an array (`alternatives[]`, `alternatives[].cost`) becomes one value.
enum class Reduce : std::uint8_t { kNone, kCount, kMin };

struct Field {
  std::string name;
  FieldRole role = FieldRole::kText;
  FieldType type = FieldType::kText;
  Unit unit = Unit::kNone;
  Reduce reduce = Reduce::kNone;
  bool required = false;
  bool sketch = false;  // rollups keep a quantile sketch of it
  std::vector<std::string>
      paths;  // dotted JSON paths, the first present wins; camelCase forms are implied
  // Factor for the number at each path (parallel to `paths`; empty: 1 everywhere). Text carries its
  // own unit and is not scaled.
  std::vector<double> scales;
  std::vector<std::string> values;                       // allowed values (text); empty: any
  std::vector<std::pair<std::string, std::string>> map;  // found text or boolean → value kept
  std::string default_value;                             // text used when absent; empty: none
  std::string description;
  std::string example;  // for the schema; empty: made up from unit and name

  bool operator==(const Field&) const = default;
};

// Paths of the fields that every type has, each a list of dotted paths, the first present wins.
// `shipper_time` is what a log shipper adds to a record: it counts only where neither `time` nor
// the transport says when.
struct CommonPaths {
  std::vector<std::string> time, shipper_time, type, event_id, source, workload, cluster, severity,
      actor, reason;

  bool operator==(const CommonPaths&) const = default;
};

// The common fields by name, so that code which treats them alike needs no list of its own.
struct CommonField {
  std::string_view name;
  std::vector<std::string> CommonPaths::*paths;
};
std::span<const CommonField> common_fields();

struct EventType {
  std::string name;
  std::string alias;  // POST /events/{alias}; empty: none
  std::string description;
  bool reserved = false;      // the agent's own; refused from publishers
  std::vector<Field> fields;  // index = slot
  CommonPaths common;         // what the type puts in front; Catalogue appends its own to it
  std::uint32_t index = 0;    // position in Catalogue::types()

  // Slot of a field by name; nullopt when there is none.
  std::optional<std::size_t> slot(std::string_view field) const;

  bool operator==(const EventType&) const = default;
};

class Catalogue {
 public:
  // Throws std::invalid_argument naming the type and field for: duplicate or malformed names and
  // aliases, reserved ones (`workload`, `id`, `audit_seal`; `alert_transition` from anyone but the
  // agent), more than 64 fields in a type, a path that is empty or malformed, an array path without
  // a reduction, a tag that is no text, a measure that is no number.
  //
  // A field with a common field's name and that common field read the same paths: the type's own,
  // then the field's, then the catalogue's.
  Catalogue(std::vector<EventType> types, CommonPaths common);
  Catalogue(const Catalogue&) = delete;
  Catalogue& operator=(const Catalogue&) = delete;

  const EventType* find(std::string_view name) const;           // by type name
  const EventType* find_endpoint(std::string_view name) const;  // by alias or type name
  const std::vector<EventType>& types() const { return types_; }
  const CommonPaths& common() const { return common_; }

  bool operator==(const Catalogue& other) const {
    return types_ == other.types_ && common_ == other.common_;
  }

 private:
  std::vector<EventType> types_;
  CommonPaths common_;
  std::map<std::string, const EventType*, std::less<>> by_name_;
  std::map<std::string, const EventType*, std::less<>> by_endpoint_;
};

std::string_view to_string(FieldRole);
std::string_view to_string(FieldType);
std::string_view to_string(Unit);
std::string_view to_string(Reduce);
std::optional<FieldRole> parse_field_role(std::string_view);
std::optional<FieldType> parse_field_type(std::string_view);
std::optional<Unit> parse_unit(std::string_view);
std::optional<Reduce> parse_reduce(std::string_view);

}  // namespace kcloud::core
