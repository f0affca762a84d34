// Caps the distinct values of a tag, so that one runaway publisher cannot fill InfluxDB's index.
//
// Remembers a hash a value: memory is bounded by keys × max_values × about 40 bytes. Values
// admitted stay admitted for the life of the process; after a restart the first to come are
// admitted anew. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace kcloud::influxdb {

class TagLimiter {
 public:
  static constexpr std::string_view kOther = "other";  // stands for values over the cap

  explicit TagLimiter(std::size_t max_values) : max_values_(max_values) {}

  // A place to count values at, one a measurement and tag key.
  std::size_t add_key();
  // False when `value` is over the key's cap.
  bool admit(std::size_t key, std::string_view value);

 private:
  std::size_t max_values_;
  std::vector<std::unordered_set<std::size_t>> seen_;
};

}  // namespace kcloud::influxdb
