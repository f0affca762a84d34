#include "agent/analytics/sums.h"

#include <algorithm>
#include <cmath>

namespace kcloud::analytics {

void Sum::add(const rollups::Numbers& numbers) {
  if (numbers.count == 0) return;
  min = count == 0 ? numbers.min : std::min(min, numbers.min);
  max = count == 0 ? numbers.max : std::max(max, numbers.max);
  count += numbers.count;
  sum += numbers.sum;
  sum_of_squares += numbers.sum_of_squares;
  if (!numbers.sketch.bins().empty()) sketch.add(numbers.sketch);
}

void Sum::add(double value, bool with_sketch) {
  min = count == 0 ? value : std::min(min, value);
  max = count == 0 ? value : std::max(max, value);
  ++count;
  sum += value;
  sum_of_squares += value * value;
  if (with_sketch) sketch.add(value);
}

void Sum::add(const Sum& other) {
  rollups::Numbers numbers;
  numbers.count = other.count;
  numbers.sum = other.sum;
  numbers.sum_of_squares = other.sum_of_squares;
  numbers.min = other.min;
  numbers.max = other.max;
  add(numbers);
  sketch.add(other.sketch);
}

void Sums::add(const Sums& other) {
  events += other.events;
  measures.resize(std::max(measures.size(), other.measures.size()));
  for (std::size_t i = 0; i < other.measures.size(); ++i) measures[i].add(other.measures[i]);
}

std::optional<double> Sum::average() const {
  return count == 0 ? std::nullopt : std::optional(sum / static_cast<double>(count));
}

std::optional<double> Sum::deviation() const {
  if (count == 0) return std::nullopt;
  const double n = static_cast<double>(count);
  return std::sqrt(std::max(0.0, sum_of_squares / n - (sum / n) * (sum / n)));
}

// A sketch's value lies within 1 % of the true one, which lies between the least and the greatest.
std::optional<double> Sum::quantile(double q) const {
  return count == 0 || sketch.empty() ? std::nullopt
                                      : std::optional(std::clamp(sketch.quantile(q), min, max));
}

std::optional<double> Sum::least() const { return count == 0 ? std::nullopt : std::optional(min); }
std::optional<double> Sum::greatest() const {
  return count == 0 ? std::nullopt : std::optional(max);
}

}  // namespace kcloud::analytics
