// The validation handshake of "HTTP 1.1 Web Hooks for Event Delivery" 1.0 (CloudEvents): a sender
// asks by OPTIONS whether it may deliver here. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "agent/http/message.h"
#include "config/config.h"

namespace kcloud::api {

// The answer to an OPTIONS request of a path that takes events and whose methods are `allow`;
// nullopt when it is no handshake (no WebHook-Request-Origin). An origin that
// http.cloudevents.allowed_origins does not name gets an answer that grants nothing.
// WebHook-Request-Callback is not called: what is granted is granted at once.
std::optional<http::Response> shake_hands(const http::Request& request,
                                          const config::CloudEventsConfig& config,
                                          std::string_view allow);

}  // namespace kcloud::api
