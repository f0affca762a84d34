#include "agent/journal/head.h"

#include <utility>

namespace kcloud::journal {

void Head::publish(std::uint64_t seq) {
  {
    std::lock_guard guard(mutex_);
    seq_.store(seq, std::memory_order_release);
  }
  moved_.notify_all();
}

std::uint64_t Head::wait_beyond(std::uint64_t seq, std::chrono::milliseconds timeout,
                                std::stop_token stop) const {
  std::unique_lock guard(mutex_);
  moved_.wait_for(guard, stop, timeout, [&] { return get() > seq; });
  return get();
}

}  // namespace kcloud::journal
