#include "agent/analytics/rollup_hour.h"

#include <map>

#include "rollups/cell.h"

namespace kcloud::analytics {
namespace {

using rollups::Grain;
using rollups::Kind;
using rollups::Part;

// Events of an hour by the part of their type's total.
using Counts = std::map<Part, std::uint64_t>;

// What the rollups have of the hour; its parts, of every kind. `damaged`: some of it is unknown.
Counts kept_counts(journal::RollupView& view, std::int64_t hour, std::set<Part>& parts,
                   bool& damaged) {
  Counts counts;
  for (const auto& range : view.parts(Grain::kHour)) {
    if (rollups::kind_of(range.part) != Kind::kTotal) continue;
    const auto value = view.get({Grain::kHour, range.part, hour, 0});
    if (value.empty()) continue;
    const auto cell = rollups::decode(value);
    damaged |= !cell;
    counts[range.part] = cell ? cell->events : 0;
    for (const Part kind : {0, 1, 2}) parts.insert(range.part | kind);
  }
  return counts;
}

}  // namespace

MadeHour make_hour(journal::Reader& reader, core::Decoder& decoder,
                   const std::shared_ptr<const rollups::Plan>& plan,
                   rollups::Dictionary& dictionary,
                   const std::set<std::pair<Part, std::int64_t>>& minute_hours, core::Time hour,
                   std::uint64_t upto) {
  const std::int64_t bucket = rollups::bucket_of(hour, Grain::kHour);
  rollups::Accumulator sums(plan, dictionary, [](const rollups::CellKey&) { return std::string(); },
                            {.cache_bytes = static_cast<std::size_t>(-1)});
  Counts kept;
  std::set<Part> parts{
      rollups::part_of(dictionary.name(rollups::names::kAllTypes), Kind::kWorkloads)};
  bool damaged = false;
  bool older = false;  // than what is certainly kept whole
  reader.read_rollups([&](journal::RollupView& view) {
    kept = kept_counts(view, bucket, parts, damaged);
    const auto [oldest, received] = view.oldest();
    older = oldest > 1 && hour < rollups::begin_of(rollups::bucket_of(received, Grain::kHour));
    view.events_upto(hour, hour + std::chrono::hours(1), upto, [&](core::EventBatch& batch) {
      for (auto& event : batch.events) {
        decoder.complete(event, batch);
        sums.add(event);
      }
    });
  });

  MadeHour made;
  auto changes = sums.take();
  Counts counts;
  for (const auto& change : changes.cells)
    if (rollups::kind_of(change.key.part) == Kind::kTotal)
      counts[change.key.part] = rollups::decode(change.value)->events;
  if (kept.empty() && older && counts.empty()) return made;  // nothing there, nothing to do
  made.refused = older && (kept.empty() || damaged);
  for (const auto& [part, count] : kept)
    if (counts[part] < count) made.refused = true;
  if (made.refused) return made;

  for (const Part part : parts) {
    made.commit.drops.push_back({Grain::kHour, part, bucket, bucket + 1});
    if (minute_hours.contains({part, bucket}))
      made.commit.drops.push_back({Grain::kMinute, part, bucket, bucket + rollups::kHourSeconds});
  }
  for (auto& change : changes.cells) {
    const bool minute = change.key.grain == Grain::kMinute;
    if (!minute || minute_hours.contains({change.key.part, bucket}))
      made.commit.cells.push_back(std::move(change));
  }
  for (const auto& key : changes.minutes_begun)
    if (minute_hours.contains({key.part, bucket})) made.commit.marks.push_back(key);
  return made;
}

}  // namespace kcloud::analytics
