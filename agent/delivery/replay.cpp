#include "agent/delivery/replay.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <random>
#include <utility>

#include "agent/delivery/batch_plan.h"
#include "agent/journal/reader.h"
#include "core/backoff.h"

namespace kcloud::delivery {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kYield{50};
constexpr core::BackoffOptions kBackoff{milliseconds(200), milliseconds(10'000)};

// What the loop's thread answers, which may outlast the replay.
struct Outcome {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::optional<SideResult> result;
};

}  // namespace

std::string_view to_string(ReplayState state) {
  switch (state) {
    case ReplayState::kRunning:
      return "running";
    case ReplayState::kYielding:
      return "yielding";
    case ReplayState::kWaiting:
      return "waiting";
    case ReplayState::kDone:
      return "done";
    case ReplayState::kCancelled:
      return "cancelled";
    case ReplayState::kFailed:
      return "failed";
  }
  return "unknown";
}

bool is_over(ReplayState state) { return state >= ReplayState::kDone; }

std::uint64_t ReplayScan::take(std::uint64_t after, std::uint64_t end,
                               std::vector<core::Event>& events) {
  const bool past = !events.empty() && events.back().seq > end;
  std::erase_if(events, [&](const core::Event& event) { return event.seq > end; });
  std::uint64_t gone = 0;
  for (const auto& event : events) {
    // Times grow with the places, as good as: a gap before the range's first or behind its last is
    // none of it.
    const bool before = time_of(event) < range_.from;
    const bool behind = last_ && *last_ >= range_.to;
    if (!before && !behind) gone += event.seq - after - 1;
    after = event.seq;
    last_ = time_of(event);
  }
  if ((events.empty() || past) && !(last_ && *last_ >= range_.to)) gone += end - after;
  std::erase_if(events, [&](const core::Event& event) {
    return time_of(event) < range_.from || time_of(event) >= range_.to;
  });
  return gone;
}

class Replays::Job {
 public:
  Job(const Replays& all, std::string exporter, const ReplayRange& range, const std::string& who)
      : all_(all), exporter_(std::move(exporter)), scan_(range) {
    status_.range = range;
    status_.started_by = who;
    status_.started = all_.clock_.now();
    status_.position = range.after;
    if (const auto sink = all_.find_(exporter_)) end_ = sink->status.cursor;
    status_.remaining = end_ - std::min(end_, range.after);
    thread_ = std::jthread([this](std::stop_token stop) { run(stop); });
  }

  ReplayStatus status() const {
    const std::scoped_lock lock(mutex_);
    return status_;
  }
  // False: it was over.
  bool cancel() {
    thread_.request_stop();
    return finish(ReplayState::kCancelled, {});
  }

 private:
  void run(const std::stop_token& stop) {
    core::Backoff backoff(kBackoff);
    std::mt19937 random{std::random_device{}()};
    while (!stop.stop_requested()) {
      std::string problem;
      try {
        problem = step(stop);
      } catch (const std::exception& error) {
        reader_.reset();
        problem = error.what();
      }
      if (is_over(status().state)) break;
      if (problem.empty()) {
        backoff.reset();
        continue;
      }
      if (stop.stop_requested()) break;
      set(ReplayState::kWaiting, problem);
      pause(backoff.next(random()), stop);
    }
    finish(ReplayState::kCancelled, {});
    const auto end = status();
    const bool failed = end.state == ReplayState::kFailed;
    spdlog::info("exporter {}: replay {}: {} sent, {} refused, {} gone, up to seq {}{}{}",
                 exporter_, to_string(end.state), end.sent, end.refused, end.gone, end.position,
                 failed ? "; " : "", failed ? end.last_error : "");
  }

  // One batch, or a pause for live ones. Not empty: why the same is to be tried again.
  std::string step(const std::stop_token& stop) {
    const auto sink = all_.find_(exporter_);
    if (!sink) {
      finish(ReplayState::kFailed, "the exporter is no longer configured");
      return {};
    }
    const std::uint64_t position = status().position;
    if (position >= end_) {
      finish(ReplayState::kDone, {});
      return {};
    }
    if (sink->status.lag_events > 2 * sink->batch_events) {
      set(ReplayState::kYielding, {});
      pause(kYield, stop);
      return {};
    }
    if (!reader_) reader_ = all_.journal_.reader();
    const auto batch = std::make_shared<core::EventBatch>();
    auto read_to = reader_->read_after(position, sink->batch_events, sink->batch_bytes, *batch);
    // Nothing behind it is kept.
    if (batch->events.empty()) read_to = end_;
    ReplayScan scan = scan_;
    const std::uint64_t gone = scan.take(position, end_, batch->events);
    std::vector<std::pair<const core::Event*, std::string>> refused;
    if (!batch->events.empty()) {
      const auto result = deliver(*sink, batch, stop);
      if (!result.answered) return result.reason;
      if (auto problem = keep_letters(result.refused); !problem.empty()) return problem;
      refused = result.refused;
    }
    scan_ = scan;
    const std::scoped_lock lock(mutex_);
    if (is_over(status_.state)) return {};
    status_.state = ReplayState::kRunning;
    status_.sent += batch->events.size() - refused.size();
    status_.refused += refused.size();
    status_.gone += gone;
    status_.position = std::min(read_to, end_);
    status_.remaining = end_ - status_.position;
    return {};
  }

  SideResult deliver(const ReplaySink& sink, const std::shared_ptr<core::EventBatch>& batch,
                     const std::stop_token& stop) {
    const auto outcome = std::make_shared<Outcome>();
    sink.deliver_beside(batch, [outcome, batch](const SideResult& result) {
      const std::scoped_lock lock(outcome->mutex);
      outcome->result = result;
      outcome->changed.notify_all();
    });
    std::unique_lock lock(outcome->mutex);
    outcome->changed.wait(lock, stop, [&] { return outcome->result.has_value(); });
    return outcome->result.value_or(SideResult{false, "stopped", {}});
  }

  // Empty: on disk.
  std::string keep_letters(const std::vector<std::pair<const core::Event*, std::string>>& refused) {
    if (refused.empty()) return {};
    const std::string origin = "exporter:" + exporter_;
    const auto known = reader_->events_of_letters(origin);
    auto intake = std::make_unique<core::Intake>();
    for (const auto& [event, reason] : refused) {
      if (!known.contains(core::to_string(event->id)))
        intake->refused.push_back(letter_of(*event, reason, origin));
    }
    if (intake->refused.empty()) return {};
    const auto status = core::accept_and_wait(all_.journal_, intake);
    return status == core::CommitStatus::kCommitted ? "" : "the journal takes no dead letters";
  }

  void set(ReplayState state, const std::string& error) {
    const std::scoped_lock lock(mutex_);
    if (is_over(status_.state)) return;
    status_.state = state;
    if (!error.empty()) status_.last_error = error;
  }

  bool finish(ReplayState state, const std::string& error) {
    const std::scoped_lock lock(mutex_);
    if (is_over(status_.state)) return false;
    status_.state = state;
    if (!error.empty()) status_.last_error = error;
    status_.ended = all_.clock_.now();
    return true;
  }

  void pause(milliseconds time, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    std::condition_variable_any never;
    never.wait_for(lock, stop, time, [] { return false; });
  }

  const Replays& all_;
  const std::string exporter_;
  std::uint64_t end_ = 0;
  ReplayScan scan_;
  std::unique_ptr<journal::Reader> reader_;
  mutable std::mutex mutex_;
  ReplayStatus status_;  // guarded
  std::jthread thread_;  // last: joined before the rest goes
};

Replays::Replays(journal::Journal& journal, const core::Clock& clock, FindSink find)
    : journal_(journal), clock_(clock), find_(std::move(find)) {}

Replays::~Replays() { stop(); }

bool Replays::start(const std::string& exporter, const ReplayRange& range, const std::string& who) {
  const std::scoped_lock lock(mutex_);
  auto& job = jobs_[exporter];
  if (stopped_ || (job && !is_over(job->status().state))) return false;
  spdlog::info("exporter {}: replay of events {} from {} to {} behind seq {}, started by {}",
               exporter, range.event_time ? "of the time" : "received",
               core::format_time(range.from), core::format_time(range.to), range.after, who);
  job = std::make_unique<Job>(*this, exporter, range, who);
  return true;
}

std::optional<ReplayStatus> Replays::status(const std::string& exporter) const {
  const std::scoped_lock lock(mutex_);
  const auto found = jobs_.find(exporter);
  if (found == jobs_.end() || !found->second) return std::nullopt;
  return found->second->status();
}

bool Replays::cancel(const std::string& exporter, const std::string& who) {
  const std::scoped_lock lock(mutex_);
  const auto found = jobs_.find(exporter);
  if (found == jobs_.end() || !found->second || !found->second->cancel()) return false;
  spdlog::info("exporter {}: replay cancelled by {}", exporter, who);
  return true;
}

void Replays::stop() {
  std::map<std::string, std::unique_ptr<Job>> ending;
  {
    const std::scoped_lock lock(mutex_);
    stopped_ = true;
    ending.swap(jobs_);
  }
  for (const auto& [name, job] : ending)
    if (job) job->cancel();
}

}  // namespace kcloud::delivery
