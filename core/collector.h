// What a collector is, the sink it hands events to, and what it says of itself.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/event.h"
#include "core/measure.h"

namespace kcloud::core {

// Something refused on the way in, kept as a dead letter.
struct DeadLetter {
  Time received;
  std::string origin;  // `collector:<name>` or `exporter:<name>`
  std::string
      position;  // where in the source: request and index, topic/partition/offset, file:offset
  std::string
      reason;  // code: `invalid_json`, `invalid_event`, `id_conflict`, `sink_rejected`, `too_large`
  std::string detail;    // what was found and what was expected, at which path
  std::string type;      // event type as far as known
  std::string event_id;  // when known
  std::string body;      // the bytes as received, cut at the configured length
};

// One hand-over: decoded events and what was refused on the way. Comes back with every event's
// verdict set.
struct Intake {
  EventBatch batch;
  std::vector<DeadLetter> refused;
  std::uint64_t payload_bytes = 0;  // as received, for the counters
};

enum class CommitStatus : std::uint8_t {
  kCommitted,  // on disk (fsync); every event has its verdict
  kBusy,       // queue full or journal over its limit: nothing was stored, try again later
  kFailed,     // the disk refused: nothing was acknowledged, try again later
  kStopped,    // the agent is shutting down
};

// Called once, on the journal's thread: must not block or throw.
using Completion = std::function<void(CommitStatus, std::unique_ptr<Intake>)>;

class EventSink {
 public:
  virtual ~EventSink() = default;
  // Hands an intake over. `done` is called after the commit (or at once, on the caller's thread,
  // when busy).
  virtual void accept(std::unique_ptr<Intake> intake, Completion done) = 0;
};

// Blocking form for collectors with a thread of their own. Returns the status; `intake` comes back
// with verdicts.
CommitStatus accept_and_wait(EventSink& sink, std::unique_ptr<Intake>& intake);

// What a collector says of itself.
struct CollectorReport {
  bool connected = false;  // its source answers; for files: they can be watched and read
  std::string last_error;  // with a hint; no secrets. Stays after the recovery
  Time last_error_time{};
  Time last_event_time{};  // arrival of the newest message
  std::vector<Measure> measures;
};

// `run` blocks until stop is requested and then returns within about a second; what was handed over
// is settled first. The agent owns the thread, calls `run` again with backoff when it throws, and
// after a pause: one object lives through all of it.
class Collector {
 public:
  virtual ~Collector() = default;
  virtual void run(std::stop_token stop, EventSink& sink) = 0;
  virtual CollectorReport report() const = 0;  // any thread, at any time
};

}  // namespace kcloud::core
