// GET /alerts/notifications.
#include <fmt/format.h>

#include <array>

#include "agent/api/number_page.h"
#include "agent/api/router.h"
#include "agent/http/url.h"
#include "core/json.h"

namespace kcloud::api {

namespace {

using journal::NotificationState;

constexpr std::size_t kMaxPageBytes = 8 << 20;  // of payloads
constexpr std::array<std::pair<std::string_view, NotificationState>, 4> kStates{{
    {"queued", NotificationState::kQueued},
    {"sent", NotificationState::kSent},
    {"failed", NotificationState::kFailed},
    {"dropped", NotificationState::kDropped},
}};

std::string_view name_of(NotificationState state) {
  for (const auto& [name, value] : kStates) {
    if (value == state) return name;
  }
  return "unknown";
}

void append_notification(std::string& out, const journal::Notification& row) {
  const auto text = [&out](std::string_view key, std::string_view value) {
    core::append_key(out, key);
    core::append_json_string(out, value);
  };
  const auto time_or_null = [&](std::string_view key, bool there, core::Time time) {
    if (there) return text(key, core::format_time(time));
    core::append_key(out, key);
    out += "null";
  };
  core::append_comma(out);
  out.append("{\"id\":").append(std::to_string(row.id));
  text("notifier", row.notifier);
  text("key", row.key);
  text("status", row.resolved ? "resolved" : "firing");
  text("state", name_of(row.state));
  text("group", row.group);
  core::append_key(out, "fingerprints");
  out.push_back('[');
  for (const auto& fingerprint : row.fingerprints) {
    core::append_comma(out);
    core::append_json_string(out, fingerprint);
  }
  out.push_back(']');
  text("created", core::format_time(row.created));
  time_or_null("finished", row.finished.has_value(), row.finished.value_or(core::Time{}));
  time_or_null("next_try", row.state == NotificationState::kQueued, row.next_try);
  fmt::format_to(std::back_inserter(out), ",\"attempts\":{},\"answer_status\":{}", row.attempts,
                 row.status == 0 ? "null" : std::to_string(row.status));
  text("answer", row.answer);
  core::append_key(out, "payload");  // JSON itself
  out.append(row.payload.empty() ? "null" : row.payload).push_back('}');
}

// A sentence when the parameter is not fit; empty when it was taken.
std::string read_parameter(const std::pair<std::string, std::string>& parameter, core::Time now,
                           const core::Zone& zone, journal::NotificationQuery& query) {
  if (auto taken = take_page(parameter, now, zone, query)) return *taken;
  const auto& [name, value] = parameter;
  if (name == "notifier" || name == "fingerprint") {
    if (value.empty()) return unfit(name, value, "a text");
    (name == "notifier" ? query.notifier : query.fingerprint) = value;
  } else if (name == "state") {
    for (const auto& [known, state] : kStates) {
      if (known == value) query.state = state;
    }
    if (!query.state) return unfit(name, value, "queued, sent, failed or dropped");
  } else {
    return fmt::format(
        "unknown parameter `{}`; there are limit, before, notifier, state, fingerprint, since and "
        "until",
        name);
  }
  return {};
}

}  // namespace

void Router::notifications(const http::Request& request, http::Reply reply) {
  journal::NotificationQuery wanted;
  wanted.max_bytes = kMaxPageBytes;
  const auto parameters = http::parse_query(request.query);
  if (!parameters) return reply.send(http::problem(400, "a percent escape is malformed"));
  for (const auto& parameter : *parameters) {
    const auto problem =
        read_parameter(parameter, context_.clock.now(), settings_->decode.default_zone, wanted);
    if (!problem.empty()) return reply.send(http::problem(400, problem));
  }
  query(std::move(reply), [wanted = std::move(wanted)](Worker& worker) {
    const auto rows = worker.reader().notifications(wanted);
    std::size_t bytes = 0;
    http::Response response;
    std::string& out = response.body;
    out = "{\"notifications\":[";
    for (const auto& row : rows) {
      append_notification(out, row);
      bytes += row.payload.size();
    }
    const bool more = !rows.empty() && (rows.size() == wanted.limit || bytes >= wanted.max_bytes);
    out.append("],\"next\":").append(more ? std::to_string(rows.back().id) : "null").append("}\n");
    return response;
  });
}

}  // namespace kcloud::api
