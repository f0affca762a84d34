// The generator's loop: keeps connections busy (closed loop) or sends at a fixed rate and measures
// from the intended send time (open loop). One thread, epoll; blocks until done.
#pragma once

#include <cstdio>
#include <memory>
#include <vector>

#include "bench/loadgen/connection.h"
#include "bench/loadgen/histogram.h"

namespace kcloud::bench {

struct LoadOptions {
  Target target;
  std::size_t connections = 4;
  std::chrono::nanoseconds duration{std::chrono::seconds(5)};  // stop sending after this
  double rate = 0;                                             // requests/s; 0: closed loop
  bool retry = false;        // send again after 429, 503 and a lost connection
  std::FILE* ids = nullptr;  // every acknowledged id, a line each
};

struct LoadResult {
  std::uint64_t requests = 0;  // answered 2xx
  std::uint64_t events = 0;    // in those
  std::uint64_t refused = 0;   // other statuses, 429 and 503 left out
  std::uint64_t busy = 0;      // 429 and 503
  std::uint64_t broken = 0;    // connections lost with a request under way, or not opened
  std::uint64_t unsent = 0;    // open loop: due, but no connection was free until the end
  double seconds = 0;
  Histogram latency;  // of 2xx
};

class Client {
 public:
  Client(LoadOptions options, Source& source);
  ~Client();
  LoadResult run();

 private:
  void open(std::size_t index);
  void reopen_lost(SteadyTime now);
  void send_due(SteadyTime now);
  bool send_next(std::size_t index, SteadyTime intended);
  void send(std::size_t index, SteadyTime intended);
  void answered(std::size_t index);
  void lost(std::size_t index);
  bool any_busy() const;
  void wait(SteadyTime now);

  LoadOptions options_;
  Source& source_;
  std::unique_ptr<ssl_ctx_st, void (*)(ssl_ctx_st*)> tls_;
  LoadResult result_;
  int epoll_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<std::size_t> free_;    // open, nothing under way
  std::vector<std::size_t> again_;   // free, but its request must be sent again
  std::vector<std::size_t> closed_;  // to be opened again
  SteadyTime end_, next_due_, next_open_;
  std::chrono::nanoseconds interval_{0};
  bool exhausted_ = false;
  std::string lines_;
};

}  // namespace kcloud::bench
