// Cells of many buckets and series added up, and events beside them. Plain values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/sketch.h"
#include "rollups/cell.h"

namespace kcloud::analytics {

// Of one measure.
struct Sum {
  std::uint64_t count = 0;
  double sum = 0, sum_of_squares = 0, min = 0, max = 0;
  core::SketchSum sketch;

  void add(const rollups::Numbers& numbers);
  void add(double value, bool with_sketch);
  void add(const Sum& other);

  std::optional<double> average() const;
  std::optional<double> deviation() const;  // of all values, not of a sample
  std::optional<double> quantile(double q) const;
  std::optional<double> least() const;
  std::optional<double> greatest() const;
};

// Of one group in one interval; the measures as they were asked for.
struct Sums {
  std::uint64_t events = 0;
  std::vector<Sum> measures;

  void add(const Sums& other);
};

}  // namespace kcloud::analytics
