// Quantiles of any finite numbers with at most 1 % relative error: counts in logarithmic bins, as
// DDSketch (Masson, Rim, Lee: "DDSketch", VLDB 2019). Sketches merge by adding their counts.
//
// At most kMostBins of them: past that a value goes to the nearest bin there is.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace kcloud::core {

class Sketch {
 public:
  static constexpr std::size_t kMostBins = 4096;
  // Bins sort as the values do; 0 is that of 0.
  using Bin = std::pair<std::int32_t, std::uint32_t>;  // number, count

  void add(double value);
  // Its own, of a finite value; for a value that several sketches count.
  static std::int32_t bin_of(double value);
  void count(std::int32_t bin);
  void add(const Sketch& other);

  const std::vector<Bin>& bins() const { return bins_; }
  void clear() { bins_.clear(); }  // keeps its memory
  // A bin behind the others. False: it is none, does not follow them, or there are too many.
  bool append(std::int32_t number, std::uint32_t count);
  // False: no ascending bins with counts.
  bool set_bins(const std::vector<Bin>& bins);
  std::size_t bytes() const { return bins_.capacity() * sizeof(Bin); }

  static double value_of(std::int32_t bin);

 private:
  std::vector<Bin> bins_;
};

// Adds sketches up, for one quantile at a time; its memory is used again.
class SketchSum {
 public:
  void clear();
  void add(const Sketch& sketch);
  void add(double value);  // of a finite value
  void add(const SketchSum& other);
  bool empty() const { return bins_.empty(); }
  // The value at rank ceil(q · n), at least 1.
  double quantile(double q) const;

 private:
  using Bin = std::pair<std::int32_t, std::uint64_t>;
  std::vector<Bin> bins_, merged_;
  std::uint64_t total_ = 0;
};

}  // namespace kcloud::core
