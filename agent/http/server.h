// The HTTP/1.1 server: one I/O thread, bounded in every direction.
//
// Requests of a connection are answered in order. Limits that are passed are answered (400, 408,
// 413, 414, 431, 503), then the connection ends. Any thread may call the functions; handlers run on
// the I/O thread and must not block.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/http/certificates.h"
#include "agent/http/message.h"
#include "agent/http/reply.h"
#include "core/counters.h"

namespace kcloud::http {

using std::chrono::milliseconds;

struct Options {
  std::string listen = "127.0.0.1:0";
  std::uint64_t max_body_bytes = 8 << 20;
  std::uint32_t max_header_bytes = 16 << 10;
  std::uint32_t max_headers = 100;
  std::uint32_t max_connections = 2048;
  std::uint64_t max_pending_body_bytes = 64 << 20;  // of all connections; beyond: 503
  milliseconds header_timeout{10'000};  // from a request's first byte to the end of its header
  milliseconds body_timeout{30'000};    // for each 64 KiB of a body
  milliseconds idle_timeout{75'000};    // between requests, and for a client that takes no answer
  TlsOptions tls;                       // its handshake has header_timeout
};

struct Counters {
  core::Counter accepted{0};  // connections
  core::Counter refused{0};   // connections turned away at max_connections
  core::Counter open{0};
  core::Counter responses[6] = {};  // by hundreds of the status
  core::Counter malformed{0};       // requests refused before a handler saw them
  core::Counter timeouts{0};
  core::Counter handler_errors{0};
  core::Counter pending_body_bytes{0};
  core::Counter tls_handshakes{0};  // done
  core::Counter tls_failed{0};      // handshakes that came to no end
  core::Counter tls_plain_http{0};  // clients that spoke plain HTTP to a TLS listener
};

class Handler {
 public:
  virtual ~Handler() = default;
  // Before the body is read: a response here refuses the request without reading it.
  virtual std::optional<Response> admit(Request& request) = 0;
  virtual void handle(Request& request, Reply reply) = 0;
};

class Core;

class Server {
 public:
  // Binds; throws std::runtime_error with a hint when the address cannot be had or the TLS files
  // are not usable. `handler` must outlive the server.
  Server(const Options& options, Handler& handler);
  ~Server();  // stops without waiting

  void start();  // begins to accept
  // No new connections; requests under way are finished, streams ended, idle connections closed.
  // Returns after at most about `timeout`; what is left then is cut. Idempotent.
  void stop(milliseconds timeout);

  std::uint16_t port() const;          // the one chosen, where the address said 0
  const std::string& address() const;  // `127.0.0.1:8007`, `[::1]:8007`
  const Counters& counters() const;
  std::optional<TlsStatus> tls_status() const;  // empty: plain HTTP
  void reload_tls();                            // looks at the TLS files soon
  // Runs `task` on the I/O thread; dropped after stop().
  void post(std::function<void()> task);
  // The same as a function that may outlive the server.
  std::function<void(std::function<void()>)> poster() const;

 private:
  std::shared_ptr<Core> core_;
};

}  // namespace kcloud::http
