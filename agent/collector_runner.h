// One collector on a thread of its own: run, after a failure again with backoff, paused and resumed
// on demand. What happens to it touches no other.
//
// Public functions may be called from any thread. pause() waits a few seconds at most for the
// collector to settle what it had handed over, resume() until it runs.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "agent/api/context.h"
#include "core/backoff.h"
#include "core/collector.h"
#include "core/counters.h"
#include "core/time.h"

namespace kcloud::agent {

// Counts what passes through it to the journal, alike for every collector.
class CountingSink final : public core::EventSink {
 public:
  CountingSink(core::EventSink& sink, std::shared_ptr<core::CollectorCounters> counters)
      : sink_(sink), counters_(std::move(counters)) {}
  void accept(std::unique_ptr<core::Intake> intake, core::Completion done) override;

 private:
  core::EventSink& sink_;
  const std::shared_ptr<core::CollectorCounters> counters_;
};

class CollectorRunner {
 public:
  struct Options {
    std::string name;
    core::BackoffOptions backoff;
    bool paused = false;  // until it is resumed
    std::shared_ptr<core::CollectorCounters> counters;
  };

  // Starts at once. Sink and clock outlive the runner.
  CollectorRunner(Options options, std::unique_ptr<core::Collector> collector,
                  core::EventSink& sink, const core::Clock& clock);
  ~CollectorRunner();  // as stop()

  api::CollectorStatus status() const;
  const core::CollectorCounters& counters() const { return *options_.counters; }

  void pause();
  void resume();
  bool paused() const;
  void request_stop();  // does not wait
  void stop();          // waits for the collector's end

 private:
  void work(std::stop_token stop);
  // One life of the collector; what ended it, empty when it was asked to end.
  std::string run_once(std::stop_token stop);
  void log_failure(const std::string& error, std::chrono::milliseconds wait);

  const Options options_;
  const std::unique_ptr<core::Collector> collector_;
  CountingSink sink_;
  const core::Clock& clock_;

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  bool paused_;            // wanted; guarded, as all below
  std::stop_source life_;  // of the run under way
  api::CollectorPhase phase_ = api::CollectorPhase::kStarting;
  std::uint64_t restarts_ = 0;  // after failures
  std::string last_error_;
  core::Time last_error_time_{};
  std::string logged_error_;
  std::chrono::steady_clock::time_point logged_at_{};
  std::jthread thread_;
};

}  // namespace kcloud::agent
