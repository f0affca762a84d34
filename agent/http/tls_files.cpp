#include "agent/http/tls_files.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fstream>
#include <new>

namespace kcloud::http {

namespace {

// Forward secrecy and authenticated encryption alone (RFC 9325, 4.2); TLS 1.3 has nothing else.
constexpr const char* kTls12Ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr std::array<unsigned char, 9> kHttp11 = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size,
                    const unsigned char* offered, unsigned offered_size, void*) {
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found, size, kHttp11.data(), kHttp11.size(), offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

// Encrypted keys are refused; the default asks on the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

TlsContext new_context(const TlsOptions& options) {
  TlsContext context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (!context) throw std::bad_alloc();
  SSL_CTX* raw = context.get();
  SSL_CTX_set_min_proto_version(raw, options.only_tls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_options(raw, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                               SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                            SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(raw, 1);  // a record in one read instead of two
  SSL_CTX_set_cipher_list(raw, kTls12Ciphers);
  SSL_CTX_set_alpn_select_cb(raw, choose_protocol, nullptr);
  SSL_CTX_set_default_passwd_cb(raw, no_passphrase);
  // Sessions are resumed by tickets, which need no memory here.
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_session_id_context(raw, kHttp11.data(), kHttp11.size());
  SSL_CTX_set_num_tickets(raw, 1);
  return context;
}

std::string reason() {
  const char* text = ERR_reason_error_string(ERR_peek_error());
  return text != nullptr ? text : "no reason given";
}

std::optional<TlsProblem> unreadable(const char* option, const std::string& path) {
  errno = 0;
  std::ifstream file(path);
  file.peek();
  if (file) return std::nullopt;
  return TlsProblem{option, path + ": cannot be read" +
                                (errno != 0 ? std::string(": ") + std::strerror(errno) : "")};
}

std::chrono::system_clock::time_point not_after(SSL_CTX* context) {
  std::tm fields{};
  ASN1_TIME_to_tm(X509_get0_notAfter(SSL_CTX_get0_certificate(context)), &fields);
  return std::chrono::system_clock::from_time_t(timegm(&fields));
}

std::optional<TlsProblem> use_pair(SSL_CTX* context, const TlsOptions& options) {
  if (auto problem = unreadable("certificate", options.certificate)) return problem;
  if (auto problem = unreadable("key", options.key)) return problem;
  if (SSL_CTX_use_certificate_chain_file(context, options.certificate.c_str()) != 1) {
    return TlsProblem{"certificate",
                      options.certificate + ": no usable PEM certificate (" + reason() + ")"};
  }
  if (SSL_CTX_use_PrivateKey_file(context, options.key.c_str(), SSL_FILETYPE_PEM) == 1 &&
      SSL_CTX_check_private_key(context) == 1) {
    return std::nullopt;
  }
  if (ERR_GET_LIB(ERR_peek_error()) == ERR_LIB_X509) {
    return TlsProblem{"key",
                      options.key + ": not the key of the certificate in " + options.certificate};
  }
  return TlsProblem{"key", options.key + ": no unencrypted PEM key (" + reason() + ")"};
}

std::optional<TlsProblem> use_client_ca(SSL_CTX* context, const TlsOptions& options) {
  if (auto problem = unreadable("client_ca", options.client_ca)) return problem;
  const char* path = options.client_ca.c_str();
  STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(path);
  if (names == nullptr || SSL_CTX_load_verify_file(context, path) != 1) {
    sk_X509_NAME_pop_free(names, X509_NAME_free);
    return TlsProblem{"client_ca",
                      options.client_ca + ": no usable PEM certificates (" + reason() + ")"};
  }
  SSL_CTX_set_client_CA_list(context, names);
  const bool required = options.client_auth == ClientAuth::kRequired;
  SSL_CTX_set_verify(context,
                     required ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT : SSL_VERIFY_PEER,
                     nullptr);
  return std::nullopt;
}

}  // namespace

TlsLoaded load_tls(const TlsOptions& options) {
  ERR_clear_error();
  TlsLoaded loaded;
  TlsContext context = new_context(options);
  loaded.problem = use_pair(context.get(), options);
  if (!loaded.problem && options.client_auth != ClientAuth::kNone) {
    loaded.problem = use_client_ca(context.get(), options);
  }
  ERR_clear_error();
  if (loaded.problem) return loaded;
  loaded.not_after = not_after(context.get());
  loaded.context = std::move(context);
  return loaded;
}

}  // namespace kcloud::http
