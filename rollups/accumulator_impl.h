// A cell that an accumulator has at hand. Internal to rollups/.
#pragma once

#include <memory>

#include "rollups/accumulator.h"
#include "rollups/workloads.h"

namespace kcloud::rollups {

struct Accumulator::Slot {
  CellKey key;
  Cell cell;
  std::unique_ptr<Workloads> workloads;  // of that kind alone
  bool dirty = false;
};

}  // namespace kcloud::rollups
