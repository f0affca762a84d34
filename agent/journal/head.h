// The newest committed position: published by the writer, waited for and listened to by readers.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stop_token>

#include "agent/journal/journal.h"
#include "agent/journal/listeners.h"

namespace kcloud::journal {

class Head {
 public:
  std::uint64_t get() const { return seq_.load(std::memory_order_acquire); }
  void publish(std::uint64_t seq);  // wakes who waits; tells no listener
  // As Journal::wait_beyond.
  std::uint64_t wait_beyond(std::uint64_t seq, std::chrono::milliseconds timeout,
                            std::stop_token stop) const;

  Listeners<std::uint64_t> listeners;                              // Journal::subscribe
  Listeners<std::shared_ptr<const StoredEvents>> event_listeners;  // Journal::subscribe_stored

 private:
  std::atomic<std::uint64_t> seq_{0};
  mutable std::mutex mutex_;
  mutable std::condition_variable_any moved_;
};

}  // namespace kcloud::journal
