// What numbers are made from: one picture of rollups, and how events beside them are read.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "agent/analytics/sums.h"
#include "agent/journal/rollup_state.h"
#include "core/decode.h"
#include "core/time.h"
#include "rollups/plan.h"
#include "rollups/workloads.h"

namespace kcloud::analytics {

// The range cannot be answered as it was asked: a sentence that says what can.
class BadRange : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct MeasureWish {
  std::string name;
  bool sketch = false;
};

// Sums of one type: by groups of values of tags, by intervals.
struct Wish {
  std::string type;
  std::vector<std::string> group_by;  // names of tags; empty: all events are one group
  std::vector<MeasureWish> measures;
  std::vector<core::Time> edges;  // of the intervals, ascending: one more than there are
};
// By the values of the tags; each with the sums of all intervals.
using Groups = std::map<std::vector<std::string>, std::vector<Sums>>;

class Source {
 public:
  // Everything outlives it. `tier_zone`: of the view's days, unless it says another. `now`:
  // intervals that end behind it are read as going on.
  Source(journal::RollupSource& view, const rollups::Plan& plan, core::Decoder& decoder,
         const core::Zone& tier_zone, core::Time now);

  // Whole hours (of the last day whole minutes) from rollups, what is left of the intervals from
  // the events themselves. Throws BadRange where those are no longer kept, std::runtime_error where
  // an objective was not asked of all events (rollups::Plan::shared).
  Groups collect(const Wish& wish);
  // A single group's sums; of nothing when there is none.
  std::vector<Sums> collect_all(Wish wish);
  // How many workloads all types whose workloads are counted had, by intervals.
  struct Count {
    double workloads = 0;
    bool exact = true;
  };
  std::vector<Count> workloads(const std::vector<core::Time>& edges);
  // Of a type that keeps their newest values.
  rollups::Workloads workloads_of(const std::string& type, core::Time since, core::Time until);
  // The events of a type that the rollups have, in the order of their seq.
  void events(const std::string& type, core::Time since, core::Time until,
              const std::function<void(const core::Event&)>& take);

  core::Time now() const { return now_; }
  const rollups::Plan& plan() const { return plan_; }

 private:
  struct Reading;
  struct Stretch;

  Groups read(const Wish& wish);
  void read_intervals(Reading& reading);
  void read_interval(Reading& reading, core::Time since, core::Time until);
  void read_edge(Reading& reading, core::Time since, core::Time until);
  void read_hours(Reading& reading, core::Time since, core::Time until);
  void read_cells(Reading& reading, rollups::Grain grain, core::Time since, core::Time until);
  void scan_cells(Reading& reading, const Stretch& stretch);
  void read_events(Reading& reading, core::Time since, core::Time until);
  void read_workloads(Reading& reading, core::Time since, core::Time until);
  void check_kept(core::Time since, core::Time until);

  journal::RollupSource& view_;
  const rollups::Plan& plan_;
  core::Decoder& decoder_;
  const core::Zone& zone_;
  const core::Time now_;
  std::optional<std::optional<core::Time>> kept_since_;
};

}  // namespace kcloud::analytics
