#include "rules/match.h"

#include <algorithm>

#include "rules/field.h"
#include "rules/pattern.h"

namespace kcloud::rules {
namespace {

using Kind = Filter::Kind;
using Value = core::FieldValue;

bool is_number(const Value& value) {
  return value.kind == Value::Kind::kInteger || value.kind == Value::Kind::kReal;
}

bool equal(const Value& value, const Literal& literal) {
  if (const auto* text = std::get_if<std::string>(&literal))
    return value.kind == Value::Kind::kText && value.text == *text;
  if (const auto* number = std::get_if<double>(&literal))
    return is_number(value) && value.number() == *number;
  if (const auto* flag = std::get_if<bool>(&literal))
    return value.kind == Value::Kind::kBoolean && value.boolean == *flag;
  return !value.present();
}

// Below 0, 0 or above it; `comparable` is false for a value and a literal of different kinds.
int order(const Value& value, const Literal& literal, bool& comparable) {
  const auto* text = std::get_if<std::string>(&literal);
  const auto* number = std::get_if<double>(&literal);
  comparable = true;
  if (text != nullptr && value.kind == Value::Kind::kText) return value.text.compare(*text);
  if (number != nullptr && is_number(value))
    return value.number() < *number ? -1 : value.number() > *number ? 1 : 0;
  comparable = false;
  return 0;
}

bool compares(Kind kind, const Value& value, const Literal& literal) {
  bool comparable = false;
  const int found = order(value, literal, comparable);
  if (!comparable) return false;
  switch (kind) {
    case Kind::kGreater:
      return found > 0;
    case Kind::kGreaterEqual:
      return found >= 0;
    case Kind::kLess:
      return found < 0;
    default:
      return found <= 0;
  }
}

bool text_passes(const Filter& filter, std::string_view text) {
  if (filter.kind == Kind::kMatches) return filter.pattern && filter.pattern->matches(text);
  const auto* wanted = std::get_if<std::string>(&filter.values.front());
  if (wanted == nullptr) return false;
  switch (filter.kind) {
    case Kind::kContains:
      return text.find(*wanted) != std::string_view::npos;
    case Kind::kStartsWith:
      return text.starts_with(*wanted);
    default:
      return text.ends_with(*wanted);
  }
}

bool value_passes(const Filter& filter, const Value& value) {
  switch (filter.kind) {
    case Kind::kExists:
      return value.present();
    case Kind::kEqual:
      return equal(value, filter.values.front());
    case Kind::kNotEqual:
      return !equal(value, filter.values.front());
    case Kind::kIn:
      return value.present() &&
             std::any_of(filter.values.begin(), filter.values.end(),
                         [&](const Literal& literal) { return equal(value, literal); });
    case Kind::kMatches:
    case Kind::kContains:
    case Kind::kStartsWith:
    case Kind::kEndsWith:
      return value.kind == Value::Kind::kText && text_passes(filter, value.text);
    default:
      return compares(filter.kind, value, filter.values.front());
  }
}

}  // namespace

bool passes(const Filter& filter, const core::Event& event) {
  const auto operand_passes = [&](const Filter& operand) { return passes(operand, event); };
  const auto& operands = filter.operands;
  switch (filter.kind) {
    case Kind::kAlways:
      return true;
    case Kind::kAnd:
      return std::all_of(operands.begin(), operands.end(), operand_passes);
    case Kind::kOr:
      return std::any_of(operands.begin(), operands.end(), operand_passes);
    case Kind::kNot:
      return !passes(operands.front(), event);
    default:
      break;
  }
  Value common;
  return value_passes(filter, value_of(event, filter.field, common));
}

}  // namespace kcloud::rules
