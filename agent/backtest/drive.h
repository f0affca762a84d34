// Events through a rule engine as they arrived, time moved by them alone: what tests of rules and
// back-tests have in common. Pure.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "core/event.h"
#include "rules/engine.h"
#include "rules/frontier.h"

namespace kcloud::backtest {

class Drive {
 public:
  explicit Drive(std::shared_ptr<const rules::RuleSet> rules);

  // Called once, when everything up to the frontier `time` is evaluated and nothing beyond it. To
  // be set before time is there.
  void look_at(core::Time time, std::function<void(const rules::Engine&)> look);
  // Asked with each hour that passes: a long gap of events is evaluated too. False: evaluation ends
  // there, and what follows is nothing.
  void ask(std::function<bool(core::Time)> go_on) { go_on_ = std::move(go_on); }
  // Before any event: time begins here, not with the first event.
  void begin(core::Time time, std::vector<rules::Transition>& out);
  std::uint64_t late_events() const { return engine_.late_events(); }
  // In the order of arrival. Evaluates what was due before the event, then the event.
  void add(const core::Event& event, std::vector<rules::Transition>& out);
  // All that is due up to `until`, as if later events had come. Groups of rules that wait less for
  // late events come further: their transitions behind `until` are there too.
  void finish(core::Time until, std::vector<rules::Transition>& out);

 private:
  void advance(core::Time frontier, std::vector<rules::Transition>& out);
  void go_to(core::Time frontier, std::vector<rules::Transition>& out);

  rules::Engine engine_;
  core::Time reached_{};
  std::function<bool(core::Time)> go_on_;
  std::multimap<core::Time, std::function<void(const rules::Engine&)>> looks_;
  rules::Frontier frontier_;
  rules::Duration max_delay_{0};
  bool started_ = false;
};

}  // namespace kcloud::backtest
