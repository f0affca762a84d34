// Prometheus text (exposition format 0.0.4) as samples to ask for. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kcloud::cli {

struct Sample {
  std::string name;
  std::vector<std::pair<std::string, std::string>> labels;
  double value = 0;

  std::string_view label(std::string_view name) const;  // empty when it has none
};

class Exposition {
 public:
  // Comments and lines that are no sample are passed over.
  static Exposition parse(std::string_view text);

  // The sum over every sample of the name, with the label's value when one is given: labels that
  // were added later do not matter. nullopt when there is none.
  std::optional<double> sum(std::string_view name, std::string_view label = {},
                            std::string_view value = {}) const;
  // The different values of a label, in order of appearance.
  std::vector<std::string> values(std::string_view name, std::string_view label) const;
  // A histogram's cumulative buckets: (upper bound, count), by bound; the last bound is infinite.
  std::vector<std::pair<double, double>> buckets(const std::string& histogram) const;
  std::string text(std::string_view name, std::string_view label) const;  // of its first sample

 private:
  std::vector<Sample> samples_;
};

// The q-quantile (0–1) of what came between two states of a histogram, by linear interpolation
// inside a bucket as Prometheus' histogram_quantile. Infinite beyond the last finite bound; NaN
// when nothing came. `before` empty: since the start.
double quantile(double q, const std::vector<std::pair<double, double>>& before,
                const std::vector<std::pair<double, double>>& now);

// How much a counter grew; a counter that shrank began anew.
double growth(double before, double now);

}  // namespace kcloud::cli
