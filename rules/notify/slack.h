// Messages of Slack-compatible incoming webhooks: a line of text and an attachment an alert, which
// Slack, Mattermost and Rocket.Chat show alike. Pure.
//
// What events and rules say is shown as text: it can neither mention people nor make links. Texts
// are cut between characters at what such services show.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "rules/alert.h"
#include "rules/notify/webhook.h"

namespace kcloud::rules::notify {

constexpr std::size_t kSlackAlerts = 20;  // attachments of a message; the rest is counted in it

// An attachment.
std::string slack_alert(const Transition& transition, std::string_view external_url);
std::string slack_body(const Envelope& envelope, std::span<const std::string> alerts);

}  // namespace kcloud::rules::notify
