// Rules over stored events, as if they had been there then. Events stream through; memory follows
// the rules' windows, not the time that is looked at.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "agent/backtest/events.h"
#include "agent/backtest/report.h"

namespace kcloud::backtest {

// Asked before each event, with its time and how many of the range there were.
using GoOn = std::function<bool(core::Time at, std::uint64_t events)>;

// Blocks. False: `go_on` said no, and the report ends with the newest event so far.
bool run(Events& events, const Range& range, const std::shared_ptr<const rules::RuleSet>& rules,
         Report& report, const GoOn& go_on);

}  // namespace kcloud::backtest
