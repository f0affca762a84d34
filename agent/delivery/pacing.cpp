#include "agent/delivery/pacing.h"

#include <algorithm>

namespace kcloud::delivery {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kIdleWait{1'000};
constexpr milliseconds kLongestDelay = std::chrono::hours(1);

}  // namespace

std::optional<Gather::Wait> Gather::next(std::uint64_t cursor, std::uint64_t head,
                                         Clock::time_point now) {
  if (head <= cursor) {
    since_.reset();
    return Wait{cursor, kIdleWait};
  }
  if (cursor < released_) return std::nullopt;
  if (head - cursor >= batch_events_) {
    released_ = cursor + batch_events_;
    since_.reset();
    return std::nullopt;
  }
  if (!since_) since_ = now;
  const auto waited = std::chrono::duration_cast<milliseconds>(now - *since_);
  if (waited >= batch_wait_) {
    released_ = head;
    since_.reset();
    return std::nullopt;
  }
  return Wait{cursor + batch_events_ - 1, batch_wait_ - waited};
}

Pacing::Step Pacing::on(const core::Delivery& delivery, std::uint32_t random) {
  using Kind = core::Delivery::Kind;
  const Phase before = phase_;
  if (delivery.kind == Kind::kDelivered || delivery.kind == Kind::kBisect) {
    phase_ = Phase::kDelivering;
    backoff_.reset();
    attempts_ = 0;
    return {phase_, before == phase_ ? Change::kNone : Change::kRecovered, milliseconds(0)};
  }
  ++attempts_;
  const auto shortest = std::min(config_.backoff_initial, kLongestDelay);
  if (delivery.kind == Kind::kHold) {
    phase_ = Phase::kHolding;
    const auto wait = std::max(config_.hold_interval, delivery.delay.value_or(milliseconds(0)));
    return {phase_, before == phase_ ? Change::kNone : Change::kHolding,
            std::clamp(wait, shortest, std::max(config_.hold_interval, kLongestDelay))};
  }
  phase_ = Phase::kRetrying;
  const auto wait =
      delivery.delay ? std::clamp(*delivery.delay, shortest, kLongestDelay) : backoff_.next(random);
  return {phase_, before == phase_ ? Change::kNone : Change::kRetrying, wait};
}

}  // namespace kcloud::delivery
