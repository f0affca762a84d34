// Analytics: the rollups' loop of this agent, and answers from what it keeps, or from what all
// agents keep in their database (`query.backend: postgres`).
//
// Any thread. The journal and the clock outlive it.
#pragma once

#include <functional>
#include <memory>
#include <mutex>

#include "agent/analytics/answer.h"
#include "agent/analytics/calls.h"
#include "agent/analytics/objectives.h"
#include "agent/analytics/request.h"
#include "agent/analytics/rollup_loop.h"
#include "agent/journal/reader.h"

namespace kcloud::analytics {

class Analytics {
 public:
  Analytics(journal::Journal& journal, const core::Clock& clock);
  ~Analytics();

  // As the configuration has it now; a loop that runs is exchanged. Off: stops it; answers are then
  // those of the database, if any.
  void start(std::shared_ptr<const config::Config> config,
             std::shared_ptr<delivery::EventFeed> feed);
  void stop();

  bool enabled() const;        // there are answers
  bool keeps_rollups() const;  // of this agent
  // Throws BadRange, and what the reader throws.
  Answer answer(Kind kind, const Request& request, journal::EventReader& reader,
                core::Decoder& decoder) const;

  LoopStatus status() const;
  // False: one is running, or it is off.
  bool rebuild(core::Time since, core::Time until);

 private:
  struct State {
    std::shared_ptr<const config::Config> config;
    std::shared_ptr<const rollups::Plan> plan;  // of what answers are made from
    std::vector<Objective> objectives;
    core::Zone tier_zone;
  };
  std::shared_ptr<const State> state() const;
  void stop_loop();

  journal::Journal& journal_;
  const core::Clock& clock_;
  mutable std::mutex mutex_;
  std::shared_ptr<const State> state_;  // guarded; nullptr: off
  std::unique_ptr<RollupLoop> loop_;    // guarded
};

}  // namespace kcloud::analytics
