// The raw client of client.h over TLS. What may be wrong on purpose is an option.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "tests/http/client.h"

namespace kcloud::testing {

struct TlsClientOptions {
  std::string certificate, key;  // the client's own; empty: none
  std::string trust;             // PEM file; empty: anything is taken
  int max_version = 0;
  std::string protocols;  // ALPN, in wire format
  std::string ciphers;    // of TLS 1.2
  SSL_SESSION* session = nullptr;
};

class TlsClient : public Client {
 public:
  explicit TlsClient(std::uint16_t port, const TlsClientOptions& options = {})
      : Client(port), context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free) {
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context_.get(), options.max_version);
    SSL_CTX_set_security_level(context_.get(), 0);  // also what the server must refuse
    if (!options.certificate.empty()) {
      SSL_CTX_use_certificate_file(context_.get(), options.certificate.c_str(), SSL_FILETYPE_PEM);
      SSL_CTX_use_PrivateKey_file(context_.get(), options.key.c_str(), SSL_FILETYPE_PEM);
    }
    if (!options.trust.empty()) {
      SSL_CTX_load_verify_file(context_.get(), options.trust.c_str());
      SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    }
    if (!options.ciphers.empty()) SSL_CTX_set_cipher_list(context_.get(), options.ciphers.c_str());
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), fd());
    SSL_set_tlsext_host_name(ssl_.get(), "localhost");
    if (!options.protocols.empty()) {
      SSL_set_alpn_protos(ssl_.get(),
                          reinterpret_cast<const unsigned char*>(options.protocols.data()),
                          static_cast<unsigned>(options.protocols.size()));
    }
    if (options.session != nullptr) SSL_set_session(ssl_.get(), options.session);
    shook_hands_ = SSL_connect(ssl_.get()) == 1;
  }

  bool shook_hands() const { return shook_hands_; }
  SSL* ssl() { return ssl_.get(); }
  // The subject of the server's certificate.
  std::string server() const {
    char name[256] = "";
    X509* certificate = SSL_get0_peer_certificate(ssl_.get());
    if (certificate != nullptr) {
      X509_NAME_oneline(X509_get_subject_name(certificate), name, sizeof name);
    }
    return name;
  }

 protected:
  ssize_t write_some(const char* bytes, std::size_t size) override {
    return SSL_write(ssl_.get(), bytes, static_cast<int>(size));
  }
  ssize_t read_some(char* bytes, std::size_t size) override {
    return SSL_read(ssl_.get(), bytes, static_cast<int>(size));
  }
  bool has_more() override { return SSL_has_pending(ssl_.get()) == 1; }

 private:
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_;
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  std::unique_ptr<SSL, Free> ssl_;
  bool shook_hands_ = false;
};

}  // namespace kcloud::testing
