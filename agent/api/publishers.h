// Quotas and counts of those who post: each token, each signer, and all requests without either.
// I/O thread only, but for the pure TokenBucket.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace kcloud::api {

// `max_events_per_s` on average, `burst_events` at once. Kept as the moment at which the bucket is
// full again, so that no rounding adds up.
class TokenBucket {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // 0 events a second: no limit. What was taken before still counts.
  void configure(const config::QuotaConfig& quota);
  // Takes `events`, or takes nothing and says after how many whole seconds it would succeed. More
  // than the burst is taken when the bucket is full, and paid off before anything else.
  std::optional<std::chrono::seconds> take(std::uint64_t events, Time now);
  // Asked before a request is read, whose events nobody knows: nullopt while there is anything to
  // take, else after how long one as large as the newest would succeed.
  std::optional<std::chrono::seconds> empty_for(Time now) const;
  // Takes `events` whether there are so many or not.
  void pay(std::uint64_t events, Time now);
  void give_back(std::uint64_t events);

 private:
  std::chrono::nanoseconds cost(std::uint64_t events) const;

  std::uint64_t per_second_ = 0;
  std::uint64_t burst_ = 0;
  std::uint64_t newest_ = 1;  // events of the newest request
  Time full_at_{};
};

inline constexpr std::string_view kNobody = "anonymous";

struct Publisher {
  TokenBucket bucket;
  std::uint64_t accepted = 0;   // events stored
  std::uint64_t throttled = 0;  // requests answered 429
};

// By name; what a name has counted outlives a configuration without it. Pointers stay valid.
class Publishers {
 public:
  struct Limits {
    std::string name;
    config::QuotaConfig quota;
  };

  // The publishers of a configuration now in force, in the order in which Auth numbers them.
  void configure(const std::vector<Limits>& limits);
  Publisher& at(std::uint32_t number) { return *in_force_[number]; }
  // kNobody for none of them and for the one without a name.
  std::string name_of(const void* publisher) const;
  const std::map<std::string, Publisher>& all() const { return by_name_; }

 private:
  std::map<std::string, Publisher> by_name_;
  std::vector<Publisher*> in_force_;
};

}  // namespace kcloud::api
