// What another accumulator made of its events, added to the cells.
#include "rollups/accumulator_impl.h"
#include "rollups/damaged.h"

namespace kcloud::rollups {

void Accumulator::add(const Delta& delta) {
  const DeltaNames names(delta, dictionary_);
  std::set<Hour> in_time;
  for (const auto& key : delta.minutes) in_time.emplace(names.part(key.part), key.bucket);
  // Hours first, each type's total before its tags: these say where its minutes go.
  Places places;
  for (const auto& change : delta.cells) {
    if (change.key.grain != Grain::kHour) continue;
    const Part part = names.part(change.key.part);
    if (part >> 2 == 0) damaged();
    if (kind_of(part) == Kind::kTotal)
      add_total(names, change, in_time);
    else if (kind_of(part) == Kind::kTags)
      add_tags(names, change, places);
    else
      add_workloads({Grain::kHour, part, change.key.bucket, 0}, change.value);
  }
  for (const auto& change : delta.cells)
    if (change.key.grain == Grain::kMinute) add_minute(names, change, places);
}

void Accumulator::add_total(const DeltaNames& names, const Change& change,
                            const std::set<Hour>& in_time) {
  const Part part = names.part(change.key.part);
  const auto cell = names.cell(change.value);
  if (!cell) damaged();
  Slot& total = slot({Grain::kHour, part, change.key.bucket, 0});
  const bool first = total.cell.events == 0;
  total.cell.add(*cell);
  touch(total);
  const Hour hour{part_of(part >> 2, Kind::kTags), change.key.bucket};
  keeps_minutes(hour.first, hour.second, in_time.contains(hour), first);
}

void Accumulator::add_tags(const DeltaNames& names, const Change& change, Places& places) {
  const Part part = names.part(change.key.part);
  const auto cell = names.cell(change.value);
  const auto* own = names.series(change.key.series);
  if (!cell || own == nullptr) damaged();
  const auto type = part >> 2;
  const std::int64_t hour = change.key.bucket;
  Slot& total = slot({Grain::kHour, part_of(type, Kind::kTotal), hour, 0});
  auto series = series_in(type, own->tags, 0);
  Slot* place = series == 0 ? nullptr : &slot({Grain::kHour, part, hour, series});
  if (place != nullptr && place->cell.events == 0) {
    if (total.cell.combinations < limits_.combinations)
      ++total.cell.combinations;
    else
      place = nullptr;
  }
  if (place == nullptr) {
    others_ += cell->events;
    auto tags = decode_tags(own->tags);
    for (auto& tag : tags) tag.second = kOther;
    series = dictionary_.series(type, encode_tags(tags));
    place = &slot({Grain::kHour, part, hour, series});
  }
  place->cell.add(*cell);
  touch(*place);
  places.emplace(std::tuple(part, hour, change.key.series), series);
}

void Accumulator::add_workloads(const CellKey& key, const std::string& chunk) {
  Slot& found = slot(key);
  const auto had = found.workloads->bytes();
  if (found.workloads->add(chunk) == Workloads::Added::kDamaged) damaged();
  bytes_ += found.workloads->bytes() - had;
  touch(found);
}

void Accumulator::add_minute(const DeltaNames& names, const Change& change, const Places& places) {
  const Part part = names.part(change.key.part);
  const auto hour = bucket_of(begin_of(change.key.bucket), Grain::kHour);
  if (!minute_hours_.contains({part, hour})) return;
  const auto cell = names.cell(change.value);
  const auto series = places.find({part, hour, change.key.series});
  if (!cell || series == places.end()) damaged();
  Slot& found = slot({Grain::kMinute, part, change.key.bucket, series->second});
  found.cell.add(*cell);
  touch(found);
}

}  // namespace kcloud::rollups
