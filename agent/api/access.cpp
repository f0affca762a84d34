// Who may send a request: on its header by token, after its body by signature; and how many events
// a publisher may post.
#include "agent/api/router.h"

namespace kcloud::api {

namespace {

constexpr std::size_t kRefusedShare = 10;  // of a refused request's events is charged
constexpr std::string_view kChallenge = "WWW-Authenticate: Bearer realm=\"kcloud-logger\"";

http::Response challenge(int status, std::string_view detail, std::string_view error) {
  http::Response response = http::problem(status, detail);
  response.headers.append(kChallenge);
  if (!error.empty()) response.headers.append(", error=\"").append(error).append("\"");
  response.headers.append("\r\n");
  return response;
}

}  // namespace

std::optional<http::Response> Router::authorise(http::Request& request, const Route& route) {
  const Auth& auth = settings_->auth;
  const std::string_view authorization = request.header("authorization");
  const Grant grant = auth.check(authorization, route.access, request.client_verified);
  request.owner = &publishers_.at(grant.publisher);
  switch (grant.permission) {
    case Permission::kBadToken:
      core::count(counters_.unauthorized);
      return challenge(401, "the token is not known", "invalid_token");
    case Permission::kForbidden:
      core::count(counters_.forbidden);
      return challenge(403,
                       route.access == Access::kForward
                           ? "the token has not the role `forward`, which forwarding agents need"
                           : "the token has not the role that this needs",
                       "insufficient_scope");
    case Permission::kGranted:
    case Permission::kNoToken:
      break;
  }
  if (grant.publisher != kAnonymous) return std::nullopt;
  if (route.access == Access::kIngest && auth.is_signed(request)) {
    request.owner = nullptr;  // the signature decides, when the body is there
    return std::nullopt;
  }
  // A token is not looked at where none is needed.
  if (route.access == Access::kOpen && !authorization.empty()) return std::nullopt;
  if (grant.permission == Permission::kNoToken) {
    core::count(counters_.unauthorized);
    return challenge(401, auth.how_to_enter(route.access), "");
  }
  if (request.client_verified) return std::nullopt;  // no page of another site can show it
  if (const std::string_view why = auth.foreign(request); !why.empty()) {
    core::count(counters_.forbidden);
    return http::problem(403, why);
  }
  return std::nullopt;
}

std::optional<http::Response> Router::check_signature(const http::Request& request,
                                                      Publisher*& publisher,
                                                      std::string_view& key) {
  publisher = static_cast<Publisher*>(request.owner);
  const Auth::Signed made = settings_->auth.verify(request, context_.clock.now());
  if (!made.fault && made.publisher) {
    key = made.key;
    if (publisher == nullptr) publisher = &publishers_.at(*made.publisher);
    return std::nullopt;
  }
  // Without a fault and without a publisher: the signer has gone while the body was read.
  if (!made.fault && publisher != nullptr) return std::nullopt;
  const auto fault = made.fault.value_or(webhook::SignatureFault::kWrong);
  core::count(counters_.signature_faults[static_cast<std::size_t>(fault)]);
  core::count(counters_.unauthorized);
  core::count(counters_.webhook.unauthorized);
  return challenge(401, webhook::explain(fault), "");
}

std::optional<http::Response> Router::charge(Publisher& publisher, std::size_t events) {
  const auto now = std::chrono::steady_clock::now();
  if (!publisher.bucket.take(events, now)) return std::nullopt;
  // It had to be read to be counted: who repeats it at once empties the bucket, and is then refused
  // unread.
  publisher.bucket.pay(events / kRefusedShare + 1, now);
  TokenBucket bucket = publisher.bucket;
  return throttle(publisher, bucket.take(events, now).value_or(std::chrono::seconds(1)));
}

std::optional<http::Response> Router::refuse_unread(Publisher& publisher) {
  const auto wait = publisher.bucket.empty_for(std::chrono::steady_clock::now());
  if (!wait) return std::nullopt;
  return throttle(publisher, *wait);
}

http::Response Router::throttle(Publisher& publisher, std::chrono::seconds wait) {
  ++publisher.throttled;
  http::Response response =
      http::problem(429,
                    "more events than this publisher's quota; nothing was stored, send it "
                    "again after Retry-After seconds");
  http::add_header(response, "Retry-After", std::to_string(wait.count()));
  return response;
}

}  // namespace kcloud::api
