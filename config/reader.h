// The visitor of options.h that reads a section. Internal to config/.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/yaml.h"

namespace kcloud::config {

struct Reader {
  Section& section;

  template <typename T>
  void operator()(std::string_view key, T& target) const {
    section.read(key, target);
  }
  template <typename T>
  void operator()(std::string_view key, T& target, T min, T max) const {
    section.read(key, target, min, max);
  }
  void choice(std::string_view key, std::string& target,
              const std::vector<std::string>& allowed) const {
    section.read_choice(key, target, allowed);
  }
};

}  // namespace kcloud::config
