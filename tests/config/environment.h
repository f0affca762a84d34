// An environment of maps instead of the process's own.
#pragma once

#include <map>
#include <string>

#include "config/yaml.h"

namespace kcloud::config {

inline Environment fake_environment(std::map<std::string, std::string> variables = {},
                                    std::map<std::string, std::string> files = {}) {
  const auto from = [](std::map<std::string, std::string> values) {
    return [values = std::move(values)](const std::string& key) -> std::optional<std::string> {
      const auto found = values.find(key);
      return found == values.end() ? std::nullopt : std::optional(found->second);
    };
  };
  return {from(std::move(variables)), from(std::move(files))};
}

inline std::string all(const Problems& problems) {
  std::string out;
  for (const auto& problem : problems) out += problem.to_string() + "\n";
  return out;
}

}  // namespace kcloud::config
