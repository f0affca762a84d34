// A service level objective as rules: one that pages, one that makes a ticket, by how fast the
// error budget is used up, each over a long and a short window (Google SRE workbook, chapter 5).
// Pure.
#pragma once

#include <optional>
#include <string>

#include "rules/rule.h"

namespace kcloud::rules {

struct Objective {
  std::string name;
  double target = 0;       // 0.99
  Duration period{0};      // the budget's; the factors are those of 30 days, in proportion
  Selector total, bad;     // of single events
  double min_events = 20;  // in the long window
};

struct Burn {
  std::optional<Expr> page;  // nullopt: at this target even nothing but bad events is not that fast
  std::optional<Expr> ticket;
};

Burn burn(const Objective& objective);

}  // namespace kcloud::rules
