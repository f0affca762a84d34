// The rules loop: reads the journal behind its cursor, drives the rule engine, and commits what
// comes of it.
//
// One thread. A transition is an event of the journal, stored in the commit that also says how far
// the rules are (docs/decisions/0016-rule-state.md): after any end they go on where they were, with
// the same alerts and the same start times, and nothing is said twice.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "agent/alerting/rule_files.h"
#include "agent/delivery/event_feed.h"
#include "agent/journal/journal.h"
#include "config/config.h"
#include "core/decode.h"
#include "rules/engine.h"

namespace kcloud::alerting {

// What is loaded, and what the newest try to load said.
struct RuleSetView {
  std::shared_ptr<const rules::RuleSet> rules;
  std::vector<rules::RuleFile> files;
  std::string hash;  // SHA-256 of the files, 64 hex digits
  core::Time loaded;
  std::vector<std::string> problems;  // of the newest try; empty: what is there is loaded
  std::vector<std::string> bad_files;
};

// A picture of the loop; any thread may keep it.
struct View {
  RuleSetView set;
  std::vector<rules::Alert> alerts;  // pending and firing
  std::vector<rules::Engine::RuleStatus> status;
  std::uint64_t seq = 0;  // everything up to here was looked at
  core::Time frontier;    // event time that was reached
  std::uint64_t late = 0, future = 0;
  std::uint64_t transitions = 0;  // since the start
  std::size_t bytes = 0;
  bool ready = false;      // false: it has not found back to where it was before the start
  std::string last_error;  // of the loop: the disk, the snapshot
};

class Runner {
 public:
  struct Options {
    std::string agent;
    std::filesystem::path data_dir;
    RuleSources sources;
    std::vector<rules::RuleFile>
        former;  // in force until now: kept when those of `sources` are bad
    std::shared_ptr<const config::Config> config;  // keeps the catalogue
    std::shared_ptr<delivery::EventFeed> feed;     // empty: one of its own
    // Who is to be told of a transition.
    std::function<std::vector<journal::Notice>(const rules::Transition&, const rules::RuleSet&)>
        notices;
    std::function<void()> committed;  // transitions are on disk; on the loop's thread
    std::chrono::milliseconds snapshot_interval{60'000};
  };

  // Loads the rules; what is bad is left out and said. Journal and clock outlive it.
  Runner(Options options, journal::Journal& journal, const core::Clock& clock);
  ~Runner();  // stops: writes a snapshot

  void start();
  void stop();

  std::shared_ptr<const View> view() const;
  // Reads the files again at once, blocks until what they say is in force or refused (at most
  // `timeout`).
  std::shared_ptr<const View> reload(std::chrono::milliseconds timeout);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kcloud::alerting
