#include "rules/check.h"

#include <fmt/format.h>

#include <algorithm>

#include "rules/canonical.h"
#include "rules/filter_parser.h"

namespace kcloud::rules {
namespace {

using Kind = Expr::Kind;

constexpr std::int64_t kMaxBaselineWindows = 3000;
constexpr std::int64_t kMinBaselineWindows = 3;

bool is_comparison(Kind kind) { return kind >= Kind::kEqual && kind <= Kind::kLessEqual; }
bool is_logic(Kind kind) { return kind >= Kind::kAnd && kind <= Kind::kNot; }
bool is_baseline(Kind kind) { return kind == Kind::kBaseline || kind == Kind::kZscore; }

bool is_event_condition(const Expr& expr) {
  return expr.kind == Kind::kEvent ||
         (expr.kind == Kind::kAggregate &&
          (expr.aggregate == Aggregate::kNew || expr.aggregate == Aggregate::kChanged));
}

Duration longest_window(const Expr& expr) {
  Duration longest{0};
  for_each(expr, [&](const Expr& part) { longest = std::max(longest, part.selector.window); });
  return longest;
}

// How far back it looks; a negative offset does not exist.
Duration reach(const Expr& expr) {
  Duration far = expr.selector.window + expr.selector.offset;
  for (const Expr& operand : expr.operands) far = std::max(far, reach(operand));
  if (is_baseline(expr.kind)) far += expr.look_back;
  if (expr.kind == Kind::kPrev) far += longest_window(expr);
  return far;
}

// What a count-like number compared with a constant always is; nullopt: it depends.
std::optional<bool> foregone(const Expr& comparison) {
  const Expr& left = comparison.operands[0];
  const Expr& right = comparison.operands[1];
  const bool counts =
      left.kind == Kind::kAggregate &&
      (left.aggregate == Aggregate::kCount || left.aggregate == Aggregate::kDistinct ||
       left.aggregate == Aggregate::kStddev ||
       (left.aggregate == Aggregate::kRate && !left.selector.field));
  if (!counts || right.kind != Kind::kNumber) return std::nullopt;
  const double limit = right.number;
  switch (comparison.kind) {
    case Kind::kGreater:
      return limit < 0 ? std::optional(true) : std::nullopt;
    case Kind::kGreaterEqual:
      return limit <= 0 ? std::optional(true) : std::nullopt;
    case Kind::kLess:
      return limit <= 0 ? std::optional(false) : std::nullopt;
    case Kind::kLessEqual:
    case Kind::kEqual:
      return limit < 0 ? std::optional(false) : std::nullopt;
    default:
      return limit < 0 ? std::optional(true) : std::nullopt;
  }
}

bool keeps_percent(Aggregate aggregate) {
  return aggregate == Aggregate::kAvg || aggregate == Aggregate::kMin ||
         aggregate == Aggregate::kMax || aggregate == Aggregate::kLast ||
         aggregate == Aggregate::kQuantile;
}

// `30%` against a field whose unit is percent.
bool is_percent_twice(const Expr& value, const Expr& number) {
  if (value.kind != Kind::kAggregate || !keeps_percent(value.aggregate)) return false;
  const Selector& selector = value.selector;
  if (!selector.type || !selector.field) return false;
  const core::Field* field = catalogue_field(*selector.type, *selector.field);
  return field && field->unit == core::Unit::kPercent && number.kind == Kind::kNumber &&
         number.text.ends_with('%');
}

// Whether a condition can be true, and can be false, when one event of `arriving` arrives that
// matches its selector.
struct Chances {
  bool yes = true;
  bool no = true;
};

Chances chances(const Expr& expr, const Expr& arriving) {
  if (is_event_condition(expr)) {
    if (&expr == &arriving && expr.kind == Kind::kEvent) return {true, false};
    return {expr.selector.type == arriving.selector.type, true};
  }
  if (!is_logic(expr.kind)) return {};
  const Chances left = chances(expr.operands[0], arriving);
  if (expr.kind == Kind::kNot) return {left.no, left.yes};
  Chances right = chances(expr.operands[1], arriving);
  if (expr.kind == Kind::kUnless) right = {right.no, right.yes};
  if (expr.kind == Kind::kOr) return {left.yes || right.yes, left.no && right.no};
  return {left.yes && right.yes, left.no || right.no};
}

class Checker {
 public:
  explicit Checker(Scope& scope) : scope_(scope) {}

  void part(const Expr& expr) {
    for (const Expr& operand : expr.operands) part(operand);
    if (is_logic(expr.kind)) return conditions(expr);
    for (const Expr& operand : expr.operands)
      if (operand.is_condition())
        scope_.problem(operand.place,
                       fmt::format("expected a number, found the condition `{}`", operand.text));
    if (is_comparison(expr.kind)) comparison(expr);
    if (is_baseline(expr.kind) || expr.kind == Kind::kPrev) past(expr);
  }

  void event_conditions(const Expr& whole) {
    bool possible = false;
    for_each(whole, [&](const Expr& arriving) {
      if (is_event_condition(arriving)) possible = possible || chances(whole, arriving).yes;
    });
    if (!possible)
      scope_.problem(whole.place,
                     "never true: one event decides here, and none can fulfil all of it; events "
                     "that follow each other are a `sequence`");
  }

 private:
  void conditions(const Expr& expr) {
    for (const Expr& operand : expr.operands)
      if (!operand.is_condition())
        scope_.problem(
            operand.place,
            fmt::format("expected a condition, found the number `{}`; compare it", operand.text));
  }

  void comparison(const Expr& expr) {
    const Expr& left = expr.operands[0];
    const Expr& right = expr.operands[1];
    if (left.kind == Kind::kNumber && right.kind == Kind::kNumber)
      return scope_.problem(expr.place,
                            fmt::format("`{}` is constant: it looks at no event", expr.text));
    if (const auto always = foregone(expr))
      scope_.problem(expr.place,
                     fmt::format("`{}` is {} true", expr.text, *always ? "always" : "never"));
    for (const auto& [value, number] : {std::pair(&left, &right), std::pair(&right, &left)})
      if (is_percent_twice(*value, *number))
        scope_.problem(
            number->place,
            fmt::format("field '{}' is in percent already: write {} for {}",
                        value->selector.field->name, number->number * 100, number->text));
  }

  void past(const Expr& expr) {
    const Duration window = longest_window(expr);
    if (window.count() == 0)
      return scope_.problem(expr.place, fmt::format("`{}` looks at no window", expr.text));
    if (!is_baseline(expr.kind)) return;
    for_each(expr.operands[0], [&](const Expr& inner) {
      if (is_baseline(inner.kind))
        scope_.problem(inner.place, "baseline and zscore do not stand in one another");
    });
    const std::int64_t windows = expr.look_back / window;
    if (windows < kMinBaselineWindows || windows > kMaxBaselineWindows)
      scope_.problem(expr.place, fmt::format("looking back {} is {} windows of {}; from {} to {} "
                                             "are possible",
                                             to_string(expr.look_back), windows, to_string(window),
                                             kMinBaselineWindows, kMaxBaselineWindows));
  }

  Scope& scope_;
};

}  // namespace

void for_each(const Expr& expr, const std::function<void(const Expr&)>& visit) {
  visit(expr);
  for (const Expr& operand : expr.operands) for_each(operand, visit);
}

bool has_event_condition(const Expr& expr) {
  bool found = false;
  for_each(expr, [&](const Expr& part) { found = found || is_event_condition(part); });
  return found;
}

bool has_absent(const Expr& expr) {
  bool found = false;
  for_each(expr, [&](const Expr& part) {
    found = found || (part.kind == Kind::kAggregate && part.aggregate == Aggregate::kAbsent);
  });
  return found;
}

void check_condition(const Expr& expr, Scope& scope) {
  Checker checker(scope);
  checker.part(expr);
  if (!expr.is_condition())
    scope.problem(
        expr.place,
        fmt::format("a rule is a condition, this is a number; compare it: {} > 0", expr.text));
  else if (has_event_condition(expr))
    checker.event_conditions(expr);
  const Duration longest = scope.options.longest_window;
  if (longest_window(expr) <= longest && reach(expr) > longest)
    scope.problem(expr.place, fmt::format("this looks back {}, further than {}",
                                          to_string(reach(expr)), to_string(longest)));
}

}  // namespace kcloud::rules
