#include "core/unwrap.h"

#include <algorithm>

#include "core/decode_time.h"
#include "core/decode_type.h"
#include "core/field_value.h"
#include "core/json_scan.h"

namespace kcloud::core {

namespace {

using simdjson::dom::element;

// The text of an object's member, counted from 0. `object` is JSON.
std::string_view member_text(std::string_view object, std::size_t member) {
  const char* end = object.data() + object.size();
  const char* at = skip_spaces(object.data(), end) + 1;
  while (true) {
    at = skip_spaces(skip_string(skip_spaces(at, end), end), end) + 1;  // key and colon
    at = skip_spaces(at, end);
    const char* behind = skip_value(at, end);
    if (member-- == 0) return {at, static_cast<std::size_t>(behind - at)};
    at = skip_spaces(behind, end) + 1;  // comma
  }
}

// The first value under `key` and which member it is.
std::optional<std::pair<element, std::size_t>> member_of(const element& object,
                                                         std::string_view key) {
  std::size_t index = 0;
  const simdjson::dom::object members = object.get_object().value_unsafe();
  for (const auto& field : members) {
    if (field.key == key) return std::pair(field.value, index);
    ++index;
  }
  return std::nullopt;
}

bool leads_through(std::string_view path, std::string_view key) {
  return path.substr(0, path.find_first_of(".[")) == key;
}

bool reads(const EventType& type, std::string_view key) {
  return std::any_of(type.fields.begin(), type.fields.end(), [&](const Field& field) {
    return std::any_of(field.paths.begin(), field.paths.end(),
                       [&](const auto& path) { return leads_through(path, key); });
  });
}

}  // namespace

bool Unwrapper::may_wrap(const element& record) const {
  if (keys_.empty()) return false;
  const simdjson::dom::object members = record.get_object().value_unsafe();
  for (const auto& field : members) {
    if (std::find(keys_.begin(), keys_.end(), field.key) == keys_.end()) continue;
    if (field.value.is_string() || field.value.is_object()) return true;
  }
  return false;
}

std::optional<Unwrapper::Found> Unwrapper::find(std::string_view text, const element& record,
                                                const Wanted& wanted) {
  hint_.reset();
  left_text_ = false;
  Found found;
  if (search(text, record, wanted, 0, found)) return found;
  return std::nullopt;
}

bool Unwrapper::search(std::string_view text, const element& record, const Wanted& wanted,
                       std::size_t depth, Found& found) {
  for (const auto& key : keys_) {
    const bool reads_key = wanted.plan != nullptr && reads(*wanted.plan->type, key);
    const Own own = wanted.plan != nullptr ? own_fields(record, key, *wanted.plan) : Own{};
    if (own.complete || (own.any && reads_key)) continue;
    element inner;
    if (!open(text, record, key, depth, own.any || reads_key, inner)) continue;
    if (is_event(inner, wanted, reads_key)) {
      found.text = texts_[depth];
      found.path = key;
    } else if (depth + 1 < kMaxDepth && search(texts_[depth], inner, wanted, depth + 1, found)) {
      found.path = key + "." + found.path;
    } else {
      if (wanted.type.empty() && !hint_ && record.at_key(key).is_string()) {
        hint_ = {key + "." + wanted.type_paths.front(), "missing", "the name of an event type"};
      }
      continue;
    }
    // The innermost record's time is the closest to the event.
    if (!found.time) found.time = time_of(record, wanted);
    return true;
  }
  return false;
}

bool Unwrapper::open(std::string_view text, const element& record, const std::string& key,
                     std::size_t depth, bool quiet, element& inner) {
  const auto member = member_of(record, key);
  if (!member) return false;
  const bool quoted = member->first.is_string();
  if (!quoted && !member->first.is_object()) return false;
  const auto content =
      quoted ? member->first.get_string().value_unsafe() : member_text(text, member->second);
  const char* first = skip_spaces(content.data(), content.data() + content.size());
  const bool bracket = first != content.data() + content.size() && json_class(*first) == kOpen;
  if (quoted && (bracket || !quiet)) left_text_ = true;
  auto& copy = texts_[depth];
  copy.reserve(content.size() + simdjson::SIMDJSON_PADDING);
  copy.assign(content);
  const auto code = parsers_[depth].parse(copy.data(), copy.size(), false).get(inner);
  if (code == simdjson::SUCCESS && inner.is_object()) return true;
  if (!quiet && !hint_) {
    hint_ = {key,
             quote_
                 ? "the text " + describe(content)
                 : "a text of " + std::to_string(content.size()) + " bytes that is no JSON object",
             "the event as a JSON object, where a shipper has wrapped it"};
  }
  return false;
}

bool Unwrapper::is_event(const element& inner, const Wanted& wanted, bool reads_key) {
  const auto named = named_type(inner, wanted.type_paths);
  if (named.value) {
    if (wanted.type.empty() || wanted.type_is_default) return true;
    std::string_view type;
    if (named.value->get_string().get(type) != simdjson::SUCCESS) return false;
    if (type == wanted.type) return true;
    return wanted.plan != nullptr && wanted.catalogue->find_endpoint(type) == wanted.plan->type;
  }
  return wanted.plan != nullptr && !reads_key && own_fields(inner, {}, *wanted.plan).any;
}

Unwrapper::Own Unwrapper::own_fields(const element& object, std::string_view beside,
                                     const Plan& plan) {
  walk(plan, object.get_object().value_unsafe(), candidates_);
  Own own;
  bool missing = false;
  bool required = false;
  for (std::size_t i = kCommonSlots; i < plan.slots(); ++i) {
    const auto slot = static_cast<std::uint16_t>(i);
    const Candidate& found = candidates_[slot];
    const bool present = found.state != Candidate::State::kNone &&
                         !leads_through(plan.path(slot, found.rank), beside);
    own.any = own.any || present;
    required = required || plan.field(slot)->required;
    missing = missing || (plan.field(slot)->required && !present);
  }
  own.complete = required ? !missing : own.any;
  return own;
}

std::optional<ParsedTime> Unwrapper::time_of(const element& record, const Wanted& wanted) {
  walk(*wanted.common, record.get_object().value_unsafe(), candidates_);
  for (const auto slot : {kTime, kShipperTime}) {
    const Candidate& time = candidates_[slot];
    if (time.state == Candidate::State::kElement) return read_time(time.value, *wanted.zone);
  }
  return std::nullopt;
}

}  // namespace kcloud::core
