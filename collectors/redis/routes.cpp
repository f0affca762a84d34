#include "collectors/redis/routes.h"

#include <algorithm>

#include "collectors/redis/glob.h"

namespace kcloud::redis {

namespace {
constexpr std::size_t kMostNames = 10'000;  // beyond: forgotten, as names may be unbounded
}

std::string_view channel_type(const std::map<std::string, std::string>& types,
                              std::string_view name) {
  std::string_view best_pattern;
  std::string_view type;
  for (const auto& [pattern, its_type] : types) {
    if (pattern == name) return its_type;
    const bool better = pattern.size() > best_pattern.size();
    if (!better || !is_glob(pattern) || !glob_match(pattern, name)) continue;
    best_pattern = pattern;
    type = its_type;
  }
  return type;
}

std::map<std::string, std::string> resolve_types(const std::map<std::string, std::string>& types,
                                                 const core::Catalogue& catalogue) {
  std::map<std::string, std::string> resolved;
  for (const auto& [channel, type] : types) {
    const auto* found = catalogue.find_endpoint(type);
    resolved[channel] = found == nullptr ? "" : found->name;
  }
  return resolved;
}

std::size_t counting_subscription(const std::vector<std::string>& channels,
                                  const std::vector<std::string>& patterns, std::string_view name) {
  if (std::find(channels.begin(), channels.end(), name) != channels.end()) {
    return Route::kByChannel;
  }
  const auto first = std::find_if(patterns.begin(), patterns.end(),
                                  [&](const auto& pattern) { return glob_match(pattern, name); });
  return first == patterns.end() ? Route::kByAny
                                 : static_cast<std::size_t>(first - patterns.begin());
}

Routes::Routes(std::vector<std::string> channels, std::vector<std::string> patterns,
               std::map<std::string, std::string> types)
    : channels_(std::move(channels)), patterns_(std::move(patterns)), types_(std::move(types)) {}

const Route& Routes::of(std::string_view name) {
  if (const auto found = known_.find(name); found != known_.end()) return found->second;
  if (known_.size() >= kMostNames) known_.clear();
  Route route{channel_type(types_, name), counting_subscription(channels_, patterns_, name)};
  return known_.emplace(name, route).first->second;
}

bool Routes::counts(const Route& route, std::string_view pattern) const {
  if (route.counts_by == Route::kByAny) return true;
  if (route.counts_by == Route::kByChannel) return pattern.empty();
  return patterns_[route.counts_by] == pattern;
}

}  // namespace kcloud::redis
