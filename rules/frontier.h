// How far event time has come: what Engine::advance() is driven by. Pure.
//
// Of each collector the greatest event time seen (clamped to its arrival where it lies more than 1
// min in the future); over the collectors that are not idle the least of them. A collector that is
// silent for `idle_after` holds nobody up; when all are idle the frontier follows the wall clock.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>

#include "core/event.h"
#include "core/time.h"

namespace kcloud::rules {

class Frontier {
 public:
  explicit Frontier(std::chrono::milliseconds idle_after = std::chrono::seconds(10))
      : idle_after_(idle_after) {}
  void add(const core::Event& event);  // by event.collector, time and received
  // Never goes back. `now`: wall clock.
  core::Time at(core::Time now);

 private:
  struct Seen {
    core::Time time, received;
  };
  std::chrono::milliseconds idle_after_;
  std::map<std::string, Seen, std::less<>> collectors_;
  core::Time reached_{};
};

// The time that rules count an event at.
core::Time effective_time(const core::Event& event);

}  // namespace kcloud::rules
