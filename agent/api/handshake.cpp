#include "agent/api/handshake.h"

#include <algorithm>

namespace kcloud::api {

std::optional<http::Response> shake_hands(const http::Request& request,
                                          const config::CloudEventsConfig& config,
                                          std::string_view allow) {
  const std::string_view origin = request.header("webhook-request-origin");
  if (origin.empty()) return std::nullopt;
  const bool allowed = std::any_of(config.allowed_origins.begin(), config.allowed_origins.end(),
                                   [&](const std::string& one) {
                                     return one == "*" || http::equals_ignoring_case(one, origin);
                                   });
  if (!allowed) return http::Response{.status = 204};
  http::Response response{.status = 200};
  http::add_header(response, "Allow", allow);
  http::add_header(response, "WebHook-Allowed-Origin", origin);
  if (config.allowed_rate > 0) {
    http::add_header(response, "WebHook-Allowed-Rate", std::to_string(config.allowed_rate));
  } else if (!request.header("webhook-request-rate").empty()) {
    http::add_header(response, "WebHook-Allowed-Rate", "*");
  }
  return response;
}

}  // namespace kcloud::api
