// Exponential backoff with full jitter, as in AWS's "Exponential Backoff And Jitter" (2015). Pure:
// randomness comes in.
#pragma once

#include <chrono>
#include <cstdint>

namespace kcloud::core {

struct BackoffOptions {
  std::chrono::milliseconds initial{200};
  std::chrono::milliseconds max{30'000};
};

class Backoff {
 public:
  explicit Backoff(BackoffOptions options) : options_(options) {}

  // Next wait: uniform in [ceiling/2, ceiling], the ceiling doubling from `initial` to `max`.
  // `random` is uniform.
  std::chrono::milliseconds next(std::uint32_t random);
  void reset() { attempt_ = 0; }
  std::uint32_t attempts() const { return attempt_; }

 private:
  BackoffOptions options_;
  std::uint32_t attempt_ = 0;
};

}  // namespace kcloud::core
