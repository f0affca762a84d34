// A server on loopback that reads requests and answers each with the next of the given texts, byte
// for byte: for answers that no well-behaved server gives.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace kcloud::http_client::testing {

class CannedServer {
 public:
  // An answer `hang` is never sent: the connection stays open until the server goes.
  explicit CannedServer(std::vector<std::string> answers);
  ~CannedServer();

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  // Whole requests, headers and body.
  std::vector<std::string> requests() const;
  int connections() const;

  static constexpr const char* kHang = "hang";

 private:
  void serve();
  bool serve_connection(int connection);

  std::vector<std::string> answers_;
  std::size_t next_ = 0;
  int listener_ = -1;
  int wake_ = -1;  // readable when the server is to end
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  int connections_ = 0;
  std::jthread thread_;
};

// `HTTP/1.1 <status>` with a content length, then the extra headers and the body.
std::string answer(const std::string& status, const std::string& body,
                   const std::string& headers = "");

}  // namespace kcloud::http_client::testing
