#include "agent/collector_runner.h"

#include <spdlog/spdlog.h>

#include <random>
#include <utility>

namespace kcloud::agent {

namespace {

constexpr std::chrono::seconds kPausePatience{5};
constexpr std::chrono::minutes kLogInterval{1};  // of the same failure

}  // namespace

void CountingSink::accept(std::unique_ptr<core::Intake> intake, core::Completion done) {
  sink_.accept(std::move(intake),
               [counters = counters_, done = std::move(done)](core::CommitStatus status,
                                                              std::unique_ptr<core::Intake> back) {
                 const auto events = back->batch.events.size();
                 const auto all = events + back->refused.size();
                 if (status != core::CommitStatus::kCommitted) {
                   core::count(counters->busy, all);
                 } else {
                   std::size_t stored = 0, duplicates = 0;
                   for (const core::Event& event : back->batch.events) {
                     stored += event.verdict == core::Verdict::kStored ? 1 : 0;
                     duplicates += event.verdict == core::Verdict::kDuplicate ? 1 : 0;
                   }
                   core::count(counters->received, all);
                   core::count(counters->stored, stored);
                   core::count(counters->duplicates, duplicates);
                   core::count(counters->conflicts, events - stored - duplicates);
                   core::count(counters->rejected, back->refused.size());
                   core::count(counters->bytes, back->payload_bytes);
                 }
                 done(status, std::move(back));
               });
}

CollectorRunner::CollectorRunner(Options options, std::unique_ptr<core::Collector> collector,
                                 core::EventSink& sink, const core::Clock& clock)
    : options_(std::move(options)),
      collector_(std::move(collector)),
      sink_(sink, options_.counters),
      clock_(clock),
      paused_(options_.paused),
      thread_([this](std::stop_token stop) { work(stop); }) {}

CollectorRunner::~CollectorRunner() { stop(); }

api::CollectorStatus CollectorRunner::status() const {
  api::CollectorStatus status;
  status.report = collector_->report();
  const std::lock_guard lock(mutex_);
  status.phase = phase_;
  status.restarts = restarts_;
  if (last_error_time_ > status.report.last_error_time) {
    status.report.last_error = last_error_;
    status.report.last_error_time = last_error_time_;
  }
  return status;
}

void CollectorRunner::pause() {
  std::unique_lock lock(mutex_);
  if (!std::exchange(paused_, true)) spdlog::info("collector {}: paused", options_.name);
  life_.request_stop();
  changed_.notify_all();
  changed_.wait_for(lock, kPausePatience, [this] {
    return phase_ == api::CollectorPhase::kPaused || phase_ == api::CollectorPhase::kStopped;
  });
}

void CollectorRunner::resume() {
  std::unique_lock lock(mutex_);
  if (std::exchange(paused_, false)) spdlog::info("collector {}: resumed", options_.name);
  changed_.notify_all();
  changed_.wait_for(lock, kPausePatience,
                    [this] { return phase_ != api::CollectorPhase::kPaused || paused_; });
}

bool CollectorRunner::paused() const {
  const std::lock_guard lock(mutex_);
  return paused_;
}

void CollectorRunner::request_stop() {
  thread_.request_stop();
  const std::lock_guard lock(mutex_);
  life_.request_stop();
}

void CollectorRunner::stop() {
  request_stop();
  if (thread_.joinable()) thread_.join();
}

void CollectorRunner::work(std::stop_token stop) {
  core::Backoff backoff(options_.backoff);
  std::minstd_rand random(std::random_device{}());
  while (!stop.stop_requested()) {
    std::stop_source life;
    {
      std::unique_lock lock(mutex_);
      if (paused_) phase_ = api::CollectorPhase::kPaused;
      changed_.notify_all();
      if (!changed_.wait(lock, stop, [this] { return !paused_; })) break;
      phase_ = api::CollectorPhase::kRunning;
      life_ = life;
      changed_.notify_all();
    }
    if (stop.stop_requested()) break;  // it may have come before life_ was there
    const auto began = std::chrono::steady_clock::now();
    const std::string error = run_once(life.get_token());
    if (error.empty()) continue;
    if (std::chrono::steady_clock::now() - began > options_.backoff.max) backoff.reset();
    const auto wait = backoff.next(static_cast<std::uint32_t>(random()));
    log_failure(error, wait);
    std::unique_lock lock(mutex_);
    phase_ = api::CollectorPhase::kRetrying;
    ++restarts_;
    last_error_ = error;
    last_error_time_ = clock_.now();
    changed_.wait_for(lock, stop, wait, [this] { return paused_; });
  }
  const std::lock_guard lock(mutex_);
  phase_ = api::CollectorPhase::kStopped;
  changed_.notify_all();
}

std::string CollectorRunner::run_once(std::stop_token stop) {
  try {
    collector_->run(stop, sink_);
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "an unknown exception";
  }
  return stop.stop_requested() ? "" : "it ended by itself";
}

void CollectorRunner::log_failure(const std::string& error, std::chrono::milliseconds wait) {
  const auto now = std::chrono::steady_clock::now();
  if (error == logged_error_ && now - logged_at_ < kLogInterval) return;
  logged_error_ = error;
  logged_at_ = now;
  spdlog::warn("collector {}: {}; next try in {} ms", options_.name, error, wait.count());
}

}  // namespace kcloud::agent
