// One connection's TLS on its non-blocking socket. Never waits: says what to wait for. Internal to
// the folder; the I/O thread alone. The process must ignore SIGPIPE.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "agent/http/tls_files.h"

struct ssl_st;  // OpenSSL's SSL

namespace kcloud::http {

class Tls {
 public:
  // After a call that moved nothing: wait until the socket can be read or written, then call again;
  // or it is over.
  enum class Want : std::uint8_t { kNothing, kRead, kWrite, kEnd };

  Tls(const TlsContext& context, int socket);

  Want accept();  // kNothing: the handshake is done
  // After accept() said kEnd: the client speaks plain HTTP; nothing was sent to it.
  bool met_plain_http() const { return met_plain_http_; }
  bool client_verified() const;  // it has shown a certificate, and that was verified
  // Of that certificate: its common name, else the first DNS name or URI; may be empty.
  std::string client_name() const;

  // Bytes moved; fewer than asked for: see want().
  std::size_t read(char* to, std::size_t size);
  std::size_t write(std::string_view bytes);
  Want want() const { return want_; }
  // Tells the client that nothing follows, as far as the socket takes it.
  void say_end();

 private:
  struct Free {
    void operator()(ssl_st* ssl) const;
  };
  void note(int result);

  std::unique_ptr<ssl_st, Free> ssl_;
  Want want_ = Want::kRead;
  bool met_plain_http_ = false;
};

}  // namespace kcloud::http
