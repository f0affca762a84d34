// Ctrl-C and SIGTERM as a stop token, and waiting that either ends.
//
// Make it before any other thread: the signals are blocked in the calling thread and in those it
// starts. A second signal ends the process the usual way.
#pragma once

#include <chrono>
#include <stop_token>
#include <thread>

namespace kcloud::cli {

class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  std::stop_token token() const { return stop_.get_token(); }

 private:
  std::stop_source stop_;
  std::jthread thread_;
};

// Blocks until `until` or a stop; false when it was a stop.
bool wait_until(std::chrono::steady_clock::time_point until, const std::stop_token& stop);

}  // namespace kcloud::cli
