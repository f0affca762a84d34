#include "tests/support/tcp_proxy.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

#include "tests/support/environment.h"

namespace kcloud::test_support {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool pass(int to, const char* data, ssize_t size) {
  while (size > 0) {
    const auto sent = ::send(to, data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    data += sent;
    size -= sent;
  }
  return true;
}

// Not every message has one: data of a COPY has none.
void drop_answer(int server) {
  pollfd answer{server, POLLIN, 0};
  std::array<char, 4096> buffer;
  if (::poll(&answer, 1, 200) == 1) ::recv(server, buffer.data(), buffer.size(), 0);
}

}  // namespace

TcpProxy::TcpProxy(std::uint16_t target)
    : target_(target), port_(free_port()), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
  const int on = 1;
  ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const auto address = loopback(port_);
  if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener_, 16) != 0)
    throw std::runtime_error("the proxy cannot listen");
  thread_ = std::jthread([this](std::stop_token stop) { run(stop); });
}

TcpProxy::~TcpProxy() {
  thread_.request_stop();
  thread_.join();
  ::close(listener_);
}

void TcpProxy::arm(int message, Cut cut) {
  cut_ = cut;
  left_ = message;
}

void TcpProxy::run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    pollfd waiting{listener_, POLLIN, 0};
    if (::poll(&waiting, 1, 20) != 1) continue;
    const int client = ::accept(listener_, nullptr, nullptr);
    serve(client, stop);
    ::close(client);
  }
}

void TcpProxy::serve(int client, std::stop_token stop) {
  const int server = ::socket(AF_INET, SOCK_STREAM, 0);
  const auto address = loopback(target_);
  bool open = ::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  std::array<char, 65536> buffer;
  while (open && !stop.stop_requested()) {
    std::array<pollfd, 2> ends{pollfd{client, POLLIN, 0}, pollfd{server, POLLIN, 0}};
    if (::poll(ends.data(), ends.size(), 20) < 1) continue;
    if (ends[1].revents != 0) {
      const auto size = ::recv(server, buffer.data(), buffer.size(), 0);
      open = size > 0 && pass(client, buffer.data(), size);
    }
    if (open && ends[0].revents != 0) {
      const auto size = ::recv(client, buffer.data(), buffer.size(), 0);
      ++messages_;
      const bool now = left_ >= 0 && left_-- == 0;
      if (size <= 0 || (now && cut_ == Cut::kBefore)) break;
      open = pass(server, buffer.data(), size) && !now;
      if (now && cut_ == Cut::kAfterAnswer) drop_answer(server);
    }
  }
  ::close(server);
}

}  // namespace kcloud::test_support
