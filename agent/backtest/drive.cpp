#include "agent/backtest/drive.h"

#include <algorithm>
#include <utility>

namespace kcloud::backtest {

Drive::Drive(std::shared_ptr<const rules::RuleSet> rules) : engine_(std::move(rules)) {
  for (const rules::Group& group : engine_.rules().groups)
    max_delay_ = std::max(max_delay_, group.max_delay);
}

void Drive::look_at(core::Time time, std::function<void(const rules::Engine&)> look) {
  looks_.emplace(time, std::move(look));
}

void Drive::advance(core::Time frontier, std::vector<rules::Transition>& out) {
  while (!looks_.empty() && looks_.begin()->first <= frontier) {
    go_to(looks_.begin()->first, out);
    looks_.begin()->second(engine_);
    looks_.erase(looks_.begin());
  }
  go_to(frontier, out);
}

void Drive::go_to(core::Time frontier, std::vector<rules::Transition>& out) {
  while (go_on_ && reached_ != core::Time() && frontier - reached_ > std::chrono::hours(1)) {
    reached_ += std::chrono::hours(1);
    if (!go_on_(reached_)) return;
    engine_.advance(reached_, out);
  }
  reached_ = std::max(reached_, frontier);
  engine_.advance(frontier, out);
}

void Drive::begin(core::Time time, std::vector<rules::Transition>& out) {
  started_ = true;
  advance(time, out);
}

void Drive::add(const core::Event& event, std::vector<rules::Transition>& out) {
  frontier_.add(event);
  // Its own collector has just been heard of, so never all are idle: the clock moves nothing.
  const core::Time reached = frontier_.at(event.received);
  // A silence in front of it is evaluated first, as it was when it lasted.
  if (started_) advance(reached - std::chrono::milliseconds(1), out);
  started_ = true;
  engine_.add(event, out);
  advance(reached, out);
}

void Drive::finish(core::Time until, std::vector<rules::Transition>& out) {
  advance(until + max_delay_, out);
}

}  // namespace kcloud::backtest
