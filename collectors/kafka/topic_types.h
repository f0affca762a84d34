// Which event type the payloads of a topic have when they name none. Pure; immutable.
#pragma once

#include <map>
#include <regex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/catalogue.h"

namespace kcloud::kafka {

class TopicTypes {
 public:
  // `types` as `topic_types:` has them; aliases are resolved through the catalogue, which outlives
  // this and knows them all.
  TopicTypes(const std::map<std::string, std::string>& types, const core::Catalogue& catalogue);

  // The canonical name; empty: none. A topic's own entry goes before patterns, those go by name.
  std::string_view find(const std::string& topic) const;

 private:
  std::map<std::string, std::string_view> names_;
  std::vector<std::pair<std::regex, std::string_view>> patterns_;
};

}  // namespace kcloud::kafka
