#include "rules/literal.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/suggest.h"
#include "config/text_check.h"
#include "rules/filter_parser.h"

namespace kcloud::rules {
namespace {

using Kind = Filter::Kind;
using core::FieldType;

std::string_view kind_of(FieldType type) {
  switch (type) {
    case FieldType::kText:
    case FieldType::kJson:
      return "text";
    case FieldType::kInteger:
    case FieldType::kReal:
      return "a number";
    case FieldType::kBoolean:
      break;
  }
  return "true or false";
}

std::string found(const Literal& literal) {
  if (const auto* text = std::get_if<std::string>(&literal))
    return fmt::format("the text \"{}\"", config::shown(*text));
  if (const auto* number = std::get_if<double>(&literal)) return fmt::format("{}", *number);
  return std::get<bool>(literal) ? "true" : "false";
}

bool fits(const Literal& literal, FieldType type) {
  switch (type) {
    case FieldType::kText:
    case FieldType::kJson:
      return std::holds_alternative<std::string>(literal);
    case FieldType::kInteger:
    case FieldType::kReal:
      return std::holds_alternative<double>(literal);
    case FieldType::kBoolean:
      break;
  }
  return std::holds_alternative<bool>(literal);
}

bool is_equality(Kind kind) {
  return kind == Kind::kEqual || kind == Kind::kNotEqual || kind == Kind::kIn;
}

bool is_text_operator(Kind kind) {
  return kind == Kind::kMatches || kind == Kind::kContains || kind == Kind::kStartsWith ||
         kind == Kind::kEndsWith;
}

bool can_be(const core::Field* field, const std::string& text) {
  return !field || field->values.empty() ||
         std::find(field->values.begin(), field->values.end(), text) != field->values.end();
}

// Why the comparison is none; empty: it is one.
std::string mismatch(const core::EventType& type, const Filter& filter, const Value& value) {
  const FieldRef& field = filter.field;
  const bool text = field.type == FieldType::kText || field.type == FieldType::kJson;
  if (std::holds_alternative<std::monostate>(value.literal))
    return is_equality(filter.kind) ? "" : "null can only be compared with =, != and in";
  if (is_text_operator(filter.kind) && !text)
    return fmt::format("field '{}' is {}, this operator is for text", field.name,
                       kind_of(field.type));
  if (!fits(value.literal, field.type))
    return fmt::format("field '{}' is {}, it cannot be compared with {}", field.name,
                       kind_of(field.type), found(value.literal));
  if (field.type == FieldType::kBoolean && !is_equality(filter.kind))
    return fmt::format("field '{}' is true or false: use = or !=", field.name);
  const core::Field* declared = catalogue_field(type, field);
  if (value.percent && declared && declared->unit == core::Unit::kPercent)
    return fmt::format("field '{}' is in percent already: write {}, not {}%", field.name,
                       std::get<double>(value.literal) * 100,
                       std::get<double>(value.literal) * 100);
  const auto* word = std::get_if<std::string>(&value.literal);
  if (word && is_equality(filter.kind) && !can_be(declared, *word))
    return fmt::format("field '{}' is never \"{}\"{}; it is one of {}", field.name,
                       config::shown(*word), config::did_you_mean(*word, declared->values),
                       config::joined(declared->values));
  return {};
}

// A list's text as a value of the type; nullopt: it is none.
std::optional<Literal> as(FieldType type, const std::string& text) {
  switch (type) {
    case FieldType::kText:
    case FieldType::kJson:
      return text;
    case FieldType::kBoolean:
      if (text == "true" || text == "false") return text == "true";
      return std::nullopt;
    default:
      break;
  }
  const bool negative = text.starts_with('-');
  const auto number = parse_number(std::string_view(text).substr(negative ? 1 : 0));
  if (!number) return std::nullopt;
  return negative ? -*number : *number;
}

}  // namespace

Value take_value(Cursor& cursor) {
  const bool negative = cursor.peek().is("-") && cursor.peek(1).kind == Token::Kind::kNumber;
  const std::size_t at = cursor.peek().begin;
  if (negative) cursor.take();
  const Token& next = cursor.peek();
  if (next.kind == Token::Kind::kName && !next.is("true") && !next.is("false") && !next.is("null"))
    cursor.fail(at, fmt::format("expected a value, found '{0}'; write \"{0}\" for the text",
                                next.text.substr(0, 60)));
  if (next.kind == Token::Kind::kDuration)
    cursor.fail(at, "expected a value, found a duration; fields hold plain numbers in their unit");
  if (next.kind != Token::Kind::kString && next.kind != Token::Kind::kNumber &&
      next.kind != Token::Kind::kName)
    cursor.fail_expecting("a value (\"text\", a number, true, false or null)");
  Token token = cursor.take();
  Value value{{}, at, token.percent};
  if (token.kind == Token::Kind::kString)
    value.literal = std::move(token.text);
  else if (token.kind == Token::Kind::kNumber)
    value.literal = negative ? -token.number : token.number;
  else if (!token.is("null"))
    value.literal = token.is("true");
  return value;
}

void check_value(Cursor& cursor, const core::EventType& type, const Filter& filter,
                 const Value& value) {
  const std::string wrong = mismatch(type, filter, value);
  if (!wrong.empty()) cursor.problem(value.at, wrong);
}

std::vector<Literal> list_values(Cursor& cursor, const core::EventType& type, const FieldRef& field,
                                 const Token& name, const NamedList& list) {
  std::vector<Literal> values;
  bool possible = list.values.empty();
  for (const auto& text : list.values) {
    const auto value = as(field.type, text.value());
    if (value)
      values.push_back(*value);
    else
      cursor.scope().problem(text.start(), fmt::format("'{}' is not {}, as field '{}' of '{}' is",
                                                       config::shown(text.value()),
                                                       kind_of(field.type), field.name, type.name));
    possible = possible || !value || can_be(catalogue_field(type, field), text.value());
  }
  if (!possible)
    cursor.problem(name.begin,
                   fmt::format("no value of '@{}' is one that field '{}' can have: {}", name.text,
                               field.name, config::joined(catalogue_field(type, field)->values)));
  return values;
}

std::shared_ptr<const Pattern> take_pattern(Cursor& cursor, const Value& value) {
  const auto* text = std::get_if<std::string>(&value.literal);
  if (!text) return nullptr;
  std::string error;
  auto pattern = Pattern::compile(*text, error);
  if (!pattern) cursor.problem(value.at, "bad regular expression: " + error);
  return pattern;
}

}  // namespace kcloud::rules
