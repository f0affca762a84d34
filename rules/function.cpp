#include "rules/function.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/suggest.h"
#include "rules/filter_parser.h"

namespace kcloud::rules {
namespace {

using Field = Function::Field;
using Kind = Expr::Kind;

constexpr std::array<Function, 17> kFunctions{{
    {"count", Kind::kAggregate, Aggregate::kCount, Field::kOptional, "count(type[5m])"},
    {"rate", Kind::kAggregate, Aggregate::kRate, Field::kOptionalNumber, "rate(type[5m])"},
    {"sum", Kind::kAggregate, Aggregate::kSum, Field::kNumber, "sum(type.field[5m])"},
    {"avg", Kind::kAggregate, Aggregate::kAvg, Field::kNumber, "avg(type.field[5m])"},
    {"min", Kind::kAggregate, Aggregate::kMin, Field::kNumber, "min(type.field[5m])"},
    {"max", Kind::kAggregate, Aggregate::kMax, Field::kNumber, "max(type.field[5m])"},
    {"stddev", Kind::kAggregate, Aggregate::kStddev, Field::kNumber, "stddev(type.field[5m])"},
    {"quantile", Kind::kAggregate, Aggregate::kQuantile, Field::kNumber,
     "quantile(0.99, type.field[5m])"},
    {"distinct", Kind::kAggregate, Aggregate::kDistinct, Field::kAny, "distinct(type.field[5m])"},
    {"last", Kind::kAggregate, Aggregate::kLast, Field::kNumber, "last(type.field[5m])"},
    {"absent", Kind::kAggregate, Aggregate::kAbsent, Field::kOptional, "absent(type[5m])"},
    {"new", Kind::kAggregate, Aggregate::kNew, Field::kAny, "new(type.field[30d])"},
    {"changed", Kind::kAggregate, Aggregate::kChanged, Field::kAny, "changed(type.field)"},
    {"baseline", Kind::kBaseline, {}, {}, "baseline(sum(type.field[15m]), 24h)"},
    {"zscore", Kind::kZscore, {}, {}, "zscore(sum(type.field[15m]), 24h)"},
    {"prev", Kind::kPrev, {}, {}, "prev(count(type[5m]))"},
    {"abs", Kind::kAbs, {}, {}, "abs(…)"},
}};

std::vector<std::string> names() {
  std::vector<std::string> names;
  names.reserve(kFunctions.size());
  for (const auto& function : kFunctions) names.emplace_back(function.name);
  return names;
}

std::string numbers_of(const core::EventType& type) {
  std::vector<std::string> names;
  names.reserve(kFunctions.size());
  for (const auto& field : type.fields)
    if (field.type == core::FieldType::kInteger || field.type == core::FieldType::kReal)
      names.push_back(field.name);
  return names.empty() ? "; it has no number" : "; its numbers are " + config::joined(names);
}

std::string wrong_field(const Function& function, const WrittenSelector& written,
                        const Selector& selector) {
  const bool needed = function.field == Field::kAny || function.field == Field::kNumber;
  if (!written.field)
    return needed ? fmt::format("{} needs a field: {}", function.name, function.form) : "";
  const bool number = function.field == Field::kNumber || function.field == Field::kOptionalNumber;
  if (number && selector.field && !is_number(*selector.field))
    return fmt::format("{} needs a number, and '{}' of '{}' is none{}", function.name,
                       selector.field->name, selector.type->name, numbers_of(*selector.type));
  return {};
}

}  // namespace

std::span<const Function> functions() { return kFunctions; }

const Function* find_function(std::string_view name) {
  const auto* found = std::find_if(kFunctions.begin(), kFunctions.end(),
                                   [&](const auto& function) { return function.name == name; });
  return found == kFunctions.end() ? nullptr : found;
}

const Function* nearest_function(std::string_view name) {
  return find_function(config::nearest(name, names()));
}

std::string unknown_function(std::string_view name) {
  const std::string near = config::did_you_mean(name, names());
  return fmt::format("unknown function '{}'{}", name,
                     near.empty() ? "; there are " + config::joined(names()) : near);
}

std::vector<std::pair<std::size_t, std::string>> misuse(const Function& function,
                                                        const WrittenSelector& written,
                                                        const Selector& selector) {
  std::vector<std::pair<std::size_t, std::string>> out;
  if (auto wrong = wrong_field(function, written, selector); !wrong.empty())
    out.emplace_back(written.field.value_or(written.begin), std::move(wrong));
  const bool changed = function.aggregate == Aggregate::kChanged;
  if (!written.window && !changed)
    out.emplace_back(written.begin,
                     fmt::format("{} needs a window: {}", function.name, function.form));
  if (written.window && changed)
    out.emplace_back(*written.window, "changed has no window: it compares with the event before");
  if (written.offset && (changed || function.aggregate == Aggregate::kNew))
    out.emplace_back(
        *written.offset,
        fmt::format("{} has no offset: it is about the event that arrives", function.name));
  return out;
}

}  // namespace kcloud::rules
