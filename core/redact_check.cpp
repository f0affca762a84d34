#include <fmt/format.h>

#include <algorithm>

#include "core/path_tree.h"
#include "core/redact.h"

namespace kcloud::core {

namespace {

enum class Reach : std::uint8_t { kNone, kAbove, kExact };

// How a rule's path lies to a field's: the same place, or one that holds it.
Reach reach(std::string_view rule, std::string_view field) {
  if (!field.starts_with(rule)) return Reach::kNone;
  if (field.size() == rule.size()) return Reach::kExact;
  return field[rule.size()] == '.' || field[rule.size()] == '[' ? Reach::kAbove : Reach::kNone;
}

Reach reach(std::string_view rule, const std::vector<std::string>& paths) {
  Reach most = Reach::kNone;
  for (const auto& path : paths)
    most = std::max({most, reach(rule, path), reach(rule, camel_case(path))});
  return most;
}

std::string unfit_common(const RedactRule& rule, const CommonPaths& common) {
  if (reach(rule.path, common.type) != Reach::kNone)
    return "the event's type is read there; without it no event is accepted";
  for (const auto* times : {&common.time, &common.shipper_time})
    if (reach(rule.path, *times) != Reach::kNone)
      return "the event's time is read there, and is part of its id";
  if (rule.action == RedactAction::kMask && reach(rule.path, common.event_id) == Reach::kExact)
    return "the event's id is read there, and a mask would make all events one; use hash or drop";
  return {};
}

std::string unfit_field(const RedactRule& rule, const EventType& type, const Field& field) {
  const Reach how = reach(rule.path, field.paths);
  if (how == Reach::kNone) return {};
  const bool above = std::any_of(field.paths.begin(), field.paths.end(), [&](const auto& path) {
    return reach(rule.path, path) == Reach::kAbove;
  });
  const bool hash = rule.action == RedactAction::kHash;
  const bool lost =
      rule.action == RedactAction::kDrop || (above && !(hash && how == Reach::kExact));
  const auto what = fmt::format("'{}' of {}", field.name, type.name);
  if (lost && field.required)
    return fmt::format("{} is required and read there: every event would be refused", what);
  if (how != Reach::kExact || rule.action == RedactAction::kDrop) return {};
  if (field.role == FieldRole::kMeasure)
    return fmt::format("{} is a number and read there; only drop fits", what);
  if (!field.values.empty())
    return fmt::format("{} is read there and takes only its own values; only drop fits", what);
  return {};
}

}  // namespace

std::string unfit(const RedactRule& rule, const Catalogue& catalogue) {
  if (!array_steps(rule.path))
    return fmt::format("'{}' is no path, such as workload.owner or alternatives[].cluster",
                       rule.path);
  const auto* only = rule.type.empty() ? nullptr : catalogue.find_endpoint(rule.type);
  if (auto problem = unfit_common(rule, catalogue.common()); !problem.empty()) return problem;
  for (const auto& type : catalogue.types()) {
    if (type.reserved || (only != nullptr && only != &type)) continue;
    if (auto problem = unfit_common(rule, type.common); !problem.empty()) return problem;
    for (const auto& field : type.fields)
      if (auto problem = unfit_field(rule, type, field); !problem.empty()) return problem;
  }
  return {};
}

}  // namespace kcloud::core
