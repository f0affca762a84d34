// What follows from a channel's (stream's, list's) name alone: the type of payloads that name none,
// and which of the agent's own subscriptions counts when several deliver one message.
//
// One instance a thread: answers are remembered, for a bounded number of names.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/catalogue.h"

namespace kcloud::redis {

// The type for `name` by the map of channel types: its own entry before patterns, a longer pattern
// before a shorter one. Empty: none.
std::string_view channel_type(const std::map<std::string, std::string>& types,
                              std::string_view name);

// The map with canonical type names.
std::map<std::string, std::string> resolve_types(const std::map<std::string, std::string>& types,
                                                 const core::Catalogue& catalogue);

struct Route {
  static constexpr std::size_t kByChannel = static_cast<std::size_t>(-1);
  static constexpr std::size_t kByAny =
      static_cast<std::size_t>(-2);  // none is known to deliver it
  std::string_view type;             // lives as long as the Routes
  std::size_t counts_by = kByAny;    // or the index of the pattern whose delivery counts
};

// Of one message on `name`, the delivery that counts: the exact subscription, else the first
// matching pattern.
std::size_t counting_subscription(const std::vector<std::string>& channels,
                                  const std::vector<std::string>& patterns, std::string_view name);

class Routes {
 public:
  Routes(std::vector<std::string> channels, std::vector<std::string> patterns,
         std::map<std::string, std::string> types);

  const Route& of(std::string_view name);
  // Whether a delivery through `pattern` (empty: through the exact subscription) is the one that
  // counts.
  bool counts(const Route& route, std::string_view pattern) const;

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  const std::vector<std::string> channels_;
  const std::vector<std::string> patterns_;
  const std::map<std::string, std::string> types_;
  std::unordered_map<std::string, Route, Hash, std::equal_to<>> known_;
};

}  // namespace kcloud::redis
