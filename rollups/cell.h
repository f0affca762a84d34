// What a rollup keeps of the events of one hour (or minute, or day), one type and one combination
// of tags: how many they were and, for each measure, count, sum, sum of squares, smallest, greatest
// and, where the catalogue marks it, a quantile sketch. Cells add up.
//
// Pure. A cell is made by adding its events in the order of their seq: the same events give the
// same bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/sketch.h"

namespace kcloud::rollups {

using NameId = std::uint32_t;  // of a measure's name, in the dictionary of where cells are kept

struct Numbers {
  NameId name = 0;
  std::uint64_t count = 0;
  double sum = 0;
  // Only where `spread`.
  double sum_of_squares = 0, min = 0, max = 0;
  bool spread = false;
  core::Sketch sketch = {};  // empty where none is kept

  void add(double value) {
    ++count;
    sum += value;
    if (!spread) return;
    sum_of_squares += value * value;
    if (count == 1 || value < min) min = value;
    if (count == 1 || value > max) max = value;
  }
  // Adds another's; of their sketches too.
  void add(const Numbers& other);
};

struct Cell {
  std::uint64_t events = 0;
  std::uint32_t combinations = 0;  // of tags in this hour; in the cell of all of them alone
  std::vector<Numbers> measures;   // by name, ascending

  // The measure's numbers, made when they are missing.
  Numbers& at(NameId name, bool spread);
  const Numbers* find(NameId name) const;
  void add(const Cell& other);  // but for `combinations`
};

// docs/journal.md, "Rollups".
std::string encode(const Cell& cell);
// Of a cell's measures only those that `wanted` names, sketches only where asked for; nullopt: the
// bytes are no cell. `wanted` is by name, ascending; empty: all of them with their sketches.
struct Wanted {
  NameId name = 0;
  bool sketch = false;
};
std::optional<Cell> decode(std::string_view bytes, const std::vector<Wanted>& wanted = {});
// The same into a cell whose memory is used again; false: the bytes are no cell.
bool decode(std::string_view bytes, const std::vector<Wanted>& wanted, Cell& cell);

}  // namespace kcloud::rollups
