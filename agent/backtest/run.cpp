#include "agent/backtest/run.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "agent/backtest/drive.h"

namespace kcloud::backtest {

bool run(Events& events, const Range& range, const std::shared_ptr<const rules::RuleSet>& rules,
         Report& report, const GoOn& go_on) {
  Drive drive(rules);
  std::vector<rules::Transition> transitions;
  std::optional<core::Time> first;
  core::Time reached = range.from;
  std::uint64_t count = 0;
  bool cut = false;
  drive.ask([&](core::Time at) { return !(cut = cut || !go_on(at, count)); });
  const auto flush = [&] {
    report.take(transitions);
    transitions.clear();
  };
  for (core::EventBatch batch; events.next(batch); batch = core::EventBatch()) {
    for (const core::Event& event : batch.events) {
      const core::Time time = rules::effective_time(event);
      if (cut || !go_on(time, count)) {
        report.finish(first, count, reached, drive.late_events());
        return false;
      }
      first = std::min(first.value_or(time), time);
      reached = std::max(reached, time);
      if (time >= range.since) ++count;
      drive.add(event, transitions);
      flush();
    }
    if (batch.events.empty() && !go_on(reached, count)) {
      report.finish(first, count, reached, drive.late_events());
      return false;
    }
  }
  drive.finish(range.until, transitions);
  flush();
  report.finish(first, count, cut ? std::optional(reached) : std::nullopt, drive.late_events());
  return !cut;
}

}  // namespace kcloud::backtest
