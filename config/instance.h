// What named entries of the file have in common: exporters, collectors, notifiers, publishers.
// Internal to config/.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>

#include "config/yaml.h"

namespace kcloud::config {

inline bool is_instance_name(const std::string& name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), fits);
}

inline void check_instance(Section& section, std::string_view what, const std::string& name) {
  if (!is_instance_name(name))
    section.fail("",
                 fmt::format("{}'s name has letters, digits, - _ . and at most 64 of them", what));
}

inline void check_backoff(Section& section, std::chrono::milliseconds initial,
                          std::chrono::milliseconds max) {
  if (max < initial) section.fail("backoff_max", "smaller than backoff_initial");
}

}  // namespace kcloud::config
