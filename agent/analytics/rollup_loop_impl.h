// The parts of the rollups' loop: rollup_loop.cpp has its life and the reading, rollup_upkeep.cpp
// what is made anew and what is dropped. Internal to analytics/.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "agent/analytics/rollup_days.h"
#include "agent/analytics/rollup_loop.h"
#include "agent/journal/reader.h"
#include "agent/journal/rollup_state.h"
#include "core/decode.h"
#include "rollups/accumulator.h"

namespace kcloud::analytics {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

struct RollupLoop::Impl {
  Impl(Options given, journal::Journal& to_read, const core::Clock& wall);

  void run(const std::stop_token& stop);
  void open(const std::stop_token& stop);
  void work(const std::stop_token& stop);
  void wait(const std::stop_token& stop);
  void read(std::uint64_t head);
  void look_back(journal::RollupView& view);
  bool commit_changes(const std::stop_token& stop);
  bool commit(const journal::RollupCommit& commit, const std::stop_token& stop);
  void step_rebuild(const std::stop_token& stop);
  void end_rebuild(const std::stop_token& stop);
  void upkeep(const std::stop_token& stop);
  void drop_minutes(journal::RollupCommit& commit);
  void drop_old(journal::RollupCommit& commit);
  void fail(const std::string& what, const std::stop_token& stop);
  void publish();

  const Options options;
  journal::Journal& journal;
  const core::Clock& clock;
  const std::shared_ptr<delivery::EventFeed> events;

  mutable std::mutex mutex;
  std::condition_variable_any wake;
  LoopStatus shown;                    // guarded
  std::optional<RebuildStatus> asked;  // guarded: not begun yet
  std::stop_source waiting;            // guarded: ends the wait for the journal

  // The thread's own.
  core::Decoder decoder;
  rollups::Dictionary dictionary;
  std::unique_ptr<rollups::Accumulator> sums;
  std::unique_ptr<Days> days;
  std::unique_ptr<journal::Reader> reader;
  std::uint64_t seq = 0, committed_seq = 0;
  std::uint64_t added = 0, missed = 0;
  std::uint64_t others = 0;  // of what `sums` was before
  bool opened = false;
  std::vector<std::string> incomplete;  // measures that a rebuild is to bring
  RebuildStatus rebuild;
  steady_clock::time_point next_commit, next_upkeep;
  std::string last_error;

  std::jthread thread;  // last
};

}  // namespace kcloud::analytics
