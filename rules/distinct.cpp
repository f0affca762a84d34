#include "rules/distinct.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

namespace kcloud::rules {
namespace {

constexpr int kBits = 12;             // of a hash choose the register
constexpr int kQ = 64 - kBits;        // the others are counted in it
constexpr double kScale = 0.7213475;  // 1 / (2 ln 2)

// Ertl, "New cardinality estimation algorithms for HyperLogLog sketches", algorithms 5 and 6.
double sigma(double x) {
  if (x == 1) return INFINITY;
  double y = 1;
  double z = x;
  for (double before = -1; z != before;) {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  }
  return z;
}

double tau(double x) {
  if (x == 0 || x == 1) return 0;
  double y = 1;
  double z = 1 - x;
  for (double before = -1; z != before;) {
    x = std::sqrt(x);
    before = z;
    y /= 2;
    z -= (1 - x) * (1 - x) * y;
  }
  return z / 3;
}

}  // namespace

void Distinct::add(std::uint64_t hash) {
  if (!exact()) return count_in(hash);
  const auto at = std::lower_bound(hashes_.begin(), hashes_.end(), hash);
  if (at != hashes_.end() && *at == hash) return;
  hashes_.insert(at, hash);
  if (hashes_.size() > kExact) estimate();
}

void Distinct::add(const Distinct& other) {
  for (const std::uint64_t hash : other.hashes_) add(hash);
  if (other.exact()) return;
  if (exact()) estimate();
  for (std::size_t i = 0; i < kRegisters; ++i)
    registers_[i] = std::max(registers_[i], other.registers_[i]);
}

void Distinct::estimate() {
  registers_.assign(kRegisters, 0);
  for (const std::uint64_t hash : hashes_) count_in(hash);
  hashes_ = {};
}

void Distinct::count_in(std::uint64_t hash) {
  const auto rank = static_cast<std::uint8_t>(std::min(std::countl_zero(hash << kBits), kQ) + 1);
  std::uint8_t& highest = registers_[hash >> kQ];
  highest = std::max(highest, rank);
}

double Distinct::count() const {
  if (exact()) return static_cast<double>(hashes_.size());
  std::array<int, kQ + 2> histogram{};
  for (const std::uint8_t rank : registers_) ++histogram[rank];
  constexpr double m = kRegisters;
  double z = m * tau(1 - histogram[kQ + 1] / m);
  for (int k = kQ; k >= 1; --k) z = 0.5 * (z + histogram[static_cast<std::size_t>(k)]);
  z += m * sigma(histogram[0] / m);
  // It was more than that when counting began to be by registers.
  return std::max(std::round(kScale * m * m / z), static_cast<double>(kExact + 1));
}

void Distinct::clear() {
  hashes_.clear();
  registers_.clear();
}

bool Distinct::set(std::vector<std::uint64_t> hashes, std::vector<std::uint8_t> registers) {
  const bool ascending =
      std::adjacent_find(hashes.begin(), hashes.end(), std::greater_equal<>()) == hashes.end();
  const bool high = std::any_of(registers.begin(), registers.end(),
                                [](std::uint8_t rank) { return rank > kQ + 1; });
  if (!ascending || high || hashes.size() > kExact) return false;
  if (!registers.empty() && (registers.size() != kRegisters || !hashes.empty())) return false;
  hashes_ = std::move(hashes);
  registers_ = std::move(registers);
  return true;
}

}  // namespace kcloud::rules
