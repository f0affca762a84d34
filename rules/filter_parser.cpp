#include "rules/filter_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "config/suggest.h"
#include "rules/canonical.h"
#include "rules/literal.h"

namespace kcloud::rules {
namespace {

using Kind = Filter::Kind;

struct Operator {
  std::string_view word;
  Kind kind;
  bool negated = false;
};
constexpr std::array<Operator, 11> kOperators{{{"=", Kind::kEqual},
                                               {"==", Kind::kEqual},
                                               {"!=", Kind::kNotEqual},
                                               {">", Kind::kGreater},
                                               {">=", Kind::kGreaterEqual},
                                               {"<", Kind::kLess},
                                               {"<=", Kind::kLessEqual},
                                               {"=~", Kind::kMatches},
                                               {"contains", Kind::kContains},
                                               {"startswith", Kind::kStartsWith},
                                               {"endswith", Kind::kEndsWith}}};

Filter negated(Filter filter) {
  Filter out;
  out.kind = Kind::kNot;
  out.operands.push_back(std::move(filter));
  return out;
}

// One operand as it is, several under `kind`.
Filter joined(Kind kind, std::vector<Filter> operands) {
  if (operands.size() == 1) return std::move(operands.front());
  Filter out;
  out.kind = kind;
  out.operands = std::move(operands);
  return out;
}

// What a copy of it costs.
std::size_t conditions_in(const Filter& filter) {
  std::size_t count = 1 + filter.values.size();
  for (const Filter& operand : filter.operands) count += conditions_in(operand);
  return count;
}

class FilterParser {
 public:
  FilterParser(Cursor& cursor, const core::EventType* type) : cursor_(cursor), type_(type) {}

  Filter all() { return several(Kind::kAnd, ",", &FilterParser::either); }

 private:
  Filter several(Kind kind, std::string_view separator, Filter (FilterParser::*operand)()) {
    std::vector<Filter> operands;
    do {
      operands.push_back((this->*operand)());
    } while (cursor_.accept(separator));
    return joined(kind, std::move(operands));
  }

  Filter either() { return several(Kind::kOr, "or", &FilterParser::both); }
  Filter both() { return several(Kind::kAnd, "and", &FilterParser::negatable); }

  Filter negatable() {
    if (!cursor_.accept("not")) return atom();
    const Cursor::Level level(cursor_);
    return negated(negatable());
  }

  Filter atom() {
    count_conditions(1);
    if (cursor_.peek().kind == Token::Kind::kAt) return named(cursor_.take());
    if (cursor_.peek().is("(")) {
      const Cursor::Level level(cursor_);
      cursor_.take();
      Filter inner = all();
      cursor_.expect(")");
      return inner;
    }
    if (cursor_.peek().kind != Token::Kind::kName) cursor_.fail_expecting("a field");
    if (cursor_.peek().is("exists") && cursor_.peek(1).is("(")) return existence();
    const Token name = cursor_.take();
    const auto field = resolve(name);
    if (cursor_.accept("not")) {
      cursor_.expect("in");
      return negated(among(field));
    }
    if (cursor_.accept("in")) return among(field);
    return comparison(field);
  }

  void count_conditions(std::size_t more) {
    Scope& scope = cursor_.scope();
    scope.conditions += more;
    cursor_.budget().conditions += more;
    const bool filter = cursor_.budget().conditions > Budget::kMaxConditions;
    if (!filter && scope.conditions <= Scope::kMaxConditions) return;
    scope.is_exhausted = true;
    cursor_.fail(
        cursor_.peek().begin,
        fmt::format("more than {} conditions in {}, with those of the lists and filters it uses",
                    filter ? Budget::kMaxConditions : Scope::kMaxConditions,
                    filter ? "a filter" : "this file"));
  }

  Filter existence() {
    cursor_.take();
    cursor_.take();
    if (cursor_.peek().kind != Token::Kind::kName) cursor_.fail_expecting("a field");
    Filter filter;
    filter.kind = Kind::kExists;
    if (const auto field = resolve(cursor_.take())) filter.field = *field;
    cursor_.expect(")");
    return filter;
  }

  Filter comparison(const std::optional<FieldRef>& field) {
    const bool unmatched = cursor_.peek().is("!~");
    const auto known = std::find_if(kOperators.begin(), kOperators.end(),
                                    [&](const auto& op) { return cursor_.peek().is(op.word); });
    if (known == kOperators.end() && !unmatched)
      cursor_.fail_expecting(
          "an operator (=, !=, >, >=, <, <=, =~, !~, in, contains, startswith, "
          "endswith)");
    cursor_.take();
    Filter filter;
    filter.kind = unmatched ? Kind::kMatches : known->kind;
    if (field) filter.field = *field;
    const Value value = take_value(cursor_);
    filter.values.push_back(value.literal);
    if (field) check_value(cursor_, *type_, filter, value);
    if (filter.kind == Kind::kMatches) filter.pattern = take_pattern(cursor_, value);
    return unmatched ? negated(std::move(filter)) : filter;
  }

  Filter among(const std::optional<FieldRef>& field) {
    Filter filter;
    filter.kind = Kind::kIn;
    if (field) filter.field = *field;
    if (cursor_.peek().kind == Token::Kind::kAt) {
      add_list(filter, field, cursor_.take());
      return filter;
    }
    if (!cursor_.accept("(")) cursor_.fail_expecting("'(' or '@' and a list's name");
    do {
      count_conditions(1);
      const Value value = take_value(cursor_);
      filter.values.push_back(value.literal);
      if (field) check_value(cursor_, *type_, filter, value);
    } while (cursor_.accept(","));
    cursor_.expect(")");
    return filter;
  }

  void add_list(Filter& filter, const std::optional<FieldRef>& field, const Token& name) {
    auto& lists = cursor_.scope().lists;
    const auto list = lists.find(name.text);
    if (list == lists.end())
      return unknown(name, "list", "lists", lists, cursor_.scope().filters.contains(name.text));
    list->second.used = true;
    count_conditions(list->second.values.size());
    if (field) filter.values = list_values(cursor_, *type_, *field, name, list->second);
  }

  Filter named(const Token& name) {
    auto& filters = cursor_.scope().filters;
    const auto found = filters.find(name.text);
    if (found == filters.end()) {
      unknown(name, "filter", "filters", filters, cursor_.scope().lists.contains(name.text));
      return {};
    }
    NamedFilter& filter = found->second;
    filter.used = true;
    if (filter.open) cursor_.fail(name.begin, fmt::format("filter '@{}' uses itself", name.text));
    const auto known = filter.parsed.find(type_);
    if (known != filter.parsed.end()) {
      count_conditions(conditions_in(known->second));
      return known->second;
    }
    const Cursor::Level level(cursor_);
    filter.open = true;
    Filter out = parse_named(name, filter);
    filter.open = false;
    filter.parsed.emplace(type_, out);
    return out;
  }

  // A fault in it is told at its own place; reading goes on behind the name.
  Filter parse_named(const Token& name, const NamedFilter& filter) {
    if (!filter.text.is_read()) return {};
    Cursor inner(filter.text, cursor_.scope(), cursor_.budget());
    try {
      Filter out = parse_filter(inner, type_);
      if (inner.peek().kind != Token::Kind::kEnd) inner.fail_expecting("the end");
      return out;
    } catch (const SyntaxError& error) {
      if (cursor_.scope().is_exhausted) cursor_.fail(name.begin, error.message);
      inner.problem(error.at, error.message);
      return {};
    }
  }

  template <typename Names>
  void unknown(const Token& name, std::string_view kind, std::string_view key, const Names& known,
               bool other) {
    std::vector<std::string> names;
    names.reserve(known.size());
    for (const auto& [text, entry] : known) names.push_back(text);
    const std::string hint =
        other ? fmt::format("; '@{}' is a {}", name.text,
                            kind == "list" ? "filter" : "list: write `field in @…`")
              : config::did_you_mean(name.text, names);
    cursor_.problem(name.begin,
                    fmt::format("no {} '{}' in this file's `{}`{}", kind, name.text, key, hint));
  }

  std::optional<FieldRef> resolve(const Token& name) {
    if (!type_) return std::nullopt;
    auto field = find_field(*type_, name.text);
    if (!field) cursor_.problem(name.begin, no_field(*type_, name.text));
    return field;
  }

  Cursor& cursor_;
  const core::EventType* type_;
};

constexpr std::array<std::pair<std::string_view, FieldRef::From>, 8> kCommon{
    {{"workload", FieldRef::From::kWorkload},
     {"cluster", FieldRef::From::kCluster},
     {"severity", FieldRef::From::kSeverity},
     {"actor", FieldRef::From::kActor},
     {"reason", FieldRef::From::kReason},
     {"source", FieldRef::From::kSource},
     {"collector", FieldRef::From::kCollector},
     {"agent", FieldRef::From::kAgent}}};

}  // namespace

Filter parse_filter(Cursor& cursor, const core::EventType* type) {
  return normalised(FilterParser(cursor, type).all());
}

std::optional<FieldRef> find_field(const core::EventType& type, std::string_view name) {
  if (const auto slot = type.slot(name))
    return FieldRef{FieldRef::From::kSlot, *slot, type.fields[*slot].type, std::string(name)};
  for (const auto& [common, from] : kCommon)
    if (common == name) return FieldRef{from, 0, core::FieldType::kText, std::string(name)};
  return std::nullopt;
}

std::string no_field(const core::EventType& type, std::string_view name) {
  std::vector<std::string> names;
  for (const auto& field : type.fields) names.push_back(field.name);
  for (const auto& [common, from] : kCommon)
    if (!type.slot(common)) names.emplace_back(common);
  const std::string near = config::did_you_mean(name, names);
  return fmt::format("event type '{}' has no field '{}'{}", type.name, name,
                     near.empty() ? "; it has " + config::joined(names) : near);
}

const core::Field* catalogue_field(const core::EventType& type, const FieldRef& field) {
  return field.from == FieldRef::From::kSlot ? &type.fields[field.slot] : nullptr;
}

bool is_number(const FieldRef& field) {
  return field.type == core::FieldType::kInteger || field.type == core::FieldType::kReal;
}

}  // namespace kcloud::rules
