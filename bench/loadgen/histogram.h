// Latencies in logarithmic buckets: 64 a power of two, so a percentile is right within 1.6 %.
// Recording is an increment. One thread.
#pragma once

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <vector>

namespace kcloud::bench {

class Histogram {
 public:
  void record(std::chrono::nanoseconds value) {
    const auto nanos = static_cast<std::uint64_t>(std::max<std::int64_t>(value.count(), 0));
    ++buckets_[bucket(nanos)];
    ++count_;
    max_ = std::max(max_, nanos);
  }

  std::uint64_t count() const { return count_; }
  std::chrono::nanoseconds max() const { return std::chrono::nanoseconds(max_); }

  // The upper edge of the bucket that holds the value of rank ⌈quantile · count⌉; 0 when empty.
  std::chrono::nanoseconds quantile(double quantile) const {
    const auto rank = static_cast<std::uint64_t>(std::ceil(quantile * static_cast<double>(count_)));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
      seen += buckets_[i];
      if (seen >= rank && seen > 0) return std::chrono::nanoseconds(std::min(upper(i), max_));
    }
    return max();
  }

 private:
  static constexpr int kBits = 6;
  static constexpr std::uint64_t kSteps = 1u << kBits;

  static std::size_t bucket(std::uint64_t nanos) {
    if (nanos < kSteps) return nanos;
    const int shift = std::bit_width(nanos) - 1 - kBits;
    return (static_cast<std::size_t>(shift) + 1) * kSteps + ((nanos >> shift) - kSteps);
  }
  static std::uint64_t upper(std::size_t index) {
    if (index < kSteps) return index;
    const std::size_t shift = index / kSteps - 1;
    return ((kSteps + index % kSteps + 1) << shift) - 1;
  }

  std::vector<std::uint64_t> buckets_ = std::vector<std::uint64_t>(kSteps * (64 - kBits + 1));
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace kcloud::bench
