#include "core/field_value.h"

#include <algorithm>
#include <cmath>

#include "core/quantity.h"

namespace kcloud::core {

namespace {

using simdjson::dom::element;
constexpr std::size_t kShownBytes = 80;
constexpr double kInt64Limit = 9223372036854775808.0;  // 2^63

// At most `limit` bytes, cut between two UTF-8 characters.
std::string_view cut(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0) == 0x80) --limit;
  return text.substr(0, limit);
}

FieldProblem mismatch(const element& value, const Field& field) {
  return {describe(value), expected_of(field)};
}

FieldProblem convert_text(const element& value, const Field& field, FieldValue& out) {
  std::string_view text;
  bool boolean = false;
  if (value.get_bool().get(boolean) == simdjson::SUCCESS) {
    text = boolean ? "true" : "false";
    const bool known =
        std::any_of(field.map.begin(), field.map.end(),
                    [&](const auto& entry) { return entry.first == text; }) ||
        std::find(field.values.begin(), field.values.end(), text) != field.values.end();
    if (!known) return mismatch(value, field);
  } else if (value.get_string().get(text) != simdjson::SUCCESS) {
    return mismatch(value, field);
  }
  for (const auto& [from, to] : field.map) {
    if (from == text) text = to;
  }
  if (!field.values.empty() &&
      std::find(field.values.begin(), field.values.end(), text) == field.values.end()) {
    return mismatch(value, field);
  }
  out = text_value(text);
  return {};
}

FieldProblem convert_integer(const element& value, const Field& field, FieldValue& out) {
  std::int64_t whole = 0;
  if (value.get_int64().get(whole) == simdjson::SUCCESS) {
    out.kind = FieldValue::Kind::kInteger;
    out.integer = whole;
    return {};
  }
  const auto number = number_of(value, field.unit);
  if (!number) return mismatch(value, field);
  auto problem = convert_number(*number, field, out);
  if (!problem.expected.empty()) problem.found = describe(value);
  return problem;
}

}  // namespace

FieldValue text_value(std::string_view text) {
  FieldValue value;
  value.kind = FieldValue::Kind::kText;
  value.text = text;
  return value;
}

std::optional<double> number_of(const element& value, Unit unit) {
  double number = 0;
  if (value.get_double().get(number) == simdjson::SUCCESS) return number;
  std::string_view text;
  if (value.get_string().get(text) == simdjson::SUCCESS) return parse_quantity(text, unit);
  return std::nullopt;
}

FieldProblem convert_number(double number, const Field& field, FieldValue& out) {
  if (!std::isfinite(number)) return {"a number out of range", expected_of(field)};
  if (field.type == FieldType::kInteger) {
    if (number != std::floor(number) || number < -kInt64Limit || number >= kInt64Limit) {
      return {std::to_string(number), expected_of(field)};
    }
    out.kind = FieldValue::Kind::kInteger;
    out.integer = static_cast<std::int64_t>(number);
    return {};
  }
  out.kind = FieldValue::Kind::kReal;
  out.real = number;
  return {};
}

FieldProblem convert(const element& value, const Field& field, EventBatch& batch, FieldValue& out) {
  switch (field.type) {
    case FieldType::kText:
      return convert_text(value, field, out);
    case FieldType::kInteger:
      return convert_integer(value, field, out);
    case FieldType::kReal: {
      const auto number = number_of(value, field.unit);
      return number ? convert_number(*number, field, out) : mismatch(value, field);
    }
    case FieldType::kBoolean: {
      std::string_view text;
      bool boolean = false;
      if (value.get_bool().get(boolean) != simdjson::SUCCESS) {
        if (value.get_string().get(text) != simdjson::SUCCESS ||
            (text != "true" && text != "false")) {
          return mismatch(value, field);
        }
        boolean = text == "true";
      }
      out.kind = FieldValue::Kind::kBoolean;
      out.boolean = boolean;
      return {};
    }
    case FieldType::kJson: {
      std::string_view text;
      if (value.get_string().get(text) != simdjson::SUCCESS)
        text = batch.keep(simdjson::minify(value));
      out = text_value(text);
      return {};
    }
  }
  return {};
}

std::span<const FieldValue> keep_fields(std::span<const FieldValue> values, EventBatch& batch) {
  const auto kept = batch.allocate_fields(values.size());
  std::copy(values.begin(), values.end(), kept.begin());
  for (auto& value : kept) value.text = batch.keep(value.text);
  return kept;
}

std::string describe(std::string_view text) {
  std::string out = "'";
  out += cut(text, kShownBytes);
  out += text.size() > kShownBytes ? "…'" : "'";
  return out;
}

std::string describe(const element& value) {
  switch (value.type()) {
    case simdjson::dom::element_type::ARRAY:
      return "an array";
    case simdjson::dom::element_type::OBJECT:
      return "an object";
    case simdjson::dom::element_type::NULL_VALUE:
      return "null";
    case simdjson::dom::element_type::BOOL:
      return value.get_bool().value_unsafe() ? "true" : "false";
    case simdjson::dom::element_type::STRING:
      return "the text " + describe(value.get_string().value_unsafe());
    default:
      return "the number " + std::string(cut(simdjson::minify(value), kShownBytes));
  }
}

std::string expected_of(const Field& field) {
  std::string out;
  if (!field.values.empty()) {
    out = "one of ";
    for (const auto& value : field.values) {
      if (out.size() > 7) out += ", ";
      out += "'" + value + "'";
    }
    return out;
  }
  switch (field.type) {
    case FieldType::kText:
      return "a text";
    case FieldType::kBoolean:
      return "true or false";
    case FieldType::kJson:
      return "a JSON value";
    case FieldType::kInteger:
      out = "an integer";
      break;
    case FieldType::kReal:
      out = "a number";
      break;
  }
  if (field.unit != Unit::kNone) out += " (" + std::string(to_string(field.unit)) + ")";
  return out;
}

}  // namespace kcloud::core
