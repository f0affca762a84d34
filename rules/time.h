// Time inside the engine: whole milliseconds since 1970, as an integer. Pure.
#pragma once

#include <cstdint>
#include <limits>

#include "core/time.h"

namespace kcloud::rules {

using Ms = std::int64_t;

inline constexpr Ms kNever = std::numeric_limits<Ms>::max();
inline constexpr Ms kLongAgo = std::numeric_limits<Ms>::min();

// Rounds down, also below 0. `by` > 0.
constexpr std::int64_t floor_div(std::int64_t value, std::int64_t by) {
  return value / by - (value % by < 0 ? 1 : 0);
}

inline Ms to_ms(core::Time time) { return floor_div(core::to_nanos(time), 1'000'000); }
inline core::Time to_time(Ms ms) { return core::from_nanos(ms * 1'000'000); }

}  // namespace kcloud::rules
