// Counts different values by their hashes: exactly up to 1,024, beyond it by HyperLogLog with 4,096
// registers (standard error 1.6 %; Flajolet et al. 2007, estimator of Ertl 2017). Merges.
#pragma once

#include <cstdint>
#include <vector>

namespace kcloud::rules {

class Distinct {
 public:
  static constexpr std::size_t kExact = 1024;
  static constexpr std::size_t kRegisters = 4096;

  void add(std::uint64_t hash);
  void add(const Distinct& other);
  double count() const;
  void clear();

  bool exact() const { return registers_.empty(); }
  const std::vector<std::uint64_t>& hashes() const { return hashes_; }       // exact: ascending
  const std::vector<std::uint8_t>& registers() const { return registers_; }  // else
  // False: not what hashes() and registers() give.
  bool set(std::vector<std::uint64_t> hashes, std::vector<std::uint8_t> registers);
  std::size_t bytes() const { return hashes_.capacity() * 8 + registers_.capacity(); }

 private:
  void estimate();  // from here on
  void count_in(std::uint64_t hash);

  std::vector<std::uint64_t> hashes_;
  std::vector<std::uint8_t> registers_;
};

}  // namespace kcloud::rules
