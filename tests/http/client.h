// A raw HTTP client for tests: bytes out, bytes in, on a blocking loopback socket with a time
// limit.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

namespace kcloud::testing {

struct Answer {
  int status = 0;
  std::string head;
  std::string body;

  std::string header(std::string_view name) const {
    const std::string key = "\r\n" + std::string(name) + ": ";
    const std::size_t at = head.find(key);
    if (at == std::string::npos) return {};
    const std::size_t begin = at + key.size();
    return head.substr(begin, head.find("\r\n", begin) - begin);
  }
};

class Client {
 public:
  explicit Client(std::uint16_t port, int receive_buffer = 0)
      : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (receive_buffer > 0) {
      ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    const int one = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  virtual ~Client() { close(); }
  Client(Client&& other) noexcept
      : fd_(other.fd_), connected_(other.connected_), read_(std::move(other.read_)) {
    other.fd_ = -1;
  }
  Client(const Client&) = delete;

  bool connected() const { return connected_; }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

  // False when the server no longer takes it.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = write_some(bytes.data(), bytes.size());
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  // Reads until `text` was seen, the end or the time limit; everything read so far and not taken.
  const std::string& read_until(std::string_view text, int timeout_ms = 5000) {
    while (read_.find(text) == std::string::npos && fill(timeout_ms)) {
    }
    return read_;
  }

  // The next answer; status 0 when none came.
  Answer receive(bool head_only = false, int timeout_ms = 5000) {
    Answer answer;
    std::size_t end;
    while ((end = read_.find("\r\n\r\n")) == std::string::npos) {
      if (!fill(timeout_ms)) return answer;
    }
    answer.head = read_.substr(0, end + 2);
    read_.erase(0, end + 4);
    answer.status = std::atoi(answer.head.c_str() + 9);
    if (head_only || answer.status == 100 || answer.status == 204) return answer;
    if (answer.header("Transfer-Encoding") == "chunked") {
      read_chunks(answer, timeout_ms);
      return answer;
    }
    const std::string length = answer.header("Content-Length");
    const std::size_t size = length.empty() ? SIZE_MAX : std::strtoull(length.c_str(), nullptr, 10);
    while (read_.size() < size && fill(timeout_ms)) {
    }
    answer.body = read_.substr(0, size);
    read_.erase(0, answer.body.size());
    return answer;
  }

  Answer exchange(std::string_view request) {
    send(request);
    return receive();
  }

  // True when the server ended the connection (and nothing is left to read).
  bool ended(int timeout_ms = 5000) {
    while (fill(timeout_ms)) {
    }
    return eof_;
  }

 protected:
  int fd() const { return fd_; }
  virtual ssize_t write_some(const char* bytes, std::size_t size) {
    return ::send(fd_, bytes, size, MSG_NOSIGNAL);
  }
  virtual ssize_t read_some(char* bytes, std::size_t size) { return ::recv(fd_, bytes, size, 0); }
  virtual bool has_more() { return false; }  // read already, though the socket does not say so

 private:
  bool fill(int timeout_ms) {
    pollfd entry{fd_, POLLIN, 0};
    if (!has_more() && ::poll(&entry, 1, timeout_ms) <= 0) return false;
    char bytes[16384];
    const ssize_t size = read_some(bytes, sizeof bytes);
    if (size <= 0) {
      eof_ = true;
      return false;
    }
    read_.append(bytes, static_cast<std::size_t>(size));
    return true;
  }

  void read_chunks(Answer& answer, int timeout_ms) {
    for (;;) {
      std::size_t line;
      while ((line = read_.find("\r\n")) == std::string::npos) {
        if (!fill(timeout_ms)) return;
      }
      const std::size_t size = std::strtoull(read_.c_str(), nullptr, 16);
      while (read_.size() < line + 2 + size + 2) {
        if (!fill(timeout_ms)) return;
      }
      answer.body += read_.substr(line + 2, size);
      read_.erase(0, line + 2 + size + 2);
      if (size == 0) return;
    }
  }

  int fd_;
  bool connected_ = false;
  bool eof_ = false;
  std::string read_;
};

}  // namespace kcloud::testing
