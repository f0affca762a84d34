#include "rollups/day.h"

#include <utility>

#include "rollups/damaged.h"

namespace kcloud::rollups {

void DayOfHours::add(const CellKey& hour, std::string_view value) {
  if (kind_of(hour.part) != Kind::kWorkloads) {
    const auto cell = decode(value);
    if (!cell) damaged();
    sums_[hour.series].add(*cell);
    return;
  }
  chunks_.add(workloads_, hour.bucket, value);
}

std::vector<Change> DayOfHours::take(Part part, std::int64_t day) {
  std::vector<Change> cells;
  CellKey key{Grain::kDay, part, day, 0};
  if (kind_of(part) == Kind::kWorkloads) {
    for (auto& chunk : workloads_.encode()) {
      cells.push_back({key, std::move(chunk)});
      ++key.series;
    }
    return cells;
  }
  for (const auto& [series, cell] : sums_) {
    key.series = series;
    cells.push_back({key, encode(cell)});
  }
  return cells;
}

}  // namespace kcloud::rollups
