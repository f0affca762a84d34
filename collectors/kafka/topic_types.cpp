#include "collectors/kafka/topic_types.h"

namespace kcloud::kafka {

TopicTypes::TopicTypes(const std::map<std::string, std::string>& types,
                       const core::Catalogue& catalogue) {
  for (const auto& [topic, name] : types) {
    const auto* type = catalogue.find_endpoint(name);
    if (type == nullptr) continue;
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
