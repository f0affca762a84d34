#include "agent/api/publishers.h"

#include <algorithm>

namespace kcloud::api {

namespace {

using std::chrono::nanoseconds;

constexpr std::uint64_t kNanos = 1'000'000'000;

}  // namespace

void TokenBucket::configure(const config::QuotaConfig& quota) {
  per_second_ = quota.max_events_per_s;
  burst_ = quota.burst_events > 0 ? quota.burst_events : quota.max_events_per_s;
}

// Seconds and rest apart: events × 10^9 may not fit.
nanoseconds TokenBucket::cost(std::uint64_t events) const {
  return nanoseconds(events / per_second_ * kNanos + events % per_second_ * kNanos / per_second_);
}

std::optional<std::chrono::seconds> TokenBucket::take(std::uint64_t events, Time now) {
  if (per_second_ == 0) return std::nullopt;
  newest_ = events;
  const Time full_at = std::max(full_at_, now);
  const nanoseconds room = cost(burst_);
  const Time enough_at = full_at + std::min(cost(events), room) - room;
  if (enough_at > now) return std::chrono::ceil<std::chrono::seconds>(enough_at - now);
  full_at_ = full_at + cost(events);
  return std::nullopt;
}

std::optional<std::chrono::seconds> TokenBucket::empty_for(Time now) const {
  if (per_second_ == 0) return std::nullopt;
  const Time empty_at = std::max(full_at_, now) - cost(burst_);
  if (empty_at + cost(1) <= now) return std::nullopt;
  const Time enough_at = empty_at + cost(std::min(newest_, burst_));
  return std::chrono::ceil<std::chrono::seconds>(enough_at - now);
}

void TokenBucket::pay(std::uint64_t events, Time now) {
  if (per_second_ != 0) full_at_ = std::max(full_at_, now) + cost(events);
}

void TokenBucket::give_back(std::uint64_t events) {
  if (per_second_ != 0) full_at_ -= cost(events);
}

void Publishers::configure(const std::vector<Limits>& limits) {
  in_force_.clear();
  for (const Limits& one : limits) {
    Publisher& publisher = by_name_[one.name];
    publisher.bucket.configure(one.quota);
    in_force_.push_back(&publisher);
  }
}

std::string Publishers::name_of(const void* publisher) const {
  for (const auto& [name, one] : by_name_)
    if (&one == publisher && !name.empty()) return name;
  return std::string(kNobody);
}

}  // namespace kcloud::api
