// The rollups' loop: reads the journal behind its cursor, adds the events up, and commits what
// changed with how far it is (docs/decisions/0018-rollups.md): the same numbers after any crash.
//
// One thread. Beside it makes days of closed hours, drops what is too old, and makes hours anew on
// demand.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/delivery/event_feed.h"
#include "agent/journal/journal.h"
#include "config/config.h"
#include "rollups/plan.h"

namespace kcloud::analytics {

struct RebuildStatus {
  enum class State : std::uint8_t { kNone, kRunning, kDone, kFailed };
  State state = State::kNone;
  core::Time since, until;  // whole hours
  std::size_t hours = 0, done = 0;
  std::vector<core::Time> refused;  // hours whose events are not all kept any more; at most 1,000
  std::string error;
};

struct LoopStatus {
  std::uint64_t seq = 0;     // everything up to here is in the rollups
  std::uint64_t lag = 0;     // events behind
  std::uint64_t events = 0;  // added since the start
  std::uint64_t missed = 0;  // that were gone before they could be added, since the start
  std::uint64_t others = 0;  // whose tags became `other`, since the start
  std::size_t bytes = 0;     // of memory
  std::string last_error;
  RebuildStatus rebuild;
};

class RollupLoop {
 public:
  struct Options {
    std::shared_ptr<const config::Config> config;  // keeps the catalogue
    std::shared_ptr<const rollups::Plan> plan;
    std::shared_ptr<delivery::EventFeed> feed;  // empty: one of its own
    std::chrono::milliseconds commit_interval{1000};
  };

  // Journal and clock outlive it.
  RollupLoop(Options options, journal::Journal& journal, const core::Clock& clock);
  ~RollupLoop();  // stops: commits what it has

  void start();
  void stop();
  LoopStatus status() const;
  // Makes the hours of [since, until) anew, from their events. False: one is running. Any thread.
  bool rebuild(core::Time since, core::Time until);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kcloud::analytics
