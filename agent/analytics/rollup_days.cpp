#include "agent/analytics/rollup_days.h"

#include <algorithm>

#include "core/hash.h"
#include "rollups/day.h"

namespace kcloud::analytics {
namespace {

using rollups::CellKey;
using rollups::Grain;

// After its end, so that late events do not make it again and again.
constexpr std::chrono::minutes kWait{10};

std::int64_t seconds_of(core::Time time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

// Stands among the marks of part 0.
std::int64_t zone_mark(const core::Zone& zone) {
  return static_cast<std::int64_t>(core::hash_of(zone.name()) >> 2);
}

}  // namespace

core::Zone tier_zone(const std::string& default_zone, core::Time now) {
  const core::Zone zone(default_zone);
  return zone.offset_at(now) % std::chrono::hours(1) == std::chrono::seconds(0) ? zone
                                                                                : core::Zone();
}

void Days::open(journal::RollupView& view, journal::RollupCommit& commit) {
  const journal::RollupRange all{Grain::kDay, 0, 0, INT64_MAX};
  const auto zone = view.marks(all);
  if (zone != std::vector{zone_mark(zone_)}) {
    commit.drops.push_back(all);
    commit.marks.push_back({Grain::kDay, 0, zone_mark(zone_), 0});
  }
  for (const auto& range : view.parts(Grain::kHour)) {
    if (!rollups::has_days(range.part)) continue;
    const auto marks = commit.drops.empty() ? view.marks({Grain::kDay, range.part, 0, INT64_MAX})
                                            : std::vector<std::int64_t>();
    for (auto day = zone_.day_of(rollups::begin_of(range.from)).first;
         day < rollups::begin_of(range.to); day = zone_.day_of(day).second)
      if (!std::ranges::binary_search(marks, seconds_of(day)))
        due_.emplace(seconds_of(day), range.part);
  }
}

void Days::touched(journal::RollupCommit& commit) {
  std::set<std::pair<std::int64_t, rollups::Part>> days;
  const auto touch = [&](const CellKey& key) {
    if (key.grain == Grain::kHour && rollups::has_days(key.part))
      days.emplace(seconds_of(zone_.day_of(rollups::begin_of(key.bucket)).first), key.part);
  };
  CellKey last;
  for (const auto& change : commit.cells) {
    if (change.key.grain == last.grain && change.key.part == last.part &&
        change.key.bucket == last.bucket)
      continue;
    touch(last = change.key);
  }
  for (const auto& range : commit.drops) touch({range.grain, range.part, range.from, 0});
  for (const auto& [day, part] : days) {
    commit.unmarks.push_back({Grain::kDay, part, day, 0});
    due_.emplace(day, part);
  }
}

void Days::make_one(journal::RollupView& view, core::Time now, journal::RollupCommit& commit) {
  if (due_.empty()) return;
  const auto [day, part] = *due_.begin();
  const auto end = zone_.day_of(rollups::begin_of(day)).second;
  if (now < end + kWait) return;
  due_.erase(due_.begin());
  const journal::RollupRange hours{Grain::kHour, part, day, seconds_of(end)};
  commit.drops.push_back({Grain::kDay, part, day, day + 1});
  rollups::DayOfHours sum;
  view.scan(hours, [&](const CellKey& key, std::string_view value) { sum.add(key, value); });
  commit.cells = sum.take(part, day);
  commit.marks.push_back({Grain::kDay, part, day, 0});
}

}  // namespace kcloud::analytics
