// When to read and when to try again. Pure: time and randomness come in.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "agent/delivery/delivery.h"
#include "core/backoff.h"

namespace kcloud::delivery {

// Cuts batches: full ones at once, smaller ones when their first event has waited `batch_wait`.
class Gather {
 public:
  using Clock = std::chrono::steady_clock;

  Gather(std::uint64_t batch_events, std::chrono::milliseconds batch_wait)
      : batch_events_(batch_events), batch_wait_(batch_wait) {}

  struct Wait {
    std::uint64_t beyond;  // a head above this seq ends the wait
    std::chrono::milliseconds timeout;
  };
  // nullopt: read now. Else wait, then ask again.
  std::optional<Wait> next(std::uint64_t cursor, std::uint64_t head, Clock::time_point now);
  // Since when events are waiting; nullopt when none are or they have been released.
  std::optional<Clock::time_point> since() const { return since_; }

 private:
  std::uint64_t batch_events_;
  std::chrono::milliseconds batch_wait_;
  std::uint64_t released_ = 0;  // events up to here have waited long enough
  std::optional<Clock::time_point> since_;
};

// Turns an answer into the wait before the next attempt, and says when a state begins or ends.
class Pacing {
 public:
  explicit Pacing(const config::DeliveryConfig& config)
      : config_(config), backoff_({config.backoff_initial, config.backoff_max}) {}

  enum class Change : std::uint8_t { kNone, kRetrying, kHolding, kRecovered };
  struct Step {
    Phase phase;
    Change change;
    std::chrono::milliseconds wait;
  };
  // `random` is uniform. A sink's own delay is obeyed between backoff_initial and an hour.
  Step on(const core::Delivery& delivery, std::uint32_t random);
  std::uint32_t attempts() const { return attempts_; }  // failed ones in a row

 private:
  config::DeliveryConfig config_;
  core::Backoff backoff_;
  Phase phase_ = Phase::kDelivering;
  std::uint32_t attempts_ = 0;
};

}  // namespace kcloud::delivery
