#include "rules/notify/alertmanager.h"

#include <algorithm>

#include "rules/notify/parts.h"

namespace kcloud::rules::notify {

namespace {

// [a-zA-Z_][a-zA-Z0-9_]*
std::string fit_name(std::string_view name) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto fits = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || is_digit(c);
  };
  std::string fit(name.empty() || is_digit(name.front()) ? "_" : "");
  for (const char c : name) fit.push_back(fits(c) ? c : '_');
  return fit;
}

// An empty value is none for Alertmanager.
Labels fit_names(const Labels& labels) {
  Labels fit;
  for (const auto& [name, value] : labels) {
    if (!value.empty()) fit.emplace(fit_name(name), value);
  }
  return fit;
}

}  // namespace

std::string alertmanager_alert(const Alert& alert, core::Time ends_at,
                               std::string_view external_url) {
  Labels annotations = fit_names(alert.annotations);
  if (alert.value) {
    std::string value;
    core::append_json_number(value, *alert.value);
    annotations.emplace("value", std::move(value));
  }
  std::string out = "{";
  append_labels(out, "labels", fit_names(alert.labels));
  append_labels(out, "annotations", annotations);
  // An end before the beginning is refused.
  append_time_member(out, "startsAt", std::min(alert.starts_at, ends_at));
  append_time_member(out, "endsAt", ends_at);
  core::append_member(out, "generatorURL", link_to(alert, external_url));
  out.push_back('}');
  return out;
}

std::string alertmanager_body(std::span<const std::string> alerts) {
  std::string out = "[";
  for (const auto& alert : alerts) {
    core::append_comma(out);
    out += alert;
  }
  out.push_back(']');
  return out;
}

}  // namespace kcloud::rules::notify
