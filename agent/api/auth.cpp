#include "agent/api/auth.h"

#include <openssl/crypto.h>

#include "config/credentials.h"

namespace kcloud::api {

namespace {

constexpr std::uint8_t kIngestBit = 1;
constexpr std::uint8_t kReadBit = 2;
constexpr std::uint8_t kAdminBit = 4;
constexpr std::uint8_t kAllBits = 7;
constexpr std::uint8_t kForwardBit = 8;  // no part of `admin`: for agents alone

std::uint8_t role_bits(const std::vector<std::string>& roles) {
  std::uint8_t bits = 0;
  for (const std::string& role : roles) {
    if (role == "ingest") bits |= kIngestBit;
    if (role == "read") bits |= kReadBit;
    if (role == "admin") bits |= kAllBits;
    if (role == "forward") bits |= kForwardBit;
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
    case Access::kForward:
      return kForwardBit;
    case Access::kOpen:
      break;
  }
  return 0;
}

webhook::Signer make_signer(const config::SignatureConfig& config) {
  webhook::Signer signer{config.scheme == config::kGithub
                             ? webhook::SignatureScheme::kGithub
                             : webhook::SignatureScheme::kStandardWebhooks,
                         std::chrono::duration_cast<std::chrono::seconds>(config.tolerance),
                         {}};
  for (const auto* secrets : {&config.secrets, &config.file_secrets}) {
    for (const config::Secret& secret : *secrets) {
      signer.keys.emplace_back(config::signing_key(config.scheme, secret.value));
    }
  }
  return signer;
}

webhook::SignatureFields fields_of(const http::Request& request) {
  return {request.header("webhook-id"), request.header("webhook-timestamp"),
          request.header("webhook-signature"), request.header("x-hub-signature-256")};
}

// A host with or without a port; an IPv6 address stands in brackets.
bool is_local(std::string_view host) {
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    return end != std::string_view::npos && config::is_loopback_host(host.substr(1, end - 1));
  }
  host = host.substr(0, host.find(':'));
  return http::equals_ignoring_case(host, "localhost") || config::is_loopback_host(host);
}

}  // namespace

Auth::Auth(const config::HttpConfig& config)
    : anonymous_(role_bits(config.anonymous_roles)),
      client_(role_bits(config.tls.client_roles)),
      guarded_(anonymous_ != 0 && config::is_loopback(config.listen)) {
  publishers_.push_back(
      {"anonymous", {config.anonymous_max_events_per_s, config.anonymous_burst_events}});
  for (const config::TokenConfig& token : config.tokens) {
    const auto publisher = static_cast<std::uint32_t>(publishers_.size());
    const auto add = [&](const config::Secret& text) {
      if (text.empty()) return;
      tokens_.push_back({core::sha256(text.value), role_bits(token.roles), publisher});
    };
    add(token.token);
    for (const config::Secret& text : token.file_tokens) add(text);
    publishers_.push_back({token.name, token.quota});
  }
  first_signer_ = static_cast<std::uint32_t>(publishers_.size());
  for (const config::SignatureConfig& signature : config.signatures) {
    signers_.push_back(make_signer(signature));
    publishers_.push_back({signature.name, signature.quota});
  }
}

Grant Auth::check(std::string_view authorization, Access access, bool client_verified) const {
  const std::uint8_t needed = needed_bit(access);
  const std::uint8_t shown = client_verified ? client_ : 0;
  if (authorization.empty()) {
    const bool granted = access == Access::kOpen || ((anonymous_ | shown) & needed) != 0;
    return {granted ? Permission::kGranted : Permission::kNoToken};
  }
  if (access == Access::kOpen) return {};
  constexpr std::string_view kScheme = "Bearer ";
  if (!http::equals_ignoring_case(authorization.substr(0, kScheme.size()), kScheme)) {
    return {Permission::kBadToken};
  }
  std::string_view presented = authorization.substr(kScheme.size());
  while (presented.starts_with(' ')) presented.remove_prefix(1);
  const core::Sha256 digest = core::sha256(presented);
  std::uint32_t publisher = kAnonymous;
  std::uint8_t roles = shown;
  for (const Token& token : tokens_) {
    const bool same = CRYPTO_memcmp(digest.data(), token.digest.data(), digest.size()) == 0;
    publisher = same ? token.publisher : publisher;
    roles |= same ? token.roles : 0;
  }
  if (publisher == kAnonymous) return {Permission::kBadToken};
  return {(roles & needed) != 0 ? Permission::kGranted : Permission::kForbidden, publisher};
}

bool Auth::is_signed(const http::Request& request) const {
  return !signers_.empty() && webhook::has_signature(signers_, fields_of(request));
}

Auth::Signed Auth::verify(const http::Request& request, core::Time now) const {
  if (signers_.empty()) return {};
  const webhook::SignatureFields fields = fields_of(request);
  const webhook::Verdict verdict = webhook::verify(signers_, fields, request.body, now);
  if (!verdict.signer) return {verdict.fault, {}, {}};
  const bool github = signers_[*verdict.signer].scheme == webhook::SignatureScheme::kGithub;
  return {verdict.fault, first_signer_ + static_cast<std::uint32_t>(*verdict.signer),
          github ? fields.hub : fields.id};
}

std::string_view Auth::how_to_enter(Access access) const {
  if (access == Access::kForward) {
    return "send a token (Authorization: Bearer …) or a client certificate that has the role "
           "`forward`";
  }
  if (access != Access::kIngest || signers_.empty()) {
    return tokens_.empty()
               ? "nobody may do this here without a token, and there are no tokens; see "
                 "http.anonymous_roles"
               : "send a token: Authorization: Bearer …";
  }
  return tokens_.empty() ? "sign the request: webhook-id, webhook-timestamp and webhook-signature, "
                           "or X-Hub-Signature-256"
                         : "send a token (Authorization: Bearer …) or sign the request";
}

std::string_view Auth::foreign(const http::Request& request) const {
  if (!guarded_) return {};
  return cross_site(request.method, request.header("host"), request.header("origin"),
                    request.header("sec-fetch-site"));
}

std::string_view cross_site(std::string_view method, std::string_view host, std::string_view origin,
                            std::string_view fetch_site) {
  // Only HTTP/1.0 has no Host, and no browser speaks it.
  if (!host.empty() && !is_local(host)) {
    return "`Host` is none of localhost, 127.0.0.0/8 and [::1]; without a token this listener "
           "answers those alone";
  }
  if (method != "POST") return {};
  constexpr std::string_view kRefused =
      "a page of another site sent this (`Origin`, `Sec-Fetch-Site`); without a token this "
      "listener does not take its posts";
  if (http::equals_ignoring_case(fetch_site, "cross-site")) return kRefused;
  if (origin.empty()) return {};
  const std::size_t authority = origin.find("://");
  const bool local = authority != std::string_view::npos && is_local(origin.substr(authority + 3));
  return local ? std::string_view() : kRefused;
}

}  // namespace kcloud::api
