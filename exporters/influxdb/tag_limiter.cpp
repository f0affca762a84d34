#include "exporters/influxdb/tag_limiter.h"

#include <functional>

namespace kcloud::influxdb {

std::size_t TagLimiter::add_key() {
  seen_.emplace_back();
  return seen_.size() - 1;
}

bool TagLimiter::admit(std::size_t key, std::string_view value) {
  auto& seen = seen_.at(key);
  const std::size_t hash = std::hash<std::string_view>{}(value);
  if (seen.contains(hash)) return true;
  if (seen.size() >= max_values_) return false;
  seen.insert(hash);
  return true;
}

}  // namespace kcloud::influxdb
