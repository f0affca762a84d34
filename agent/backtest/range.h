// The time that a back-test is about, and what of the time before fills the rules' windows.
#pragma once

#include "core/time.h"
#include "rules/rule.h"

namespace kcloud::backtest {

// Event times.
struct Range {
  core::Time from, since, until;  // from <= since < until
  core::Time now;                 // of the wall clock, at the start
};

// How far into the past the windows of a rule reach.
rules::Duration reach(const rules::Rule& rule);

// With `from` so far before `since` as the rules that are enabled reach.
Range range_for(const rules::RuleSet& rules, core::Time since, core::Time until, core::Time now);

}  // namespace kcloud::backtest
