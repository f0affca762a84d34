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

class HourlySums {
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
  // Hours since 1970, type, cluster, source; looked up without a copy of the texts.
  using Key = std::tuple<std::int64_t, std::string, std::string, std::string>;
  using View = std::tuple<std::int64_t, std::string_view, std::string_view, std::string_view>;
  struct Less {
    using is_transparent = void;
    bool operator()(const Key& a, const Key& b) const { return a < b; }
    bool operator()(const Key& a, const View& b) const { return View(a) < b; }
    bool operator()(const View& a, const Key& b) const { return a < View(b); }
  };
  struct Group {
    std::int64_t events = 0;
    const core::EventType* type = nullptr;
    std::vector<Sums> by_slot;
  };
  Group& group(const core::Event& event);

  std::map<Key, Group, Less> groups_;
};

}  // namespace kcloud::postgres
