#include "exporters/influxdb/response.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

#include "core/json.h"
#include "exporters/http_client/brief.h"
#include "exporters/influxdb/escape.h"

namespace kcloud::influxdb {
namespace {

using core::Delivery;
using http_client::brief;
using Lines = std::span<const std::string_view>;

constexpr std::string_view kUnparsable = "unable to parse '";

// What the server says: v1 {"error"}, v2 {"code","message"}, else the text itself.
std::string message_of(const http_client::Response& response) {
  for (const char* key : {"error", "message"})
    if (auto text = core::json_text_at(response.body, key); !text.empty()) return text;
  return response.body;
}

// `field "X" …` → X, behind `label`; empty when it is not there.
std::string_view quoted_after(std::string_view text, std::string_view label) {
  const auto at = text.find(label);
  if (at == std::string_view::npos) return {};
  text.remove_prefix(at + label.size());
  const auto end = text.find('"');
  return end == std::string_view::npos ? std::string_view{} : text.substr(0, end);
}

// N of a trailing `dropped=N`.
std::optional<std::size_t> dropped_of(std::string_view message) {
  constexpr std::string_view kLabel = " dropped=";
  const auto at = message.rfind(kLabel);
  if (at == std::string_view::npos) return std::nullopt;
  const auto digits = message.substr(at + kLabel.size());
  std::size_t count = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  if (error != std::errc{}) return std::nullopt;
  return count;
}

// The lines an `unable to parse 'LINE': reason` list names; nullopt unless each entry is one of
// ours, since only then is the rest known to be written.
std::optional<std::vector<core::Rejected>> unparsable_lines(std::string_view message, Lines lines) {
  constexpr std::string_view kPartial = "partial write: ";
  if (message.starts_with(kPartial)) message.remove_prefix(kPartial.size());
  std::vector<core::Rejected> rejected;
  std::vector<bool> named(lines.size(), false);
  while (message.starts_with(kUnparsable)) {
    message.remove_prefix(kUnparsable.size());
    std::size_t index = 0;
    while (index < lines.size() && (named[index] || !message.starts_with(lines[index]) ||
                                    !message.substr(lines[index].size()).starts_with("': ")))
      ++index;
    if (index == lines.size()) return std::nullopt;
    named[index] = true;
    message.remove_prefix(lines[index].size() + 3);
    const auto next = message.find(fmt::format("\n{}", kUnparsable));
    auto reason = message.substr(0, next);
    message.remove_prefix(next == std::string_view::npos ? message.size() : next + 1);
    if (const auto tail = reason.rfind(" dropped="); message.empty() && tail != reason.npos)
      reason = reason.substr(0, tail);
    rejected.push_back({index, brief(reason)});
  }
  if (rejected.empty() || !message.empty()) return std::nullopt;
  return rejected;
}

// Lines of the measurement that a type conflict names which carry the field it names. More than
// the guilty ones may be among them.
std::vector<std::size_t> suspects_of(std::string_view message, Lines lines) {
  const auto field = quoted_after(message, "input field \"");
  const auto measurement = quoted_after(message, "on measurement \"");
  if (field.empty() || measurement.empty()) return {};
  std::string series;
  append_measurement(series, measurement);
  std::string key;
  append_name(key, field);
  const std::string first = ' ' + key + '=';
  const std::string later = ',' + key + '=';
  std::vector<std::size_t> suspects;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!lines[i].starts_with(series)) continue;
    const auto rest = lines[i].substr(series.size());
    if (!rest.starts_with(',') && !rest.starts_with(' ')) continue;
    if (rest.find(first) != rest.npos || rest.find(later) != rest.npos) suspects.push_back(i);
  }
  return suspects;
}

Delivery judge_refusal(const http_client::Response& response, Lines lines) {
  const std::string message = message_of(response);
  const std::string reason = brief(message);
  // A list cut short says nothing about the lines it does not reach.
  if (response.truncated) return Delivery::bisect(reason);
  if (message == "database is required" || message.starts_with("retention policy not found"))
    return Delivery::hold(reason);
  if (auto rejected = unparsable_lines(message, lines))
    return Delivery::delivered(std::move(*rejected));
  if (const auto dropped = dropped_of(message); dropped && *dropped == lines.size()) {
    std::vector<core::Rejected> all;
    for (std::size_t i = 0; i < lines.size(); ++i) all.push_back({i, reason});
    return Delivery::delivered(std::move(all));
  }
  Delivery delivery = Delivery::bisect(reason);
  delivery.suspects = suspects_of(message, lines);
  return delivery;
}

std::string hold_hint(int status, std::string_view message) {
  if (status == 404 && message.starts_with("database not found"))
    return fmt::format("{} (create it: CREATE DATABASE …, or set `database`)", message);
  if (status == 404)
    return fmt::format("404 {} (check `url`, `api`, and that the bucket and organization exist)",
                       message);
  if (status == 401 || status == 403)
    return fmt::format("{} {} (check `username`/`password` or `token`)", status, message);
  if (status >= 300 && status < 400)
    return fmt::format("answered {}: redirects are not followed (set `url` to the final address)",
                       status);
  return fmt::format("unexpected answer {} {} (check `url`)", status, message);
}

}  // namespace

Delivery judge(const http_client::Response& response, Lines lines) {
  if (!response.answered()) return Delivery::retry(response.error);
  const int status = response.status;
  if (status >= 200 && status < 300) return Delivery::delivered();
  if (status == 413) return Delivery::bisect("413 the server refuses a body of this size");
  if (status == 400 || status == 422) return judge_refusal(response, lines);
  const std::string message = brief(message_of(response));
  if (status == 500 && message.starts_with("retention policy not found"))
    return Delivery::hold(fmt::format("{} (check `retention_policy`)", message));
  if (status >= 500 || status == 429 || status == 408)
    return Delivery::retry(fmt::format("{} {}", status, message), response.retry_after);
  return Delivery::hold(hold_hint(status, message));
}

}  // namespace kcloud::influxdb
