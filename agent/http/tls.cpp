#include "agent/http/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <limits>
#include <new>

namespace kcloud::http {

namespace {

std::string text_of(const ASN1_STRING* text) {
  unsigned char* utf8 = nullptr;
  const int size = text != nullptr ? ASN1_STRING_to_UTF8(&utf8, text) : 0;
  const std::unique_ptr<unsigned char, void (*)(unsigned char*)> owner(
      utf8, [](unsigned char* bytes) { OPENSSL_free(bytes); });
  return size > 0 ? std::string(reinterpret_cast<char*>(utf8), static_cast<std::size_t>(size))
                  : std::string();
}

std::string common_name(X509* certificate) {
  const X509_NAME* subject = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0) return {};
  return text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
}

std::string alternative_name(X509* certificate) {
  const std::unique_ptr<GENERAL_NAMES, void (*)(GENERAL_NAMES*)> names(
      static_cast<GENERAL_NAMES*>(
          X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
      GENERAL_NAMES_free);
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS || name->type == GEN_URI) return text_of(name->d.ia5);
  }
  return {};
}

int as_int(std::size_t size) {
  return static_cast<int>(std::min<std::size_t>(size, std::numeric_limits<int>::max()));
}

}  // namespace

void Tls::Free::operator()(ssl_st* ssl) const { SSL_free(ssl); }

Tls::Tls(const TlsContext& context, int socket) : ssl_(SSL_new(context.get())) {
  if (!ssl_ || SSL_set_fd(ssl_.get(), socket) != 1) throw std::bad_alloc();
}

// The error queue belongs to the thread, so each call begins with an empty one.
void Tls::note(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_NONE:
      want_ = Want::kNothing;
      return;
    case SSL_ERROR_WANT_READ:
      want_ = Want::kRead;
      return;
    case SSL_ERROR_WANT_WRITE:
      want_ = Want::kWrite;
      return;
    default:
      want_ = Want::kEnd;
  }
}

Tls::Want Tls::accept() {
  ERR_clear_error();
  note(SSL_accept(ssl_.get()));
  if (want_ == Want::kEnd) {
    met_plain_http_ = ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST;
  }
  return want_;
}

bool Tls::client_verified() const {
  return SSL_get0_peer_certificate(ssl_.get()) != nullptr &&
         SSL_get_verify_result(ssl_.get()) == X509_V_OK;
}

std::string Tls::client_name() const {
  X509* certificate = SSL_get0_peer_certificate(ssl_.get());
  if (certificate == nullptr) return {};
  std::string name = common_name(certificate);
  return name.empty() ? alternative_name(certificate) : name;
}

std::size_t Tls::read(char* to, std::size_t size) {
  if (want_ == Want::kEnd) return 0;
  ERR_clear_error();
  const int result = SSL_read(ssl_.get(), to, as_int(size));
  note(result);
  return result > 0 ? static_cast<std::size_t>(result) : 0;
}

std::size_t Tls::write(std::string_view bytes) {
  std::size_t written = 0;
  while (written < bytes.size() && want_ != Want::kEnd) {
    ERR_clear_error();
    const int result =
        SSL_write(ssl_.get(), bytes.data() + written, as_int(bytes.size() - written));
    note(result);
    if (result <= 0) break;
    written += static_cast<std::size_t>(result);
  }
  return written;
}

void Tls::say_end() {
  if (want_ == Want::kEnd || !SSL_is_init_finished(ssl_.get())) return;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
}

}  // namespace kcloud::http
