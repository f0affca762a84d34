#include "collectors/kafka/topic_types.h"

#include <fmt/format.h>

#include <stdexcept>

namespace kcloud::kafka {

TopicTypes::TopicTypes(const std::map<std::string, std::string>& types,
                       const core::Catalogue& catalogue) {
  for (const auto& [topic, name] : types) {
    const auto* type = catalogue.find_endpoint(name);
    if (type == nullptr || type->reserved) {
      throw std::invalid_argument(
          fmt::format("topic_types: '{}' of topic '{}' is no event type for publishers; "
                      "docs/event-types.md lists them",
                      name, topic));
    }
    if (topic.starts_with('^'))
      patterns_.emplace_back(std::regex(topic, std::regex::extended), type->name);
    else
      names_[topic] = type->name;
  }
}

std::string_view TopicTypes::find(const std::string& topic) const {
  if (const auto found = names_.find(topic); found != names_.end()) return found->second;
  for (const auto& [pattern, type] : patterns_)
    if (std::regex_search(topic, pattern)) return type;
  return {};
}

}  // namespace kcloud::kafka
