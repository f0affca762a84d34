// The delivery loop: reads the journal behind a cursor, hands batches to an exporter, moves the
// cursor when the sink has them. Owns retries, backoff with jitter, Retry-After, bisecting, dead
// letters, holds and the counters.
//
// One thread a loop. Nothing here is lost: an event is delivered, or in the dead letters with a
// reason, or skipped by retention and counted.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "agent/delivery/event_feed.h"
#include "agent/journal/journal.h"
#include "config/config.h"
#include "core/counters.h"
#include "core/decode.h"
#include "core/exporter.h"

namespace kcloud::delivery {

enum class Phase : std::uint8_t {
  kIdle,
  kDelivering,
  kRetrying,  // the sink cannot be reached or asks to wait
  kHolding,   // credentials, permission or a missing database: a person is needed
  kStopped
};

struct Status {
  Phase phase = Phase::kIdle;
  std::uint64_t cursor = 0;
  std::uint64_t lag_events = 0;
  double lag_seconds = 0;  // age (received) of the oldest event not delivered; 0 when none
  std::string last_error;
  core::Time last_error_time;
  core::Time last_success_time;
  std::optional<std::uint64_t> carried_to;  // number of the last seal that was carried
  std::vector<core::Measure> measures;      // of the exporter's own
};

// What came of events delivered beside the cursor.
struct SideResult {
  bool answered = false;  // false: the sink has nothing certain of them; `reason` says why
  std::string reason;
  std::vector<std::pair<const core::Event*, std::string>> refused;  // for good, and why
};

struct Options {
  std::string name;  // exporter instance and cursor `exporter:<name>`
  config::DeliveryConfig delivery;
  core::DecodeOptions decode;
  std::uint32_t seed = 0;  // jitter; 0: random
  // Where to count, so that a loop that takes another's place counts on; empty: from 0.
  std::shared_ptr<core::ExporterCounters> counters;
  // Shared with other loops of the same catalogue and decode options; empty: one of its own.
  std::shared_ptr<EventFeed> feed;
  std::chrono::milliseconds carry_interval{1000};  // between two looks for seals to carry
};

std::string_view to_string(Phase);

class Loop {
 public:
  // Journal, catalogue and clock must outlive the loop.
  Loop(Options options, journal::Journal& journal, const core::Catalogue& catalogue,
       std::unique_ptr<core::Exporter> exporter, const core::Clock& clock);
  // Stops politely: an attempt under way is finished (at most the exporter's own timeout) and its
  // cursor movement committed. Stop the loops before closing the journal.
  ~Loop();

  // Makes the cursor when it is missing (at the oldest event), which blocks for a commit, and
  // starts the thread. Once only. Throws std::runtime_error when the cursor is above the journal's
  // head.
  void start();
  void request_stop();  // does not wait
  // After request_stop: waits for the attempt under way, and interrupts it after `patience`.
  void join(std::chrono::milliseconds patience);
  // Delivers events of the journal once more, between two batches and without touching the cursor;
  // `done` runs on the loop's thread, or on the caller's when the loop takes none. Any thread. Once
  // only for each event: what fails is the caller's to try again.
  void deliver_beside(std::shared_ptr<core::EventBatch> batch,
                      std::function<void(const SideResult&)> done);
  // The sink takes sealed batches alone: nothing can be delivered beside the cursor.
  bool keeps_seals() const;
  Status status() const;
  const core::ExporterCounters& counters() const;
  const std::string& name() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kcloud::delivery
