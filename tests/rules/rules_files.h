// Loading rule texts in tests, against the built-in catalogue.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "config/config.h"
#include "rules/load.h"

namespace kcloud::rules {

inline std::shared_ptr<const core::Catalogue> built_in_catalogue() {
  static const auto catalogue = [] {
    config::Problems problems;
    return config::load_catalogue({}, {}, problems);
  }();
  return catalogue;
}

inline Loaded load_text(const std::string& text) {
  return load({{"r.yaml", text}}, built_in_catalogue());
}

inline std::string all(const config::Problems& problems) {
  std::string out;
  for (const auto& problem : problems) out += problem.to_string() + "\n";
  return out;
}

// A file with the one rule `alert: A` whose other lines are `rule`, each indented by 8.
inline std::string one_rule(const std::string& rule) {
  std::string out = "groups:\n  - name: g\n    rules:\n      - alert: A\n        ";
  for (const char c : rule) {
    out += c;
    if (c == '\n') out += "        ";
  }
  return out + "\n";
}

}  // namespace kcloud::rules
