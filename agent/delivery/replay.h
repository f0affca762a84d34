// Events of the journal sent once more to one sink, beside its cursor: in batches as live ones, one
// between two live batches, and none while live events wait. Only what the cursor has passed: the
// rest is still to come by itself.
//
// What the sink refuses becomes a dead letter, unless there is one for that event already. A sink
// that does not answer is tried again with backoff. Ends with the range, by cancel() or with the
// process.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "agent/delivery/delivery.h"
#include "agent/journal/journal.h"

namespace kcloud::delivery {

// Which events: [from, to) by arrival or by their own time, with seq > `after`.
struct ReplayRange {
  core::Time from, to;
  bool event_time = false;
  std::uint64_t after = 0;
};

enum class ReplayState : std::uint8_t {
  kRunning,
  kYielding,  // live events come first
  kWaiting,   // for the sink or this machine's disk: see last_error
  kDone,
  kCancelled,
  kFailed  // see last_error
};
std::string_view to_string(ReplayState state);
bool is_over(ReplayState state);

struct ReplayStatus {
  ReplayState state = ReplayState::kRunning;
  ReplayRange range;
  std::string started_by;
  core::Time started, ended;    // `ended`: when it is over
  std::uint64_t sent = 0;       // the sink has them now
  std::uint64_t refused = 0;    // by the sink, for good
  std::uint64_t gone = 0;       // at most so many of the range were no longer in the journal
  std::uint64_t remaining = 0;  // at most so many are still to be sent
  std::uint64_t position = 0;   // everything up to this seq is done
  std::string last_error;
};

// One pass over the journal in its order: what of it is in the range. Pure.
class ReplayScan {
 public:
  explicit ReplayScan(const ReplayRange& range) : range_(range) {}
  // `events`: those kept behind `after`. Leaves those of the range up to `end`; returns how many
  // places between them are empty that may have belonged to it.
  std::uint64_t take(std::uint64_t after, std::uint64_t end, std::vector<core::Event>& events);

 private:
  core::Time time_of(const core::Event& event) const {
    return range_.event_time ? event.time : event.received;
  }
  ReplayRange range_;
  std::optional<core::Time> last_;  // of the newest event seen
};

// A sink as a replay sees it; found anew before each batch, as a reload makes new loops.
struct ReplaySink {
  Status status;
  std::function<void(std::shared_ptr<core::EventBatch>, std::function<void(const SideResult&)>)>
      deliver_beside;
  std::size_t batch_events;
  std::size_t batch_bytes;
};
using FindSink = std::function<std::optional<ReplaySink>(const std::string& name)>;

// Any thread; at most one replay an exporter at a time. Its last one's status stays.
class Replays {
 public:
  // Journal and clock outlive it; `find` may be called until stop().
  Replays(journal::Journal& journal, const core::Clock& clock, FindSink find);
  ~Replays();

  // False: one runs, or everything stops. The exporter is there.
  bool start(const std::string& exporter, const ReplayRange& range, const std::string& who);
  std::optional<ReplayStatus> status(const std::string& exporter) const;
  // False: none runs. What is on its way to the sink may still arrive.
  bool cancel(const std::string& exporter, const std::string& who);
  // Ends all, waits for their threads; later starts are refused.
  void stop();

 private:
  class Job;
  journal::Journal& journal_;
  const core::Clock& clock_;
  const FindSink find_;
  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Job>> jobs_;  // guarded, as the rest
  bool stopped_ = false;
};

}  // namespace kcloud::delivery
