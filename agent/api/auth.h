// Who may do what: bearer tokens (RFC 6750) with roles, signatures, the roles of requests with
// neither, and what a browser may be made to send. Immutable; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "agent/api/publishers.h"
#include "agent/http/message.h"
#include "collectors/webhook/signature.h"
#include "config/config.h"
#include "core/event_id.h"

namespace kcloud::api {

enum class Access : std::uint8_t { kOpen /* anyone */, kIngest, kRead, kAdmin, kForward };
enum class Permission : std::uint8_t { kGranted, kNoToken, kBadToken, kForbidden };

inline constexpr std::uint32_t kAnonymous = 0;  // the publisher without a name

struct Grant {
  Permission permission = Permission::kGranted;
  std::uint32_t publisher = kAnonymous;  // whose token it was; see Auth::publishers
};

class Auth {
 public:
  // `config` is free of problems and has its anonymous roles settled
  // (config::settle_anonymous_roles).
  explicit Auth(const config::HttpConfig& config);

  // `authorization`: the header field's value, empty when absent. Tokens are compared by their
  // digests, all of them, so that the time tells nothing. `client_verified`: the client has shown a
  // good certificate; its roles come on top.
  Grant check(std::string_view authorization, Access access, bool client_verified = false) const;

  // Whether the request has a signature that a signer could have made: verify() decides, when the
  // body is there.
  bool is_signed(const http::Request& request) const;

  // Neither member: the request has no such signature.
  struct Signed {
    std::optional<webhook::SignatureFault> fault;
    std::optional<std::uint32_t> publisher;
    // What identifies the request beyond its bodies' own ids. Covered by the signature.
    std::string_view key;
  };
  Signed verify(const http::Request& request, core::Time now) const;

  // Why a request without token and signature is refused although anonymous requests are let in:
  // a browser sent it for another site. Empty: it is not. Only on a loopback listener, which
  // browsers of its machine reach.
  std::string_view foreign(const http::Request& request) const;

  // What a request with neither token nor signature is told.
  std::string_view how_to_enter(Access access) const;

  // kAnonymous, then the tokens, then the signers, as the configuration has them.
  const std::vector<Publishers::Limits>& publishers() const { return publishers_; }

 private:
  struct Token {
    core::Sha256 digest;
    std::uint8_t roles;
    std::uint32_t publisher;
  };
  std::vector<Token> tokens_;
  std::vector<webhook::Signer> signers_;
  std::uint32_t first_signer_ = 0;  // as publisher
  std::vector<Publishers::Limits> publishers_;
  std::uint8_t anonymous_ = 0;
  std::uint8_t client_ = 0;
  bool guarded_ = false;
};

// Why such a request to a loopback listener comes from another site; empty: it does not. Fields are
// empty when absent.
std::string_view cross_site(std::string_view method, std::string_view host, std::string_view origin,
                            std::string_view fetch_site);

}  // namespace kcloud::api
