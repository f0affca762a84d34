#include "core/backoff.h"

#include <algorithm>
#include <limits>

namespace kcloud::core {

std::chrono::milliseconds Backoff::next(std::uint32_t random) {
  std::int64_t ceiling = std::min(options_.initial, options_.max).count();
  for (std::uint32_t i = 0; i < attempt_ && ceiling < options_.max.count(); ++i) {
    ceiling = ceiling > options_.max.count() / 2 ? options_.max.count() : ceiling * 2;
  }
  if (attempt_ < std::numeric_limits<std::uint32_t>::max()) ++attempt_;
  const std::int64_t floor = ceiling / 2;
  const double share = static_cast<double>(random) / std::numeric_limits<std::uint32_t>::max();
  return std::chrono::milliseconds(
      floor + static_cast<std::int64_t>(static_cast<double>(ceiling - floor) * share));
}

}  // namespace kcloud::core
