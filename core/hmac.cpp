#include "core/hmac.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <stdexcept>

namespace kcloud::core {

namespace {

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

[[noreturn]] void fail() { throw std::runtime_error("OpenSSL cannot make an HMAC-SHA256"); }

}  // namespace

void HmacKey::Free::operator()(evp_mac_ctx_st* context) const { EVP_MAC_CTX_free(context); }

HmacKey::HmacKey(std::string_view key) {
  const std::unique_ptr<EVP_MAC, void (*)(EVP_MAC*)> mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr),
                                                         EVP_MAC_free);
  if (mac) context_.reset(EVP_MAC_CTX_new(mac.get()));
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_END};
  if (!context_ || EVP_MAC_init(context_.get(), bytes(key), key.size(), parameters) != 1) fail();
}

HmacKey::Digest HmacKey::sign(std::initializer_list<std::string_view> parts) const {
  Digest digest;
  const Context context(EVP_MAC_CTX_dup(context_.get()));
  if (!context) fail();
  for (std::string_view part : parts) {
    if (EVP_MAC_update(context.get(), bytes(part), part.size()) != 1) fail();
  }
  if (EVP_MAC_final(context.get(), digest.data(), nullptr, digest.size()) != 1) fail();
  return digest;
}

}  // namespace kcloud::core
