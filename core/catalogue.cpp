#include "core/catalogue.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <stdexcept>

#include "core/path_tree.h"

namespace kcloud::core {
namespace {

constexpr std::size_t kMaxFields = 64;

constexpr std::array<std::string_view, 3> kRoles{"tag", "measure", "text"};
constexpr std::array<std::string_view, 5> kTypes{"text", "integer", "real", "boolean", "json"};
constexpr std::array<std::string_view, 12> kUnits{
    "none",  "count",    "percent",           "bytes", "watts", "milliseconds", "seconds",
    "hours", "currency", "currency_per_hour", "cores", "score"};
constexpr std::array<std::string_view, 3> kReductions{"none", "count", "min"};

constexpr std::array<CommonField, 10> kCommonFields{{{"time", &CommonPaths::time},
                                                     {"shipper_time", &CommonPaths::shipper_time},
                                                     {"type", &CommonPaths::type},
                                                     {"event_id", &CommonPaths::event_id},
                                                     {"source", &CommonPaths::source},
                                                     {"workload", &CommonPaths::workload},
                                                     {"cluster", &CommonPaths::cluster},
                                                     {"severity", &CommonPaths::severity},
                                                     {"actor", &CommonPaths::actor},
                                                     {"reason", &CommonPaths::reason}}};

template <typename Enum, std::size_t N>
std::string_view name_of(const std::array<std::string_view, N>& names, Enum value) {
  return names.at(static_cast<std::size_t>(value));
}

template <typename Enum, std::size_t N>
std::optional<Enum> value_of(const std::array<std::string_view, N>& names, std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<Enum>(found - names.begin());
}

[[noreturn]] void refuse(const std::string& message) { throw std::invalid_argument(message); }

bool is_name(std::string_view text, std::string_view extra) {
  const auto fits = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || extra.find(c) != extra.npos;
  };
  return !text.empty() && text.size() <= 64 && text.front() >= 'a' && text.front() <= 'z' &&
         std::all_of(text.begin(), text.end(), fits);
}

void check_paths(const std::string& where, const std::vector<std::string>& paths, bool reduced) {
  bool crosses = false;
  for (const auto& path : paths) {
    const auto arrays = array_steps(path);
    if (!arrays) refuse(fmt::format("{}: malformed path '{}'", where, path));
    if (*arrays > 1) refuse(fmt::format("{}: path '{}' crosses two arrays", where, path));
    if (*arrays == 1 && !reduced)
      refuse(fmt::format("{}: path '{}' crosses an array: say how with `reduce`", where, path));
    crosses = crosses || *arrays == 1;
  }
  if (reduced && !crosses) refuse(fmt::format("{}: `reduce` without a path with []", where));
}

void check_role(const std::string& where, const Field& field) {
  const bool number = field.type == FieldType::kInteger || field.type == FieldType::kReal ||
                      field.type == FieldType::kBoolean;
  if (field.role == FieldRole::kTag && field.type != FieldType::kText)
    refuse(where + ": a tag must have the type text");
  if (field.role == FieldRole::kMeasure && !number)
    refuse(where + ": a measure must have the type integer, real or boolean");
  if (field.role == FieldRole::kText && number) refuse(where + ": a text cannot hold numbers");
  if (field.reduce != Reduce::kNone && field.role != FieldRole::kMeasure)
    refuse(where + ": only a measure can reduce an array");
  if (field.sketch && field.role != FieldRole::kMeasure)
    refuse(where + ": only a measure can have a sketch");
}

void check_values(const std::string& where, const Field& field) {
  if (field.type != FieldType::kText && !(field.values.empty() && field.default_value.empty()))
    refuse(where + ": only a text field can have `values` and `default`");
  const auto allowed = [&](const std::string& text) {
    return field.values.empty() ||
           std::find(field.values.begin(), field.values.end(), text) != field.values.end();
  };
  if (!field.default_value.empty() && !allowed(field.default_value))
    refuse(fmt::format("{}: the default '{}' is none of its values", where, field.default_value));
  for (const auto& [from, to] : field.map)
    if (!allowed(to))
      refuse(fmt::format("{}: '{}' maps to '{}', which is none of its values", where, from, to));
}

void check_field(const EventType& type, const Field& field) {
  const std::string where = fmt::format("event type '{}', field '{}'", type.name, field.name);
  if (!is_name(field.name, "_")) refuse(where + ": a field name is lower case: a-z, 0-9, _");
  if (field.paths.empty()) refuse(where + ": no path");
  if (!field.scales.empty() &&
      (field.scales.size() != field.paths.size() || field.type != FieldType::kReal))
    refuse(where + ": `scale` is for fields of the type real, one for each path");
  check_paths(where, field.paths, field.reduce != Reduce::kNone);
  check_role(where, field);
  check_values(where, field);
}

void append_new(std::vector<std::string>& to, const std::vector<std::string>& from) {
  for (const auto& path : from)
    if (std::find(to.begin(), to.end(), path) == to.end()) to.push_back(path);
}

void merge_common(EventType& type, const CommonPaths& common) {
  for (const auto& [name, paths] : kCommonFields) {
    auto& merged = type.common.*paths;
    const auto slot = type.slot(name);
    if (slot) append_new(merged, type.fields[*slot].paths);
    append_new(merged, common.*paths);
    if (slot && merged.empty()) merged.emplace_back(name);
    check_paths(fmt::format("event type '{}', common field '{}'", type.name, name), merged, false);
    if (slot) type.fields[*slot].paths = merged;
  }
}

void check_type(const EventType& type) {
  const std::string where = fmt::format("event type '{}'", type.name);
  if (!is_name(type.name, "_")) refuse(where + ": a type name is lower case: a-z, 0-9, _");
  if (!type.alias.empty() && !is_name(type.alias, "_-"))
    refuse(fmt::format("{}: alias '{}' is no lower-case name", where, type.alias));
  for (std::string_view name : {std::string_view(type.name), std::string_view(type.alias)})
    if (name == "workload" || name == "id" || name == "audit_seal" ||
        (name == "alert_transition" && !type.reserved))
      refuse(fmt::format("{}: '{}' is a reserved name", where, name));
  if (type.fields.size() > kMaxFields)
    refuse(fmt::format("{}: {} fields, at most {}", where, type.fields.size(), kMaxFields));
  std::set<std::string_view> names;
  for (const auto& field : type.fields)
    if (!names.insert(field.name).second)
      refuse(fmt::format("{}: field '{}' declared twice", where, field.name));
}

}  // namespace

std::span<const CommonField> common_fields() { return kCommonFields; }

std::optional<std::size_t> EventType::slot(std::string_view field) const {
  for (std::size_t i = 0; i < fields.size(); ++i)
    if (fields[i].name == field) return i;
  return std::nullopt;
}

Catalogue::Catalogue(std::vector<EventType> types, CommonPaths common)
    : types_(std::move(types)), common_(std::move(common)) {
  for (const auto& [name, paths] : kCommonFields)
    check_paths(fmt::format("common field '{}'", name), common_.*paths, false);
  for (std::uint32_t i = 0; i < types_.size(); ++i) {
    auto& type = types_[i];
    type.index = i;
    check_type(type);
    merge_common(type, common_);
    for (const auto& field : type.fields) check_field(type, field);
    if (!by_name_.emplace(type.name, &type).second)
      refuse(fmt::format("event type '{}' declared twice", type.name));
    by_endpoint_.emplace(type.name, &type);
  }
  for (const auto& type : types_) {
    if (type.alias.empty() || type.alias == type.name) continue;
    const auto [place, inserted] = by_endpoint_.emplace(type.alias, &type);
    if (!inserted)
      refuse(fmt::format("event type '{}': alias '{}' belongs to '{}'", type.name, type.alias,
                         place->second->name));
  }
}

const EventType* Catalogue::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

const EventType* Catalogue::find_endpoint(std::string_view name) const {
  const auto found = by_endpoint_.find(name);
  return found == by_endpoint_.end() ? nullptr : found->second;
}

std::string_view to_string(FieldRole role) { return name_of(kRoles, role); }
std::string_view to_string(FieldType type) { return name_of(kTypes, type); }
std::string_view to_string(Unit unit) { return name_of(kUnits, unit); }
std::string_view to_string(Reduce reduce) { return name_of(kReductions, reduce); }

std::optional<FieldRole> parse_field_role(std::string_view name) {
  return value_of<FieldRole>(kRoles, name);
}
std::optional<FieldType> parse_field_type(std::string_view name) {
  return value_of<FieldType>(kTypes, name);
}
std::optional<Unit> parse_unit(std::string_view name) { return value_of<Unit>(kUnits, name); }
std::optional<Reduce> parse_reduce(std::string_view name) {
  return value_of<Reduce>(kReductions, name);
}

}  // namespace kcloud::core
