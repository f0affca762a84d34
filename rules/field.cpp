#include "rules/field.h"

#include <fmt/format.h>

#include <bit>
#include <limits>

#include "core/hash.h"
#include "core/utf8.h"

namespace kcloud::rules {
namespace {

using Kind = core::FieldValue::Kind;
const core::FieldValue kAbsentValue{};
constexpr std::size_t kMostShown = 2048;

std::string_view common_text(const core::Event& event, FieldRef::From from) {
  switch (from) {
    case FieldRef::From::kSlot:
      break;
    case FieldRef::From::kWorkload:
      return event.workload;
    case FieldRef::From::kCluster:
      return event.cluster;
    case FieldRef::From::kSeverity:
      return event.severity;
    case FieldRef::From::kActor:
      return event.actor;
    case FieldRef::From::kReason:
      return event.reason;
    case FieldRef::From::kSource:
      return event.source;
    case FieldRef::From::kCollector:
      return event.collector;
    case FieldRef::From::kAgent:
      return event.agent;
  }
  return {};
}

}  // namespace

const core::FieldValue& value_of(const core::Event& event, const FieldRef& field,
                                 core::FieldValue& common) {
  if (field.from == FieldRef::From::kSlot)
    return field.slot < event.fields.size() ? event.fields[field.slot] : kAbsentValue;
  common.text = common_text(event, field.from);
  common.kind = common.text.empty() ? Kind::kAbsent : Kind::kText;
  return common;
}

std::string_view text_of(const core::FieldValue& value, std::string& memory) {
  switch (value.kind) {
    case Kind::kAbsent:
      return {};
    case Kind::kText:
      return value.text;
    case Kind::kBoolean:
      return value.boolean ? "true" : "false";
    case Kind::kInteger:
      memory = fmt::format("{}", value.integer);
      return memory;
    case Kind::kReal:
      memory = fmt::format("{}", value.real);
      return memory;
  }
  return {};
}

std::uint64_t hash_of(const core::FieldValue& value) {
  std::uint64_t hash = 0;
  if (value.kind == Kind::kText)
    hash = core::hash_of(value.text);
  else if (value.kind == Kind::kInteger)
    hash = core::hash_of(static_cast<std::uint64_t>(value.integer));
  else if (value.kind == Kind::kReal)
    hash = core::hash_of(std::bit_cast<std::uint64_t>(value.real == 0 ? 0.0 : value.real));
  else
    hash = value.boolean ? 1 : 0;
  // The greatest is no key of a FlatMap.
  return hash == std::numeric_limits<std::uint64_t>::max() ? 0 : hash;
}

std::string_view shown_text(const core::Event& event, const FieldRef& field,
                            core::FieldValue& common, std::string& memory) {
  return core::utf8_prefix(text_of(value_of(event, field, common), memory), kMostShown);
}

}  // namespace kcloud::rules
