#include "exporters/influxdb/tie_breaker.h"

#include <algorithm>
#include <utility>

namespace kcloud::influxdb {
namespace {

// The last eight bytes of an id are all hash but for the variant's two bits.
std::uint64_t hash_bits(const core::EventId& id) {
  std::uint64_t bits = 0;
  for (std::size_t i = 8; i < 16; ++i) bits = bits << 8 | id.bytes[i];
  return bits & 0x3fff'ffff'ffff'ffff;
}

// splitmix64's finaliser (Steele, Lea, Flood 2014).
std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

}  // namespace

std::int64_t spread(core::Time time, const core::EventId& id) {
  const std::int64_t nanos = core::to_nanos(time);
  for (const std::int64_t step : {1'000'000'000, 1'000'000, 1'000})
    if (nanos % step == 0)
      return nanos + static_cast<std::int64_t>(hash_bits(id) % static_cast<std::uint64_t>(step));
  return nanos;
}

TieBreaker::Place TieBreaker::assign(std::uint64_t series_hash, core::Time time,
                                     const core::EventId& id) {
  const std::int64_t wanted = spread(time, id);
  const std::uint64_t owner = hash_bits(id);
  const auto key_of = [series_hash](std::int64_t nanos) {
    return mix(series_hash ^ mix(static_cast<std::uint64_t>(nanos)));
  };
  const std::uint64_t mover = mix(series_hash ^ owner);
  if (const auto before = moved_.find(mover); before != moved_.end()) return {before->second, true};
  const auto first = points_.find(key_of(wanted));
  if (first == points_.end()) {
    remember(key_of(wanted), owner, 0);
    return {wanted, false};
  }
  if (first->second.owner == owner) return {wanted, false};

  std::int64_t nanos = std::max(wanted + 1, first->second.next);
  while (points_.contains(key_of(nanos))) ++nanos;
  first->second.next = nanos + 1;
  moved_.emplace(mover, nanos);
  remember(key_of(nanos), owner, mover);
  return {nanos, true};
}

void TieBreaker::remember(std::uint64_t point, std::uint64_t owner, std::uint64_t moved) {
  if (ring_.size() < kWindow) {
    ring_.push_back({point, moved});
    points_.emplace(point, Point{owner, 0});
    return;
  }
  Slot& slot = ring_[oldest_];
  oldest_ = (oldest_ + 1) % kWindow;
  if (slot.moved != 0) moved_.erase(slot.moved);
  // The oldest point's memory becomes the new one's.
  auto node = points_.extract(slot.point);
  node.key() = point;
  node.mapped() = Point{owner, 0};
  points_.insert(std::move(node));
  slot = {point, moved};
}

}  // namespace kcloud::influxdb
