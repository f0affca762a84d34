#include "core/sketch.h"

#include <algorithm>
#include <cmath>

namespace kcloud::core {
namespace {

// A little below 1 %, for the rounding of the logarithm.
constexpr double kError = 0.0099;
constexpr double kGamma = (1 + kError) / (1 - kError);
// More than the number of bins on either side of 1 that doubles can reach.
constexpr std::int32_t kMiddle = 40'000;
const double kLogGamma = std::log(kGamma);

// Both ascending; what both have is added up. `out` is used again.
template <typename Bins, typename Others>
void merge(const Bins& mine, const Others& others, Bins& out) {
  out.clear();
  auto next = mine.begin();
  for (const auto& [number, count] : others) {
    for (; next != mine.end() && next->first < number; ++next) out.push_back(*next);
    out.emplace_back(number, count);
    if (next != mine.end() && next->first == number) out.back().second += (next++)->second;
  }
  out.insert(out.end(), next, mine.end());
}

}  // namespace

std::int32_t Sketch::bin_of(double value) {
  if (value == 0) return 0;
  const auto power = static_cast<std::int32_t>(std::ceil(std::log(std::abs(value)) / kLogGamma));
  return value > 0 ? kMiddle + power : -(kMiddle + power);
}

double Sketch::value_of(std::int32_t bin) {
  if (bin == 0) return 0;
  const double power = std::abs(bin) - kMiddle;
  // Half-way, as the error goes, between the bin's ends.
  const double value = std::exp(power * kLogGamma) * (2 / (kGamma + 1));
  return bin > 0 ? value : -value;
}

void Sketch::add(double value) {
  if (std::isfinite(value)) count(bin_of(value));
}

void Sketch::count(std::int32_t number) {
  auto at = std::lower_bound(bins_.begin(), bins_.end(), Bin{number, 0});
  if (at != bins_.end() && at->first == number) {
    ++at->second;
  } else if (bins_.size() < kMostBins) {
    bins_.insert(at, {number, 1});
  } else {
    ++(at == bins_.end() ? bins_.back() : *at).second;
  }
}

void Sketch::add(const Sketch& other) {
  if (other.bins_.empty()) return;
  std::vector<Bin> merged;
  merged.reserve(bins_.size() + other.bins_.size());
  merge(bins_, other.bins_, merged);
  // Past the limit the outermost share a bin.
  while (merged.size() > kMostBins) {
    merged[merged.size() - 2].second += merged.back().second;
    merged.pop_back();
  }
  bins_ = std::move(merged);
}

bool Sketch::append(std::int32_t number, std::uint32_t count) {
  constexpr std::int32_t kMost = 2 * kMiddle;
  if (number < -kMost || number > kMost || count == 0 || bins_.size() == kMostBins) return false;
  if (!bins_.empty() && bins_.back().first >= number) return false;
  bins_.emplace_back(number, count);
  return true;
}

bool Sketch::set_bins(const std::vector<Bin>& bins) {
  Sketch made;
  made.bins_.reserve(bins.size());
  for (const auto& [number, count] : bins)
    if (!made.append(number, count)) return false;
  *this = std::move(made);
  return true;
}

void SketchSum::clear() {
  bins_.clear();
  total_ = 0;
}

void SketchSum::add(const Sketch& sketch) {
  std::size_t known = 0;  // of its bins, those that are here; most are
  auto mine = bins_.begin();
  for (const auto& [number, count] : sketch.bins()) {
    total_ += count;
    while (mine != bins_.end() && mine->first < number) ++mine;
    if (mine == bins_.end() || mine->first != number) continue;
    mine->second += count;
    ++known;
  }
  if (known == sketch.bins().size()) return;
  // The others: what was added above is not added again.
  std::vector<Sketch::Bin> others;
  others.reserve(sketch.bins().size() - known);
  mine = bins_.begin();
  for (const auto& bin : sketch.bins()) {
    while (mine != bins_.end() && mine->first < bin.first) ++mine;
    if (mine == bins_.end() || mine->first != bin.first) others.push_back(bin);
  }
  merge(bins_, others, merged_);
  bins_.swap(merged_);
}

void SketchSum::add(const SketchSum& other) {
  merge(bins_, other.bins_, merged_);
  bins_.swap(merged_);
  total_ += other.total_;
}

void SketchSum::add(double value) {
  const std::int32_t number = Sketch::bin_of(value);
  const auto at = std::lower_bound(bins_.begin(), bins_.end(), Bin{number, 0});
  if (at != bins_.end() && at->first == number)
    ++at->second;
  else
    bins_.insert(at, {number, 1});
  ++total_;
}

double SketchSum::quantile(double q) const {
  const double rank = std::max(1.0, std::ceil(q * static_cast<double>(total_)));
  std::uint64_t seen = 0;
  for (const auto& [number, count] : bins_) {
    seen += count;
    if (static_cast<double>(seen) >= rank) return Sketch::value_of(number);
  }
  return Sketch::value_of(bins_.back().first);
}

}  // namespace kcloud::core
