#include "rules/slo.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cmath>
#include <utility>

#include "rules/canonical.h"

namespace kcloud::rules {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

struct Speed {
  Duration long_window, short_window;
  double factor;  // times the speed that uses up the budget in 30 days
};
constexpr Duration kFactorPeriod = hours(24 * 30);
constexpr std::array<Speed, 2> kPage{{{hours(1), minutes(5), 14.4}, {hours(6), minutes(30), 6}}};
constexpr std::array<Speed, 2> kTicket{{{hours(24), hours(2), 3}, {hours(72), hours(6), 1}}};

// 1 - 0.99 is 0.010000000000000009.
double rounded(double ratio) { return std::round(ratio * 1e12) / 1e12; }

Expr number(double value) {
  Expr expr;
  expr.number = value;
  expr.text = fmt::format("{}", value);
  return expr;
}

Expr count(const Selector& selector, Duration window) {
  Expr expr;
  expr.kind = Expr::Kind::kAggregate;
  expr.aggregate = Aggregate::kCount;
  expr.selector = selector;
  expr.selector.window = window;
  expr.place = selector.place;
  expr.text = fmt::format("count({})", canonical(expr.selector));
  return expr;
}

Expr binary(Expr::Kind kind, std::string_view symbol, Expr left, Expr right) {
  Expr expr;
  expr.kind = kind;
  expr.place = left.place;
  expr.text = fmt::format("{} {} {}", left.text, symbol, right.text);
  expr.operands.push_back(std::move(left));
  expr.operands.push_back(std::move(right));
  return expr;
}

Expr burns(const Objective& objective, Duration window, double limit) {
  return binary(Expr::Kind::kGreater, ">",
                binary(Expr::Kind::kDivide, "/", count(objective.bad, window),
                       count(objective.total, window)),
                number(limit));
}

std::optional<Expr> either(const Objective& objective, const std::array<Speed, 2>& speeds) {
  std::optional<Expr> out;
  const double scale =
      static_cast<double>(objective.period.count()) / static_cast<double>(kFactorPeriod.count());
  for (const Speed& speed : speeds) {
    const double limit = rounded(speed.factor * scale * (1 - objective.target));
    if (limit >= 1) continue;
    Expr expr = binary(Expr::Kind::kAnd, "and", burns(objective, speed.long_window, limit),
                       burns(objective, speed.short_window, limit));
    if (objective.min_events > 0)
      expr =
          binary(Expr::Kind::kAnd, "and", std::move(expr),
                 binary(Expr::Kind::kGreaterEqual, ">=", count(objective.total, speed.long_window),
                        number(objective.min_events)));
    out = out ? binary(Expr::Kind::kOr, "or", std::move(*out), std::move(expr)) : std::move(expr);
  }
  return out;
}

}  // namespace

Burn burn(const Objective& objective) {
  return {either(objective, kPage), either(objective, kTicket)};
}

}  // namespace kcloud::rules
