// Seeded random numbers whose sequence is the same on every platform (SplitMix64, Steele et al.,
// OOPSLA 2014).
#pragma once

#include <cstdint>
#include <span>

namespace kcloud::cli {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  int between(int from, int to) {  // both included
    return from + static_cast<int>(next() % static_cast<std::uint64_t>(to - from + 1));
  }
  double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }  // [0, 1)
  bool chance(double probability) { return unit() < probability; }
  template <typename T>
  const T& pick(std::span<const T> from) {
    return from[next() % from.size()];
  }

 private:
  std::uint64_t state_;
};

}  // namespace kcloud::cli
