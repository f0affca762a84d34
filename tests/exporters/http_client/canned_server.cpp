#include "tests/exporters/http_client/canned_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

namespace kcloud::http_client::testing {
namespace {

std::size_t body_length(const std::string& head) {
  const auto at = head.find("Content-Length: ");
  return at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
}

// False when `wake` became readable first.
bool wait_readable(int descriptor, int wake) {
  pollfd polled[2] = {{descriptor, POLLIN, 0}, {wake, POLLIN, 0}};
  ::poll(polled, 2, -1);
  return polled[1].revents == 0;
}

}  // namespace

CannedServer::CannedServer(std::vector<std::string> answers) : answers_(std::move(answers)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  wake_ = ::eventfd(0, EFD_CLOEXEC);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_, generic, length) != 0 || ::listen(listener_, 8) != 0 ||
      ::getsockname(listener_, generic, &length) != 0)
    throw std::runtime_error("cannot listen");
  port_ = ntohs(address.sin_port);
  thread_ = std::jthread([this] { serve(); });
}

CannedServer::~CannedServer() {
  ::eventfd_write(wake_, 1);
  thread_.join();
  ::close(listener_);
  ::close(wake_);
}

void CannedServer::serve() {
  while (wait_readable(listener_, wake_)) {
    const int connection = ::accept(listener_, nullptr, nullptr);
    {
      const std::scoped_lock lock(mutex_);
      ++connections_;
    }
    while (serve_connection(connection)) {
    }
    ::close(connection);
  }
}

bool CannedServer::serve_connection(int connection) {
  std::string request;
  char buffer[65536];
  for (;;) {
    const auto head = request.find("\r\n\r\n");
    if (head != std::string::npos && request.size() >= head + 4 + body_length(request)) break;
    if (!wait_readable(connection, wake_)) return false;
    const auto got = ::recv(connection, buffer, sizeof buffer, 0);
    if (got <= 0) return false;
    request.append(buffer, static_cast<std::size_t>(got));
  }
  {
    const std::scoped_lock lock(mutex_);
    requests_.push_back(request);
  }
  if (next_ >= answers_.size()) return false;
  const std::string& text = answers_[next_++];
  if (text == kHang) {
    wait_readable(wake_, wake_);
    return false;
  }
  ::send(connection, text.data(), text.size(), MSG_NOSIGNAL);
  return text.find("Connection: close") == std::string::npos;
}

std::vector<std::string> CannedServer::requests() const {
  const std::scoped_lock lock(mutex_);
  return requests_;
}

int CannedServer::connections() const {
  const std::scoped_lock lock(mutex_);
  return connections_;
}

std::string answer(const std::string& status, const std::string& body, const std::string& headers) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         headers + "\r\n" + body;
}

}  // namespace kcloud::http_client::testing
