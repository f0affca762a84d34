#include "rules/notify/webhook.h"

#include "core/base64.h"
#include "core/hex.h"
#include "rules/notify/parts.h"

namespace kcloud::rules::notify {

namespace {

constexpr std::size_t kIdDigits = 32;

void append_number_or_null(std::string& out, std::string_view key,
                           const std::optional<double>& value) {
  core::append_key(out, key);
  if (value) {
    core::append_json_number(out, *value);
  } else {
    out += "null";
  }
}

void append_why(std::string& out, const std::vector<SubValue>& why) {
  core::append_key(out, "why");
  out.push_back('[');
  for (const auto& part : why) {
    core::append_comma(out);
    out += "{\"text\":";
    core::append_json_string(out, part.text);
    append_number_or_null(out, "value", part.value);
    core::append_member(out, "missing", part.missing);
    out.push_back('}');
  }
  out.push_back(']');
}

void append_evidence(std::string& out, const Alert& alert) {
  append_number_or_null(out, "value", alert.value);
  core::append_key(out, "count");
  out += std::to_string(alert.count);
  core::append_key(out, "evidence");
  out.push_back('[');
  for (const auto& id : alert.evidence) {
    core::append_comma(out);
    out.push_back('"');
    core::append_id(out, id);
    out.push_back('"');
  }
  out.push_back(']');
  append_why(out, alert.why);
}

}  // namespace

std::string webhook_alert(const Transition& transition, std::string_view external_url) {
  const Alert& alert = transition.alert;
  std::string out = "{";
  core::append_member(out, "status", is_resolved(alert) ? "resolved" : "firing");
  core::append_member(out, "fingerprint", alert.fingerprint);
  core::append_member(out, "rule", alert.rule);
  append_labels(out, "labels", alert.labels);
  append_labels(out, "annotations", alert.annotations);
  append_time_member(out, "startsAt", alert.starts_at);
  if (alert.ends_at) {
    append_time_member(out, "endsAt", *alert.ends_at);
  } else {
    out += ",\"endsAt\":null";
  }
  core::append_member(out, "reason", transition.reason);
  append_evidence(out, alert);
  core::append_member(out, "generatorURL", link_to(alert, external_url));
  out.push_back('}');
  return out;
}

std::string webhook_body(const Envelope& envelope, std::span<const std::string> alerts) {
  std::string out = "{\"version\":\"1\"";
  core::append_member(out, "notifier", envelope.notifier);
  core::append_member(out, "groupKey", envelope.group);
  core::append_member(out, "status", envelope.firing > 0 ? "firing" : "resolved");
  core::append_key(out, "alerts");
  out.push_back('[');
  for (const auto& alert : alerts) {
    core::append_comma(out);
    out += alert;
  }
  out += "]}";
  return out;
}

std::string webhook_id(std::string_view notifier, std::span<const Told> alerts) {
  std::string told(notifier);
  for (const auto& alert : alerts) {
    told.append("\n").append(alert.fingerprint);
    told.append(alert.resolved ? " resolved " : " firing ");
    core::append_time(told, alert.starts_at);
  }
  return "msg_" + core::to_hex(core::sha256(told)).substr(0, kIdDigits);
}

HeaderFields webhook_headers(const std::string& id, core::Time now, const core::HmacKey* key,
                             std::string_view body) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
  HeaderFields fields{{"webhook-id", id}, {"webhook-timestamp", std::to_string(seconds)}};
  if (key != nullptr) {
    const auto digest = key->sign({id, ".", fields[1].second, ".", body});
    fields.emplace_back("webhook-signature", "v1," + core::base64_encode(core::view(digest)));
  }
  return fields;
}

}  // namespace kcloud::rules::notify
