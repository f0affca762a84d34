// The delivery loop: reads the journal behind a cursor, hands batches to an exporter, moves the
// cursor when the sink has them. Owns retries, backoff with jitter, Retry-After, bisecting, dead
// letters, holds and the counters.
//
// One thread a loop. Nothing here is lost: an event is delivered, or in the dead letters with a
// reason, or skipped by retention and counted.
#pragma once

#include <memory>
#include <string>
#include <thread>

#include "agent/journal/journal.h"
#include "config/config.h"
#include "core/counters.h"
#include "core/decode.h"
#include "core/exporter.h"

namespace kcloud::delivery {

enum class Phase : std::uint8_t { kIdle, kDelivering, kRetrying, kHolding, kStopped };

struct Status {
  Phase phase = Phase::kIdle;
  std::uint64_t cursor = 0;
  std::uint64_t lag_events = 0;
  double lag_seconds = 0;  // age (received) of the oldest event not delivered; 0 when none
  std::string last_error;
  core::Time last_error_time;
  core::Time last_success_time;
};

struct Options {
  std::string name;  // exporter instance and cursor `exporter:<name>`
  config::DeliveryConfig delivery;
  core::DecodeOptions decode;
  std::uint32_t seed = 0;  // jitter; 0: random
};

class Loop {
 public:
  Loop(Options options, journal::Journal& journal, const core::Catalogue& catalogue,
       std::unique_ptr<core::Exporter> exporter, const core::Clock& clock);
  ~Loop();  // stops politely: the delivery under way is finished

  void start();
  void request_stop();
  Status status() const;
  const core::ExporterCounters& counters() const;
  const std::string& name() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kcloud::delivery
