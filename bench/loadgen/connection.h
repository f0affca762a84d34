// One keep-alive connection of the load generator on a non-blocking socket: at most one request
// under way.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>

#include "bench/loadgen/response.h"
#include "bench/loadgen/source.h"

struct ssl_ctx_st;
struct ssl_st;

namespace kcloud::bench {

using SteadyTime = std::chrono::steady_clock::time_point;

class Connection {
 public:
  enum class Progress : std::uint8_t { kWaiting, kAnswered, kFailed };

  // `tls`: OpenSSL's SSL_CTX, must live as long; nullptr: plain.
  explicit Connection(int epoll, ssl_ctx_st* tls = nullptr) : epoll_(epoll), tls_(tls) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { close(); }

  // Connects and shakes hands (blocking) and registers with epoll under `tag`. False when nobody
  // listens.
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
  bool shake_hands();
  // As send() and recv() with MSG_DONTWAIT.
  ssize_t put(const char* bytes, std::size_t size);
  ssize_t get(char* bytes, std::size_t size);
  Progress flush();
  Progress fail();
  void watch(bool writable);

  int epoll_;
  int fd_ = -1;
  ssl_ctx_st* tls_;
  ssl_st* ssl_ = nullptr;
  std::uint64_t tag_ = 0;
  std::size_t sent_ = 0;
  bool watching_writable_ = false;
};

}  // namespace kcloud::bench
