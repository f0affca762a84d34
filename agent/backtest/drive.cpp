#include "agent/backtest/drive.h"

#include <algorithm>

namespace kcloud::backtest {

Drive::Drive(std::shared_ptr<const rules::RuleSet> rules) : engine_(std::move(rules)) {
  for (const rules::Group& group : engine_.rules().groups)
    max_delay_ = std::max(max_delay_, group.max_delay);
}

void Drive::begin(core::Time time, std::vector<rules::Transition>& out) {
  started_ = true;
  engine_.advance(time, out);
}

void Drive::add(const core::Event& event, std::vector<rules::Transition>& out) {
  frontier_.add(event);
  // Its own collector has just been heard of, so never all are idle: the clock moves nothing.
  const core::Time reached = frontier_.at(event.received);
  // A silence in front of it is evaluated first, as it was when it lasted.
  if (started_) engine_.advance(reached - std::chrono::milliseconds(1), out);
  started_ = true;
  engine_.add(event, out);
  engine_.advance(reached, out);
}

void Drive::finish(core::Time until, std::vector<rules::Transition>& out) {
  engine_.advance(until + max_delay_, out);
}

}  // namespace kcloud::backtest
