// Which of several upstreams is tried next. Pure: time comes in.
#pragma once

#include <chrono>
#include <cstddef>

namespace kcloud::forward {

class Failover {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // `upstreams` > 0. After `failback` away from it the first one is tried again.
  Failover(std::size_t upstreams, std::chrono::milliseconds failback)
      : upstreams_(upstreams), failback_(failback) {}

  std::size_t pick(Time now);
  // The picked one could not be reached or is ill: the next one's turn. True while there is one
  // that was not tried since the last success.
  bool failed(Time now);
  void succeeded() { tried_ = 0; }
  std::size_t current() const { return current_; }

 private:
  std::size_t upstreams_;
  std::chrono::milliseconds failback_;
  std::size_t current_ = 0;
  std::size_t tried_ = 0;  // in a row, without success
  Time back_at_{};         // when the first one is due
};

}  // namespace kcloud::forward
