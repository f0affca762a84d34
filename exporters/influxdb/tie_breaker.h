// Gives every event its own nanosecond within its series, as equal series and time overwrite.
//
// The digits below the timestamp's own resolution (whole seconds, milliseconds or microseconds)
// are filled from the event id: stable over retries, restarts and agents. When another event of the
// series has that nanosecond already, among the last 65,536 points, the point moves on by 1 ns. The
// window knows who owns a nanosecond, so an event that is delivered again keeps its point.
// What a crash leaves: the window begins empty. An event that had moved and is delivered again
// together with its neighbour moves again, to the same place; one whose neighbour was confirmed
// before the crash takes the neighbour's point. Times stamped to the nanosecond have no free digits
// and rely on the window alone. One thread; about 4 MiB when full.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "core/event_id.h"

namespace kcloud::influxdb {

class TieBreaker {
 public:
  static constexpr std::size_t kWindow = 65'536;

  struct Place {
    std::int64_t nanos;
    bool moved;  // off the place its id gives, by a collision
  };
  Place assign(std::uint64_t series_hash, core::Time time, const core::EventId& id);

 private:
  struct Point {
    std::uint64_t owner;  // hash of the event that has it
    std::int64_t next;    // where those that collide here go on looking; 0: at the next nanosecond
  };
  struct Slot {
    std::uint64_t point;  // key in points_
    std::uint64_t moved;  // key in moved_; 0: the event is where its id puts it
  };
  void remember(std::uint64_t point, std::uint64_t owner, std::uint64_t moved);

  std::unordered_map<std::uint64_t, Point> points_;        // by hash of series and time
  std::unordered_map<std::uint64_t, std::int64_t> moved_;  // by hash of series and event
  std::vector<Slot> ring_;                                 // in the order they came
  std::size_t oldest_ = 0;
};

// `time` with the digits below its resolution filled from `id`.
std::int64_t spread(core::Time time, const core::EventId& id);

}  // namespace kcloud::influxdb
