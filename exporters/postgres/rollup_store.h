// The rollups that agents keep together in one database (README.md, "Rollups"): what a delivery
// adds, and the upkeep that one agent at a time does for all.
//
// Of one thread and one connection at a time: after an error, and with another connection, forget()
// comes first.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/event.h"
#include "core/time.h"
#include "exporters/postgres/connection.h"
#include "exporters/postgres/rollup_rows.h"
#include "rollups/accumulator.h"
#include "rollups/keys.h"
#include "rollups/plan.h"

namespace kcloud::postgres {

class RollupStore {
 public:
  // `zone`: its days are kept, unless another agent's were first.
  RollupStore(std::shared_ptr<const rollups::Plan> plan, std::string zone);

  // What the events add up to, into the transaction that stores them as rows. Throws Error.
  void add(Connection& connection, const std::vector<const core::Event*>& events);
  // In transactions of its own, as far as it is time for it. Throws Error.
  void upkeep(Connection& connection, core::Time now, std::chrono::days keep);
  // Adds pending deltas to the cells; false: there is nothing more to add, or another agent does.
  bool fold(Connection& connection);
  void forget();

  // For who makes hours anew, within a transaction of REPEATABLE READ that began after lock().
  static void lock(Connection& connection);  // waits for its turn, as long as the session lasts …
  static void unlock(Connection& connection);  // … or until then
  // What the transaction sees pending is added; what is damaged is left out.
  void fold_seen(Connection& connection);
  rollups::Dictionary& dictionary() { return dictionary_; }  // as it was read by fold_seen()
  // The cells of the hour, and of its minutes if those are to be kept, are these.
  void replace_hour(Connection& connection, std::int64_t hour,
                    rollups::Accumulator::Changes changes, bool minutes);

 private:
  bool fold(Connection& connection, bool careful);
  // Of all that is pending, about so many bytes; false: nothing is.
  bool add_pending(Connection& connection, std::int64_t most_bytes, bool careful);
  void write(Connection& connection, rollups::Accumulator::Changes changes);
  void write_names(Connection& connection);
  void touch_days(Connection& connection, const std::vector<rollups::Change>& cells);
  bool make_day(Connection& connection, core::Time now);
  void drop_minutes(Connection& connection, core::Time now);
  void drop_old(Connection& connection, core::Time before);
  const core::Zone& day_zone(Connection& connection);

  const std::shared_ptr<const rollups::Plan> plan_;
  const std::string zone_name_;
  rollups::Dictionary dictionary_;  // as far as it was read
  std::optional<core::Zone> day_zone_;
  std::uint64_t added_ = 0;  // deltas since the last fold
  std::chrono::steady_clock::time_point next_fold_, next_drop_;
};

}  // namespace kcloud::postgres
