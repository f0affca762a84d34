// The newest committed position: published by the writer, waited for and listened to by readers.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <stop_token>

#include "agent/journal/journal.h"

namespace kcloud::journal {

class Head {
 public:
  using Listener = std::function<void(std::uint64_t head)>;

  std::uint64_t get() const { return seq_.load(std::memory_order_acquire); }
  void publish(std::uint64_t seq);  // wakes who waits; tells no listener
  void tell_listeners();            // with the head, on the caller's thread
  // As Journal::subscribe and Journal::wait_beyond.
  std::unique_ptr<Journal::Subscription> subscribe(Listener listener);
  std::uint64_t wait_beyond(std::uint64_t seq, std::chrono::milliseconds timeout,
                            std::stop_token stop) const;

 private:
  class Handle;

  std::atomic<std::uint64_t> seq_{0};
  mutable std::mutex mutex_;
  mutable std::condition_variable_any moved_;
  std::mutex listeners_mutex_;  // held while listeners run, so that a handle's end waits for them
  std::list<Listener> listeners_;
};

}  // namespace kcloud::journal
