#include "rules/notify/slack.h"

#include <fmt/format.h>

#include <algorithm>

#include "rules/notify/parts.h"

namespace kcloud::rules::notify {

namespace {

constexpr std::size_t kTitleCharacters = 150;
constexpr std::size_t kTextCharacters = 2000;
constexpr std::size_t kFieldCharacters = 200;
constexpr std::size_t kFields = 10;

// At most `most` characters, the last one `…` when there were more.
std::string cut(std::string_view text, std::size_t most) {
  text = text.substr(0, 4 * (most + 1));  // for what is no UTF-8: there no byte begins anything
  const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
  std::size_t characters = 0;
  std::size_t last = 0;  // where the last one that fits begins
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!begins(text[i])) continue;
    if (++characters > most) return std::string(text.substr(0, last)).append("…");
    last = i;
  }
  return std::string(text);
}

// https://api.slack.com/reference/surfaces/formatting#escaping
std::string escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else {
      out.push_back(c);
    }
  }
  return out;
}

// Cut before it is escaped, so that no escape is cut.
void append_text(std::string& out, std::string_view key, std::string_view text, std::size_t most) {
  core::append_member(out, key, escape(cut(text, most)));
}

std::string_view at(const Labels& labels, const std::string& name) {
  const auto found = labels.find(name);
  return found == labels.end() ? std::string_view() : std::string_view(found->second);
}

std::string_view colour(const Alert& alert) {
  if (is_resolved(alert)) return "#2eb886";
  const std::string_view severity = at(alert.labels, "severity");
  for (const std::string_view loud : {"critical", "page", "high", "error"}) {
    if (severity == loud) return "#a30200";
  }
  for (const std::string_view low : {"info", "low", "none"}) {
    if (severity == low) return "#439fe0";
  }
  return "#daa038";
}

// The annotations but the summary, which is the title.
std::string describe(const Alert& alert) {
  std::string text(at(alert.annotations, "description"));
  for (const auto& [name, value] : alert.annotations) {
    if (name == "summary" || name == "description" || value.empty()) continue;
    text.append(text.empty() ? "" : "\n").append(name).append(": ").append(value);
  }
  return text;
}

std::string footer(const Transition& transition) {
  const Alert& alert = transition.alert;
  std::string text = "since " + core::format_time(alert.starts_at);
  if (alert.ends_at) text += " until " + core::format_time(*alert.ends_at);
  if (!transition.reason.empty()) text += ", " + transition.reason;
  if (alert.value) text += fmt::format(", value {}", *alert.value);
  if (alert.count > 0) text += fmt::format(", {} events", alert.count);
  return text;
}

void append_fields(std::string& out, const Labels& labels) {
  core::append_key(out, "fields");
  out.push_back('[');
  std::size_t shown = 0;
  for (const auto& [name, value] : labels) {
    if (name == "alertname" || value.empty()) continue;
    if (++shown > kFields) break;
    core::append_comma(out);
    out.push_back('{');
    append_text(out, "title", name, kFieldCharacters);
    append_text(out, "value", value, kFieldCharacters);
    out += ",\"short\":true}";
  }
  out.push_back(']');
}

}  // namespace

std::string slack_alert(const Transition& transition, std::string_view external_url) {
  const Alert& alert = transition.alert;
  std::string title = fmt::format("{}: {}", is_resolved(alert) ? "RESOLVED" : "FIRING", alert.rule);
  if (const auto summary = at(alert.annotations, "summary"); !summary.empty()) {
    title.append(": ").append(summary);
  }
  std::string out = "{";
  core::append_member(out, "color", colour(alert));
  append_text(out, "fallback", title, kTitleCharacters);
  append_text(out, "title", title, kTitleCharacters);
  core::append_member(out, "title_link", link_to(alert, external_url));
  append_text(out, "text", describe(alert), kTextCharacters);
  append_fields(out, alert.labels);
  append_text(out, "footer", footer(transition), kFieldCharacters);
  out.push_back('}');
  return out;
}

std::string slack_body(const Envelope& envelope, std::span<const std::string> alerts) {
  std::string text;
  if (envelope.firing > 0) text += fmt::format("[FIRING:{}] ", envelope.firing);
  if (envelope.resolved > 0) text += fmt::format("[RESOLVED:{}] ", envelope.resolved);
  text += cut(envelope.group, kTitleCharacters);
  const std::size_t shown = std::min(alerts.size(), kSlackAlerts);
  if (shown < alerts.size()) text += fmt::format(" and {} more", alerts.size() - shown);
  std::string out = "{";
  core::append_member(out, "text", escape(text));
  core::append_key(out, "attachments");
  out.push_back('[');
  for (const auto& alert : alerts.first(shown)) {
    core::append_comma(out);
    out += alert;
  }
  out += "]}";
  return out;
}

}  // namespace kcloud::rules::notify
