#include "agent/api/auth.h"

#include <openssl/crypto.h>

#include "agent/http/message.h"

namespace kcloud::api {

namespace {

constexpr std::uint8_t kIngestBit = 1;
constexpr std::uint8_t kReadBit = 2;
constexpr std::uint8_t kAdminBit = 4;
constexpr std::uint8_t kAllBits = 7;

std::uint8_t role_bits(const std::vector<std::string>& roles) {
  std::uint8_t bits = 0;
  for (const std::string& role : roles) {
    if (role == "ingest") bits |= kIngestBit;
    if (role == "read") bits |= kReadBit;
    if (role == "admin") bits |= kAllBits;
  }
  return bits;
}

std::uint8_t needed_bit(Access access) {
  switch (access) {
    case Access::kIngest:
      return kIngestBit;
    case Access::kRead:
      return kReadBit;
    case Access::kAdmin:
      return kAdminBit;
    case Access::kOpen:
      break;
  }
  return 0;
}

}  // namespace

Auth::Auth(const config::HttpConfig& config)
    : anonymous_(role_bits(config.anonymous_roles)), client_(role_bits(config.tls.client_roles)) {
  for (const config::TokenConfig& token : config.tokens) {
    if (token.token.empty()) continue;
    tokens_.push_back({core::sha256(token.token.value), role_bits(token.roles)});
  }
}

Permission Auth::check(std::string_view authorization, Access access, bool client_verified) const {
  if (access == Access::kOpen) return Permission::kGranted;
  const std::uint8_t needed = needed_bit(access);
  if (authorization.empty()) {
    if (((anonymous_ | (client_verified ? client_ : 0)) & needed) != 0) return Permission::kGranted;
    return Permission::kNoToken;
  }
  constexpr std::string_view kScheme = "Bearer ";
  if (!http::equals_ignoring_case(authorization.substr(0, kScheme.size()), kScheme)) {
    return Permission::kBadToken;
  }
  std::string_view presented = authorization.substr(kScheme.size());
  while (presented.starts_with(' ')) presented.remove_prefix(1);
  const core::Sha256 digest = core::sha256(presented);
  bool known = false;
  std::uint8_t roles = client_verified ? client_ : 0;
  for (const Token& token : tokens_) {
    const bool same = CRYPTO_memcmp(digest.data(), token.digest.data(), digest.size()) == 0;
    known |= same;
    roles |= same ? token.roles : 0;
  }
  if (!known) return Permission::kBadToken;
  return (roles & needed) != 0 ? Permission::kGranted : Permission::kForbidden;
}

}  // namespace kcloud::api
