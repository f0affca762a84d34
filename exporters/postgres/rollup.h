// Hourly sums of events, computed before they are sent: rows of event_rollup. Pure.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>

#include "core/event.h"

namespace kcloud::postgres {

struct RollupKey {
  std::int64_t hour = 0;                     // hours since 1970
  std::string type, cluster, source, field;  // field empty: the events themselves
  auto operator<=>(const RollupKey&) const = default;
};

struct RollupSums {
  std::int64_t count = 0;
  double sum = 0, min = 0, max = 0;
};

// Sorted, so that agents that write at the same time lock its rows in one order.
using Rollup = std::map<RollupKey, RollupSums>;

void add_to(Rollup& rollup, const core::Event& event);

}  // namespace kcloud::postgres
