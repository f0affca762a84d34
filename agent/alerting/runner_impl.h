// The parts of the rules loop: runner.cpp has its life and the reading, runner_state.cpp what it
// keeps and how it comes back. Internal to alerting/.
#pragma once

#include <optional>

#include "agent/alerting/runner.h"
#include "agent/journal/reader.h"
#include "rules/frontier.h"

namespace kcloud::alerting {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

inline constexpr const char* kCursor = "rules";

struct Runner::Impl {
  Impl(Options given, journal::Journal& to_read, const core::Clock& wall);

  void run(std::stop_token stop);
  // Its life.
  void open(std::stop_token stop);
  void work(std::stop_token stop);
  void wait(std::stop_token stop);
  void fail(const std::string& what, std::stop_token stop);
  // Reading.
  std::uint64_t read(std::uint64_t after, std::uint64_t to, core::EventBatch& batch);
  void feed_engine(const core::EventBatch& batch);
  void advance(core::Time frontier);
  // What it keeps.
  void recover(std::stop_token stop);
  void rebuild(std::uint64_t to, std::stop_token stop);
  void replay(const std::vector<journal::RuleStep>& taken, std::stop_token stop);
  void settle_lost(std::stop_token stop);
  void drop_repeated_ends();
  bool commit(std::stop_token stop);
  void snapshot();
  // The rule files.
  RuleSetView load() const;
  void keep_former();
  void look_for_changes(const std::stop_token& stop);
  void swap(RuleSetView set, const std::stop_token& stop);
  void fill(const std::stop_token& stop);
  void publish();

  const Options options;
  const std::filesystem::path snapshot_path;
  journal::Journal& journal;
  const core::Clock& clock;
  const std::shared_ptr<delivery::EventFeed> events;

  mutable std::mutex mutex;
  std::condition_variable_any wake;
  std::shared_ptr<const View> view;  // guarded
  std::uint64_t asked = 0;           // guarded: reloads asked for
  std::uint64_t answered = 0;        // guarded
  bool ended = false;                // guarded
  std::stop_source waiting;          // guarded: ends the wait for the journal

  // The thread's own.
  core::Decoder decoder;
  RuleSetView set;
  rules::Engine engine;
  rules::Frontier frontier;
  std::unique_ptr<journal::Reader> reader;
  std::string files_seen;                  // fingerprint()
  std::vector<rules::Transition> pending;  // not committed yet
  std::size_t judged = 0;                  // of them, by drop_repeated_ends()
  std::vector<journal::RuleStep> steps;    // likewise
  std::uint64_t step = 0;                  // number of the newest
  std::uint64_t seq = 0;                   // events up to here went through the engine
  std::uint64_t committed_seq = 0;
  core::Time reached;  // frontier of the newest step
  std::uint64_t transitions = 0;
  bool opened = false;
  bool caught_up = false;
  steady_clock::time_point settled{};  // when the wall clock counts again, after open()
  // Alerts that the journal knows as firing, by fingerprint: an end is told of these alone.
  std::map<std::string, core::Time, std::less<>> firing;
  std::optional<std::string> files_changed;  // fingerprint() of a change that was seen once
  steady_clock::time_point next_look, next_snapshot, next_publish, next_commit;
  std::uint64_t snapshot_seq = 0, snapshot_step = 0;
  std::string last_error;

  std::jthread thread;  // last
};

}  // namespace kcloud::alerting
