#include "agent/backtest/range.h"

#include <algorithm>
#include <utility>

namespace kcloud::backtest {

using rules::Duration;

Duration reach(const rules::Rule& rule) {
  const auto of = [](const auto& self, const rules::Expr& expr) -> std::pair<Duration, Duration> {
    // How far back, and the longest window.
    Duration most = expr.selector.window + expr.selector.offset;
    Duration longest = expr.selector.window;
    for (const rules::Expr& operand : expr.operands) {
      const auto [back, window] = self(self, operand);
      most = std::max(most, back);
      longest = std::max(longest, window);
    }
    if (expr.kind == rules::Expr::Kind::kPrev) most += longest;
    return {most + expr.look_back, longest};
  };
  return rule.expr ? of(of, *rule.expr).first : rule.within;
}

Range range_for(const rules::RuleSet& rules, core::Time since, core::Time until, core::Time now) {
  Duration longest{0};
  for (const rules::Group& group : rules.groups)
    for (const rules::Rule& rule : group.rules)
      if (rule.enabled) longest = std::max(longest, reach(rule));
  // An hour more, to see whether there was anything before what the windows need.
  return {std::max(since - longest - std::chrono::hours(1), core::Time()), since, until, now};
}

}  // namespace kcloud::backtest
