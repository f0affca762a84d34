// The JSON that a `webhook` notifier posts, and the header fields that sign it: Standard Webhooks
// (https://www.standardwebhooks.com, symmetric signatures `v1`). Names are those of Alertmanager's
// webhook where it has them. The format is docs/notifications.md. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/hmac.h"
#include "core/time.h"
#include "rules/alert.h"

namespace kcloud::rules::notify {

// What one message is about.
struct Envelope {
  std::string notifier;
  std::string group;         // as group_key() has it
  std::size_t firing = 0;    // of its alerts
  std::size_t resolved = 0;  // likewise
};

// An element of `alerts`.
std::string webhook_alert(const Transition& transition, std::string_view external_url);
std::string webhook_body(const Envelope& envelope, std::span<const std::string> alerts);

// `webhook-id`: the same for the same alerts in the same states, told to the same notifier; no
// other message has it.
struct Told {
  std::string_view fingerprint;
  core::Time starts_at;
  bool resolved = false;
};
std::string webhook_id(std::string_view notifier, std::span<const Told> alerts);

using HeaderFields = std::vector<std::pair<std::string, std::string>>;
// webhook-id, webhook-timestamp and, with a key, webhook-signature over the body's bytes.
HeaderFields webhook_headers(const std::string& id, core::Time now, const core::HmacKey* key,
                             std::string_view body);

}  // namespace kcloud::rules::notify
