// A listener's certificate, key and client authorities: read from their files, checked, and made
// into what handshakes use. Reads files, never the network; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace kcloud::http {

enum class ClientAuth : std::uint8_t { kNone, kOptional, kRequired };

struct TlsOptions {
  std::string certificate;  // PEM file, the intermediate ones behind it; empty: plain HTTP
  std::string key;          // PEM file, not encrypted
  std::string client_ca;    // PEM file of the authorities that client certificates come from
  ClientAuth client_auth = ClientAuth::kNone;
  bool only_tls13 = false;                         // else TLS 1.2 too
  std::chrono::milliseconds look_interval{1'000};  // how often the files are looked at

  bool enabled() const { return !certificate.empty(); }
};

// What is wrong, and with which option: `certificate`, `key` or `client_ca`.
struct TlsProblem {
  std::string option;
  std::string message;  // names the file
};

using TlsContext = std::shared_ptr<ssl_ctx_st>;

struct TlsLoaded {
  TlsContext context;  // empty when there is a problem
  std::chrono::system_clock::time_point not_after;
  std::optional<TlsProblem> problem;
};

// Files that cannot be read, do not parse or do not belong together are a problem; a certificate
// that has expired is not: the caller decides.
TlsLoaded load_tls(const TlsOptions& options);

}  // namespace kcloud::http
