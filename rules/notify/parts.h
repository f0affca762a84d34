// What the encoders of this folder share. Internal to it.
#pragma once

#include <string>
#include <string_view>

#include "core/json.h"
#include "rules/alert.h"

namespace kcloud::rules::notify {

inline bool is_resolved(const Alert& alert) { return alert.state == AlertState::kResolved; }

// Where people see the alert; empty without an `external_url`.
inline std::string link_to(const Alert& alert, std::string_view external_url) {
  if (external_url.empty()) return {};
  return std::string(external_url).append("/alerts/").append(alert.fingerprint);
}

inline void append_time_member(std::string& out, std::string_view key, core::Time time) {
  core::append_key(out, key);
  out.push_back('"');
  core::append_time(out, time);
  out.push_back('"');
}

inline void append_labels(std::string& out, std::string_view key, const Labels& labels) {
  core::append_key(out, key);
  out.push_back('{');
  for (const auto& [name, value] : labels) {
    core::append_comma(out);
    core::append_json_string(out, name);
    out.push_back(':');
    core::append_json_string(out, value);
  }
  out.push_back('}');
}

}  // namespace kcloud::rules::notify
