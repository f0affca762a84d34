#include "core/json.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "core/catalogue.h"
#include "core/time.h"

namespace kcloud::core {

namespace {

// 0: passes as it is; otherwise the letter behind the backslash (`u` for \u00XX).
constexpr std::array<char, 256> make_escapes() {
  std::array<char, 256> table{};
  for (std::size_t c = 0; c < 0x20; ++c) table[c] = 'u';
  table['"'] = '"';
  table['\\'] = '\\';
  table['\n'] = 'n';
  table['\r'] = 'r';
  table['\t'] = 't';
  table['\b'] = 'b';
  table['\f'] = 'f';
  return table;
}
constexpr auto kEscapes = make_escapes();

void append_text_or_null(std::string& out, std::string_view key, std::string_view value) {
  append_key(out, key);
  if (value.empty()) {
    out += "null";
  } else {
    append_json_string(out, value);
  }
}

// Length of the UTF-8 character at the front of `text`; 0 when it is none (RFC 3629).
std::size_t character_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  return length <= text.size() && simdjson::validate_utf8(text.data(), length) ? length : 0;
}

// Each byte that belongs to no character becomes U+FFFD.
std::string repaired(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    out += length == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  if (!simdjson::validate_utf8(text.data(), text.size())) {
    return append_json_string(out, repaired(text));
  }
  out.push_back('"');
  std::size_t plain = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const char escape = kEscapes[byte];
    if (escape == 0) continue;
    out.append(text, plain, i - plain);
    plain = i + 1;
    out.push_back('\\');
    out.push_back(escape);
    if (escape == 'u') {
      static constexpr char kHex[] = "0123456789abcdef";
      out += "00";
      out.push_back(kHex[byte >> 4]);
      out.push_back(kHex[byte & 15]);
    }
  }
  out.append(text, plain, text.size() - plain);
  out.push_back('"');
}

void append_json_number(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  char text[32];
  const auto result = std::to_chars(text, text + sizeof text, value);
  out.append(text, result.ptr);
}

void append_json_value(std::string& out, const FieldValue& value) {
  switch (value.kind) {
    case FieldValue::Kind::kAbsent:
      out += "null";
      break;
    case FieldValue::Kind::kInteger:
      out += std::to_string(value.integer);
      break;
    case FieldValue::Kind::kReal:
      append_json_number(out, value.real);
      break;
    case FieldValue::Kind::kBoolean:
      out += value.boolean ? "true" : "false";
      break;
    case FieldValue::Kind::kText:
      append_json_string(out, value.text);
      break;
  }
}

void append_comma(std::string& out) {
  if (!out.empty() && out.back() != '{' && out.back() != '[') out.push_back(',');
}

void append_key(std::string& out, std::string_view key) {
  append_comma(out);
  out.push_back('"');
  out += key;
  out += "\":";
}

void append_member(std::string& out, std::string_view key, std::string_view text) {
  if (text.empty()) return;
  append_key(out, key);
  append_json_string(out, text);
}

void append_event_json(std::string& out, const Event& event, std::string_view epoch) {
  out += "{\"id\":\"";
  append_id(out, event.id);
  out += "\",\"seq\":";
  if (event.seq == 0) {
    out += "null";
  } else {
    out.push_back('"');
    out += epoch;
    out.push_back('-');
    out += std::to_string(event.seq);
    out.push_back('"');
  }
  out += ",\"time\":\"";
  append_time(out, event.time);
  out += "\",\"received\":\"";
  append_time(out, event.received);
  out.push_back('"');
  append_text_or_null(out, "type", event.type_name);
  append_text_or_null(out, "source", event.source);
  append_text_or_null(out, "workload", event.workload);
  append_text_or_null(out, "cluster", event.cluster);
  append_text_or_null(out, "severity", event.severity);
  append_text_or_null(out, "collector", event.collector);
  append_text_or_null(out, "agent", event.agent);
  if (!event.via.empty()) {
    out += ",\"via\":[";
    out += event.via;
    out.push_back(']');
  }
  out += ",\"fields\":{";
  if (event.type != nullptr) {
    for (std::size_t slot = 0; slot < event.fields.size(); ++slot) {
      if (!event.fields[slot].present()) continue;
      append_comma(out);
      append_json_string(out, event.type->fields[slot].name);
      out.push_back(':');
      append_json_value(out, event.fields[slot]);
    }
  }
  out += "},\"body\":";
  out += event.body;
  out.push_back('}');
}

namespace {

// Moves `element` to its member or element `key`; false when there is none.
bool descend(simdjson::dom::element& element, std::string_view key) {
  std::size_t index = 0;
  const auto number = std::from_chars(key.data(), key.data() + key.size(), index);
  if (element.is_array() && number.ec == std::errc()) {
    return element.at(index).get(element) == simdjson::SUCCESS;
  }
  return element.at_key(key).get(element) == simdjson::SUCCESS;
}

std::string text_of(const simdjson::dom::element& element) {
  if (element.is_string()) return std::string(element.get_string().value_unsafe());
  return simdjson::minify(element);
}

}  // namespace

std::string json_text_at(std::string_view json, std::string_view dotted_path) {
  simdjson::dom::parser parser;
  simdjson::dom::element element;
  if (parser.parse(json.data(), json.size(), true).get(element) != simdjson::SUCCESS) return {};
  while (!dotted_path.empty()) {
    const auto dot = dotted_path.find('.');
    if (!descend(element, dotted_path.substr(0, dot))) return {};
    dotted_path = dot == std::string_view::npos ? std::string_view{} : dotted_path.substr(dot + 1);
  }
  return text_of(element);
}

std::string json_text_at(std::string_view json, std::initializer_list<std::string_view> path) {
  simdjson::dom::parser parser;
  simdjson::dom::element element;
  if (parser.parse(json.data(), json.size(), true).get(element) != simdjson::SUCCESS) return {};
  for (const std::string_view key : path) {
    if (!descend(element, key)) return {};
  }
  return text_of(element);
}

std::vector<std::pair<std::string, std::string>> json_members(std::string_view json) {
  std::vector<std::pair<std::string, std::string>> members;
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(json.data(), json.size(), true).get(object) != simdjson::SUCCESS) return members;
  for (const auto [key, value] : object) members.emplace_back(key, text_of(value));
  return members;
}

std::vector<std::string> json_items(std::string_view json) {
  std::vector<std::string> items;
  simdjson::dom::parser parser;
  simdjson::dom::array array;
  if (parser.parse(json.data(), json.size(), true).get(array) != simdjson::SUCCESS) return items;
  for (const auto element : array) items.push_back(text_of(element));
  return items;
}

std::optional<std::uint64_t> json_number_at(std::string_view json, std::string_view dotted_path) {
  const std::string text = json_text_at(json, dotted_path);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace kcloud::core
