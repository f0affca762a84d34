// HTTP requests over one kept-alive connection; hides libcurl.
//
// One thread at a time uses a Client. Calls block, at most for the configured time. Whatever the
// network or the server does comes back as a value: a Response with a status, or with an error that
// names host and cause but never a header, a body or a credential. Redirects are not followed (a
// POST with credentials must not go elsewhere).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace kcloud::http_client {

struct Options {
  std::chrono::milliseconds connect_timeout{3'000};
  std::chrono::milliseconds timeout{5'000};  // a whole request; streams: time without a byte
  std::string ca_file;                       // PEM bundle; empty: the system's
  std::string certificate_file;              // PEM, the client's own; empty: none
  std::string key_file;                      // of that certificate
  bool verify_tls = true;
  std::size_t max_response_bytes = 1 << 20;
  std::string user_agent = "kcloud-logger";
};

struct Header {
  std::string name;
  std::string value;
};

struct Request {
  std::string url;
  std::vector<Header> headers;
  std::string_view body;  // POST and PUT only; must live as long as the call
  std::string username;   // basic authentication when not empty
  std::string password;
};

struct Response {
  int status = 0;          // 0: no answer, see `error`
  std::string body;        // at most max_response_bytes
  bool truncated = false;  // the body was longer, or the transfer broke inside it
  std::optional<std::chrono::milliseconds> retry_after;  // from seconds or an HTTP date
  std::string error;                                     // transport failure, one line
  bool untrusted = false;  // … for want of certificates that fit: repeating does not help

  bool answered() const { return status != 0; }
};

class Client {
 public:
  // Throws std::runtime_error when libcurl cannot be set up.
  explicit Client(Options options);
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;

  // `stop` ends a call early, within about a second, as a transport failure.
  Response get(const Request& request, std::stop_token stop = {});
  Response remove(const Request& request);  // DELETE
  Response post(const Request& request, std::stop_token stop = {});
  Response put(const Request& request, std::stop_token stop = {});
  // GET whose 2xx body goes to `on_data` as it arrives, until the server ends it, `on_data` returns
  // false or `stop` is requested (noticed within about a second). Other answers come back in
  // `body`.
  Response stream(const Request& request, const std::function<bool(std::string_view)>& on_data,
                  std::stop_token stop);
  // A header field of the newest answer; empty when it had none of that name.
  std::string header(const std::string& name) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// `text` as one URL query component (RFC 3986 unreserved characters pass).
std::string url_encode(std::string_view text);

}  // namespace kcloud::http_client
