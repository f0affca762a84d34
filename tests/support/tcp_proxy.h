// A TCP proxy that cuts a connection at a chosen message of the client. One connection at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

namespace kcloud::test_support {

class TcpProxy {
 public:
  enum class Cut : std::uint8_t {
    kBefore,       // the message is not passed on
    kAfter,        // it is, its answer is not waited for
    kAfterAnswer,  // it is, and the server's answer is kept from the client
  };

  explicit TcpProxy(std::uint16_t target);
  ~TcpProxy();
  std::uint16_t port() const { return port_; }

  // Cuts once, at the client's message number `message` from now on (0: the next).
  void arm(int message, Cut cut);
  bool armed() const { return left_ >= 0; }
  void disarm() { left_ = -1; }
  // Read from clients since the start; tells how many messages a run has.
  int messages() const { return messages_; }

 private:
  void run(std::stop_token stop);
  void serve(int client, std::stop_token stop);

  std::uint16_t target_;
  std::uint16_t port_;
  int listener_;
  std::atomic<int> left_{-1};
  std::atomic<Cut> cut_{Cut::kBefore};
  std::atomic<int> messages_{0};
  std::jthread thread_;  // last: joined first
};

}  // namespace kcloud::test_support
