// Days made of their hours, once they are over: what a long range is read from. A day that an event
// still came to is made anew.
//
// Pure but for the view. Of one thread.
#pragma once

#include <chrono>
#include <set>
#include <utility>

#include "agent/journal/rollup_state.h"
#include "core/time.h"
#include "rollups/workloads.h"

namespace kcloud::analytics {

// The zone whose days are kept: the agent's, or UTC where its days do not begin with an hour.
core::Zone tier_zone(const std::string& default_zone, core::Time now);

class Days {
 public:
  explicit Days(core::Zone zone) : zone_(std::move(zone)) {}

  // What is there; days of another zone are to go.
  void open(journal::RollupView& view, journal::RollupCommit& commit);
  // Days of the hours that it changes are not whole any more.
  void touched(journal::RollupCommit& commit);
  // Into an empty commit: one day that is due; none: nothing.
  void make_one(journal::RollupView& view, core::Time now, journal::RollupCommit& commit);

 private:
  const core::Zone zone_;
  std::set<std::pair<std::int64_t, rollups::Part>> due_;  // the day's beginning
};

}  // namespace kcloud::analytics
