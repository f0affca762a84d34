#include "bench/loadgen/connection.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

namespace kcloud::bench {
namespace {

int connect_to(const Target& target) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(target.host.c_str(), std::to_string(target.port).c_str(), &hints, &found) != 0) {
    return -1;
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    const int fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);
    if (fd < 0) continue;
    if (connect(fd, at->ai_addr, at->ai_addrlen) == 0) return fd;
    ::close(fd);
  }
  return -1;
}

}  // namespace

bool Connection::open(const Target& target, std::uint64_t tag) {
  fd_ = connect_to(target);
  if (fd_ < 0) return false;
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (tls_ != nullptr && !shake_hands()) {
    close();
    return false;
  }
  tag_ = tag;
  watching_writable_ = false;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = tag;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, fd_, &event);
  return true;
}

bool Connection::shake_hands() {
  ssl_ = SSL_new(tls_);
  if (ssl_ == nullptr || SSL_set_fd(ssl_, fd_) != 1 || SSL_connect(ssl_) != 1) return false;
  return fcntl(fd_, F_SETFL, fcntl(fd_, F_GETFL) | O_NONBLOCK) == 0;
}

void Connection::close() {
  if (ssl_ != nullptr) SSL_free(ssl_);
  ssl_ = nullptr;
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  response = ResponseParser();
}

Connection::Progress Connection::fail() {
  close();
  return Progress::kFailed;
}

Connection::Progress Connection::send(SteadyTime when) {
  intended = when;
  busy = true;
  sent_ = 0;
  return flush();
}

namespace {

ssize_t moved(ssl_st* ssl, int result) {
  if (result > 0) return result;
  const int error = SSL_get_error(ssl, result);
  ERR_clear_error();
  if (error == SSL_ERROR_ZERO_RETURN) return 0;
  errno = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? EAGAIN : EPROTO;
  return -1;
}

}  // namespace

ssize_t Connection::put(const char* bytes, std::size_t size) {
  if (ssl_ != nullptr) return moved(ssl_, SSL_write(ssl_, bytes, static_cast<int>(size)));
  return ::send(fd_, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
}

ssize_t Connection::get(char* bytes, std::size_t size) {
  if (ssl_ != nullptr) return moved(ssl_, SSL_read(ssl_, bytes, static_cast<int>(size)));
  return recv(fd_, bytes, size, MSG_DONTWAIT);
}

Connection::Progress Connection::flush() {
  while (sent_ < request.size()) {
    const ssize_t count = put(request.data() + sent_, request.size() - sent_);
    if (count > 0) {
      sent_ += static_cast<std::size_t>(count);
    } else if (errno == EAGAIN) {
      watch(true);
      return Progress::kWaiting;
    } else if (errno != EINTR) {
      return fail();
    }
  }
  watch(false);
  return Progress::kWaiting;
}

Connection::Progress Connection::advance() {
  if (busy && sent_ < request.size() && flush() == Progress::kFailed) return Progress::kFailed;
  char block[64 * 1024];
  const ssize_t count = get(block, sizeof block);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return Progress::kWaiting;
  if (count <= 0) return fail();
  switch (response.feed({block, static_cast<std::size_t>(count)})) {
    case ResponseParser::State::kIncomplete:
      return ssl_ != nullptr ? advance() : Progress::kWaiting;  // TLS may hold more
    case ResponseParser::State::kBroken:
      return fail();
    case ResponseParser::State::kComplete:
      break;
  }
  return busy ? Progress::kAnswered : fail();
}

void Connection::watch(bool writable) {
  if (writable == watching_writable_) return;
  watching_writable_ = writable;
  epoll_event event{};
  event.events = writable ? EPOLLIN | EPOLLOUT : EPOLLIN;
  event.data.u64 = tag_;
  epoll_ctl(epoll_, EPOLL_CTL_MOD, fd_, &event);
}

}  // namespace kcloud::bench
