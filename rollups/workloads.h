// The workloads of an hour and the newest value of each: how many there were, what their newest
// values add up to. Exact up to kExact workloads; beyond that from the kExact of them with the
// smallest hashes, which is a sample that all hours draw alike (a theta sketch, Dasgupta, Lang,
// Rhodes, Thaler: "A framework for estimating stream expression cardinalities", ICDT 2016; relative
// standard error of the count 0.8 %).
//
// Pure; adding in any order gives the same bytes.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/event.h"

namespace kcloud::rollups {

class Workloads {
 public:
  static constexpr std::size_t kExact = 16'384;

  // The newest by (time, tie) counts.
  struct Newest {
    std::int64_t time = 0;  // ns
    std::uint64_t tie = 0;
    double value = 0;
    bool known = false;  // false: only that the workload was there
  };

  // By the workload's core::hash_of.
  void add(std::uint64_t workload, const Newest& newest);
  void add(const Workloads& other);

  bool exact() const { return limit_ == kAll; }
  double count() const;
  double sum() const;  // of the newest values
  std::size_t bytes() const { return newest_.size() * 64; }

  std::string encode();
  static std::optional<Workloads> decode(std::string_view bytes);

 private:
  static constexpr std::uint64_t kAll = std::numeric_limits<std::uint64_t>::max();

  void shrink();
  double share() const;  // of the workloads that are here

  std::unordered_map<std::uint64_t, Newest> newest_;
  std::uint64_t limit_ = kAll;  // only hashes below it are here
};

// Which of two events at the same time is the newer one: that with the greater id.
std::uint64_t tie_of(const core::EventId& id);

}  // namespace kcloud::rollups
