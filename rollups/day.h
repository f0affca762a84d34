// A day made of its hours, which a long range is read from.
//
// Pure. The same hours give the same bytes.
#pragma once

#include <map>
#include <string_view>
#include <vector>

#include "rollups/cell.h"
#include "rollups/keys.h"
#include "rollups/workloads.h"

namespace kcloud::rollups {

// Whether days of this part are kept: the totals of hours are few enough.
inline bool has_days(Part part) { return kind_of(part) != Kind::kTotal; }

class DayOfHours {
 public:
  // An hour's cell of the part; those of workloads by their chunks' numbers. Throws
  // std::runtime_error when it is damaged.
  void add(const CellKey& hour, std::string_view value);
  // Of the day that begins then.
  std::vector<Change> take(Part part, std::int64_t day);

 private:
  std::map<std::uint32_t, Cell> sums_;  // by series
  Workloads workloads_;
  ChunkReader chunks_;
};

}  // namespace kcloud::rollups
