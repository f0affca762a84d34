#include "agent/alerting/transition_event.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <charconv>

#include "core/json.h"
#include "core/time.h"

namespace kcloud::alerting {
namespace {

using core::append_comma;
using core::append_json_number;
using core::append_json_string;
using core::append_key;

constexpr std::string_view kType = "alert_transition";

void append_text(std::string& out, std::string_view key, std::string_view text) {
  append_key(out, key);
  append_json_string(out, text);
}

void append_time(std::string& out, std::string_view key, core::Time time) {
  append_text(out, key, core::format_time(time));
}

void append_labels(std::string& out, std::string_view key, const rules::Labels& labels) {
  append_key(out, key);
  out.push_back('{');
  for (const auto& [name, value] : labels) {
    append_comma(out);
    append_json_string(out, name);
    out.push_back(':');
    append_json_string(out, value);
  }
  out.push_back('}');
}

rules::Labels labels_of(std::string_view json, std::string_view key) {
  rules::Labels labels;
  for (auto& [name, value] : core::json_members(core::json_text_at(json, {key})))
    labels.emplace(std::move(name), std::move(value));
  return labels;
}

std::optional<core::Time> time_at(std::string_view json, std::string_view key) {
  const auto text = core::json_text_at(json, {key});
  if (text.empty()) return std::nullopt;
  const auto parsed = core::parse_time(text, core::Zone("UTC"));
  return parsed ? std::optional(parsed->time) : std::nullopt;
}

std::optional<double> number_of(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<rules::SubValue> why_of(std::string_view json) {
  std::vector<rules::SubValue> why;
  for (const auto& item : core::json_items(core::json_text_at(json, {"why"})))
    why.push_back({core::json_text_at(item, {"text"}),
                   number_of(core::json_text_at(item, {"value"})),
                   core::json_text_at(item, {"missing"})});
  return why;
}

}  // namespace

void append_why(std::string& out, const std::vector<rules::SubValue>& why) {
  append_key(out, "why");
  out.push_back('[');
  for (const auto& part : why) {
    append_comma(out);
    out.push_back('{');
    append_text(out, "text", part.text);
    append_key(out, "value");
    part.value ? append_json_number(out, *part.value) : void(out += "null");
    core::append_member(out, "missing", part.missing);
    out.push_back('}');
  }
  out.push_back(']');
}

std::string transition_body(const rules::Transition& transition) {
  const rules::Alert& alert = transition.alert;
  std::string out = "{";
  append_text(out, "event_type", kType);
  append_time(out, "timestamp", transition.at);
  append_text(out, "event_id", transition_key(transition));
  append_text(out, "source", "kcloud-logger");
  append_alert(out, alert);
  core::append_member(out, "reason", transition.reason);
  out.push_back('}');
  return out;
}

void append_alert(std::string& out, const rules::Alert& alert) {
  append_text(out, "rule", alert.rule);
  append_text(out, "rule_group", alert.group);
  append_text(out, "rule_file", alert.file);
  append_text(out, "state", to_string(alert.state));
  if (const auto severity = alert.labels.find("severity"); severity != alert.labels.end())
    append_text(out, "severity", severity->second);
  append_text(out, "fingerprint", alert.fingerprint);
  for (const char* common : {"workload", "cluster"})
    if (const auto by = alert.by.find(common); by != alert.by.end())
      core::append_member(out, common, by->second);
  append_labels(out, "by", alert.by);
  append_labels(out, "labels", alert.labels);
  append_labels(out, "annotations", alert.annotations);
  append_time(out, "active_since", alert.active_since);
  if (alert.state != rules::AlertState::kPending) append_time(out, "starts_at", alert.starts_at);
  if (alert.ends_at) append_time(out, "ends_at", *alert.ends_at);
  if (alert.value) {
    append_key(out, "value");
    append_json_number(out, *alert.value);
  }
  append_key(out, "count");
  out += std::to_string(alert.count);
  append_key(out, "evidence");
  out.push_back('[');
  for (const auto& id : alert.evidence) {
    append_comma(out);
    append_json_string(out, to_string(id));
  }
  out.push_back(']');
  append_why(out, alert.why);
}

std::optional<rules::Transition> parse_transition(std::string_view body) {
  rules::Transition out;
  rules::Alert& alert = out.alert;
  alert.fingerprint = core::json_text_at(body, {"fingerprint"});
  const auto state = core::json_text_at(body, {"state"});
  const auto at = time_at(body, "timestamp");
  const auto starts = time_at(body, "starts_at");
  if (alert.fingerprint.empty() || !at || !starts || (state != "firing" && state != "resolved"))
    return std::nullopt;
  out.at = *at;
  out.from = rules::AlertState::kPending;
  alert.state = state == "firing" ? rules::AlertState::kFiring : rules::AlertState::kResolved;
  alert.rule = core::json_text_at(body, {"rule"});
  alert.group = core::json_text_at(body, {"rule_group"});
  alert.file = core::json_text_at(body, {"rule_file"});
  alert.by = labels_of(body, "by");
  alert.labels = labels_of(body, "labels");
  alert.annotations = labels_of(body, "annotations");
  alert.starts_at = *starts;
  alert.active_since = time_at(body, "active_since").value_or(*starts);
  alert.ends_at = time_at(body, "ends_at");
  alert.value = number_of(core::json_text_at(body, {"value"}));
  alert.count = core::json_number_at(body, "count").value_or(0);
  for (const auto& id : core::json_items(core::json_text_at(body, {"evidence"})))
    if (const auto parsed = core::parse_event_id(id)) alert.evidence.push_back(*parsed);
  alert.why = why_of(body);
  out.reason = core::json_text_at(body, {"reason"});
  return out;
}

std::string transition_key(const rules::Transition& transition) {
  return fmt::format("{}/{}/{}", transition.alert.fingerprint,
                     core::to_nanos(transition.alert.starts_at), to_string(transition.alert.state));
}

bool append_transition(const rules::Transition& transition, core::Decoder& decoder,
                       std::string_view agent, core::Time received, core::EventBatch& batch) {
  core::TransportHints hints;
  hints.from_agent = true;
  hints.collector = "rules";
  hints.agent = agent;
  hints.received = received;
  std::vector<core::FieldError> errors;
  std::vector<std::string_view> warnings;
  if (decoder.decode(transition_body(transition), hints, batch, errors, warnings)) return true;
  spdlog::error("rules: the transition of {} {} is kept without its texts: {} {}",
                transition.alert.rule, transition.alert.fingerprint, errors.front().path,
                errors.front().problem);
  errors.clear();
  rules::Transition bare = transition;
  bare.alert.annotations.clear();
  bare.alert.why.clear();
  bare.alert.labels = {{"alertname", bare.alert.rule}};
  bare.alert.by.clear();
  if (decoder.decode(transition_body(bare), hints, batch, errors, warnings)) return true;
  spdlog::error("rules: the transition of {} {} cannot be kept: {} {}", transition.alert.rule,
                transition.alert.fingerprint, errors.front().path, errors.front().problem);
  return false;
}

}  // namespace kcloud::alerting
