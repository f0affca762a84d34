#include "rules/canonical.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "config/scalar.h"
#include "rules/pattern.h"

namespace kcloud::rules {
namespace {

using Kind = Filter::Kind;

Filter negation(Filter filter) {
  if (filter.kind == Kind::kNot) return std::move(filter.operands.front());
  Filter out;
  out.kind = Kind::kNot;
  out.operands.push_back(std::move(filter));
  return out;
}

std::string text_of(const Literal& literal) {
  if (const auto* text = std::get_if<std::string>(&literal)) return quoted(*text);
  if (const auto* number = std::get_if<double>(&literal)) return fmt::format("{}", *number);
  if (const auto* flag = std::get_if<bool>(&literal)) return *flag ? "true" : "false";
  return "null";
}

std::string_view symbol(Kind kind) {
  switch (kind) {
    case Kind::kEqual:
      return "=";
    case Kind::kNotEqual:
      return "!=";
    case Kind::kGreater:
      return ">";
    case Kind::kGreaterEqual:
      return ">=";
    case Kind::kLess:
      return "<";
    case Kind::kLessEqual:
      return "<=";
    case Kind::kMatches:
      return "=~";
    case Kind::kContains:
      return "contains";
    case Kind::kStartsWith:
      return "startswith";
    case Kind::kEndsWith:
      return "endswith";
    case Kind::kIn:
      return "in";
    default:
      return {};
  }
}

// Operands of the same kind take their place among its own; then sorted, each once.
Filter flattened(Filter filter) {
  std::vector<std::pair<std::string, Filter>> parts;
  const auto add = [&](Filter part) {
    std::string text = canonical(part);
    parts.emplace_back(std::move(text), std::move(part));
  };
  for (Filter& operand : filter.operands) {
    if (operand.kind == filter.kind)
      for (Filter& inner : operand.operands) add(std::move(inner));
    else
      add(std::move(operand));
  }
  std::sort(parts.begin(), parts.end(), [](auto& a, auto& b) { return a.first < b.first; });
  const auto same = [](auto& a, auto& b) { return a.first == b.first; };
  parts.erase(std::unique(parts.begin(), parts.end(), same), parts.end());
  if (parts.size() == 1) return std::move(parts.front().second);
  filter.operands.clear();
  for (auto& [text, part] : parts) filter.operands.push_back(std::move(part));
  return filter;
}

Filter existence(const FieldRef& field) {
  Filter filter;
  filter.kind = Kind::kExists;
  filter.field = field;
  return filter;
}

Filter normalised_in(Filter filter) {
  auto& values = filter.values;
  if (values.empty()) return filter;
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  const bool null = std::holds_alternative<std::monostate>(values.front());
  if (null) values.erase(values.begin());
  if (null && values.empty()) return negation(existence(filter.field));
  if (values.size() == 1) filter.kind = Kind::kEqual;
  if (!null) return filter;
  Filter either;
  either.kind = Kind::kOr;
  either.operands.push_back(negation(existence(filter.field)));
  either.operands.push_back(std::move(filter));
  return flattened(std::move(either));
}

}  // namespace

Filter normalised(Filter filter) {
  for (Filter& operand : filter.operands) operand = normalised(std::move(operand));
  switch (filter.kind) {
    case Kind::kAnd:
    case Kind::kOr:
      return flattened(std::move(filter));
    case Kind::kNot:
      return negation(std::move(filter.operands.front()));
    case Kind::kNotEqual:
      filter.kind = Kind::kEqual;
      return negation(normalised_in(std::move(filter)));
    case Kind::kEqual:
    case Kind::kIn:
      return normalised_in(std::move(filter));
    default:
      return filter;
  }
}

std::string canonical(const Filter& filter) {
  switch (filter.kind) {
    case Kind::kAlways:
      return {};
    case Kind::kNot:
      return fmt::format("not {}", canonical(filter.operands.front()));
    case Kind::kExists:
      return fmt::format("exists({})", filter.field.name);
    case Kind::kAnd:
    case Kind::kOr: {
      std::string out;
      for (const Filter& operand : filter.operands)
        out += (out.empty()                 ? "("
                : filter.kind == Kind::kAnd ? " and "
                                            : " or ") +
               canonical(operand);
      return out + ")";
    }
    default:
      break;
  }
  std::string value;
  if (filter.kind == Kind::kMatches) {
    value = filter.pattern ? quoted(filter.pattern->text()) : "?";
  } else if (filter.kind == Kind::kIn) {
    for (const Literal& literal : filter.values)
      value += (value.empty() ? "(" : ", ") + text_of(literal);
    value += ')';
  } else if (!filter.values.empty()) {
    value = text_of(filter.values.front());
  }
  return fmt::format("{} {} {}", filter.field.name, symbol(filter.kind), value);
}

std::string canonical(const Selector& selector) {
  std::string out = selector.type ? selector.type->name : "?";
  if (selector.field) out += "." + selector.field->name;
  if (selector.filter.kind != Kind::kAlways) out += "{" + canonical(selector.filter) + "}";
  if (selector.window.count() > 0) out += "[" + to_string(selector.window) + "]";
  if (selector.offset.count() > 0) out += " offset " + to_string(selector.offset);
  for (std::size_t i = 0; i < selector.by.size(); ++i)
    out += (i == 0 ? " by " : ", ") + selector.by[i].name;
  return out;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n')
      out += "\\n";
    else if (c == '\t')
      out += "\\t";
    else if (c == '\r')
      out += "\\r";
    else
      out += c;
  }
  return out + '"';
}

std::string to_string(Duration duration) { return config::format_duration(duration); }

}  // namespace kcloud::rules
