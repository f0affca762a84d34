// Who may do what: bearer tokens (RFC 6750) with roles, and the roles of requests without a token.
// Immutable; any thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "core/event_id.h"

namespace kcloud::api {

enum class Access : std::uint8_t { kOpen /* anyone */, kIngest, kRead, kAdmin };
enum class Permission : std::uint8_t { kGranted, kNoToken, kBadToken, kForbidden };

class Auth {
 public:
  // `config` has its anonymous roles settled (config::settle_anonymous_roles).
  explicit Auth(const config::HttpConfig& config);

  // `authorization`: the header field's value, empty when absent. Tokens are compared by their
  // digests, all of them, so that the time tells nothing. `client_verified`: the client has shown a
  // good certificate; its roles come on top.
  Permission check(std::string_view authorization, Access access,
                   bool client_verified = false) const;

 private:
  struct Token {
    core::Sha256 digest;
    std::uint8_t roles;
  };
  std::vector<Token> tokens_;
  std::uint8_t anonymous_ = 0;
  std::uint8_t client_ = 0;
};

}  // namespace kcloud::api
