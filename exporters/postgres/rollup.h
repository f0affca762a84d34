// Hourly sums of events, computed before they are sent: rows of event_rollup.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "core/event.h"
#include "exporters/postgres/connection.h"

namespace kcloud::postgres {

class Rollup {
 public:
  void add(const core::Event& event);
  // Added to what is there. Throws Error.
  void write(Connection& connection) const;

 private:
  struct Sums {
    std::int64_t count = 0;
    double sum = 0, min = 0, max = 0;
    void add(double value);
  };
  // Hours since 1970, type, cluster, source.
  using Key = std::tuple<std::int64_t, std::string, std::string, std::string>;
  struct Group {
    std::int64_t events = 0;
    const core::EventType* type = nullptr;
    std::vector<Sums> by_slot;
  };
  Group& group(const core::Event& event);

  std::map<Key, Group, std::less<>> groups_;
};

}  // namespace kcloud::postgres
