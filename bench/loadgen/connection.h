// One keep-alive connection of the load generator on a non-blocking socket: at most one request
// under way.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "bench/loadgen/response.h"
#include "bench/loadgen/source.h"

namespace kcloud::bench {

using SteadyTime = std::chrono::steady_clock::time_point;

class Connection {
 public:
  enum class Progress : std::uint8_t { kWaiting, kAnswered, kFailed };

  explicit Connection(int epoll) : epoll_(epoll) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { close(); }

  // Connects (blocking) and registers with epoll under `tag`. False when nobody listens.
  bool open(const Target& target, std::uint64_t tag);
  void close();
  bool is_open() const { return fd_ >= 0; }

  // Sends `request` from the start. kFailed closes the connection.
  Progress send(SteadyTime intended);
  // The socket is ready: sends what is left, reads what is there.
  Progress advance();

  std::string request;  // what send() sends; kept for a retry
  ResponseParser response;
  bool busy = false;  // `request` is not answered yet; stays so when the connection is lost
  SteadyTime intended;

 private:
  Progress flush();
  Progress fail();
  void watch(bool writable);

  int epoll_;
  int fd_ = -1;
  std::uint64_t tag_ = 0;
  std::size_t sent_ = 0;
  bool watching_writable_ = false;
};

}  // namespace kcloud::bench
