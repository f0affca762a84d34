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
#include <string>
#include <string_view>
#include <vector>

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
  void add(std::uint64_t workload, const Newest& newest) {
    if (workload >= limit_) return;
    added_.push_back({workload, newest});
    if (added_.size() >= kMostAdded) settle();
  }
  // A chunk of encode(); they come one after the other, until one is not followed by more that
  // counts.
  enum class Added : std::uint8_t { kDamaged /* nothing was added */, kMore, kLast };
  Added add(std::string_view chunk);

  bool exact();
  double count();
  double sum();  // of the newest values
  std::size_t bytes() const {
    return (newest_.capacity() + added_.capacity() + theirs_.capacity() + merged_.capacity()) *
           sizeof(Entry);
  }

  static constexpr std::size_t kChunk = 1024;  // workloads
  // By their hashes, ascending: a reader that wants the smallest ones alone need not read them all.
  std::vector<std::string> encode();

 private:
  static constexpr std::uint64_t kAll = std::numeric_limits<std::uint64_t>::max();
  static constexpr std::size_t kMostAdded = 2048;

  struct Entry {
    std::uint64_t workload = 0;
    Newest newest;
  };

  void settle();
  void merge(const std::vector<Entry>& sorted);
  double share() const;  // of the workloads that are here

  std::vector<Entry> newest_;           // by workload, each once
  std::vector<Entry> added_;            // since it was settled
  std::vector<Entry> theirs_, merged_;  // memory that is used again
  std::uint64_t limit_ = kAll;          // only hashes below it are here
};

// Adds what is kept of several buckets, chunk by chunk in the order of bucket and number.
class ChunkReader {
 public:
  bool wants(std::int64_t bucket) const { return bucket != whole_; }  // none that follows counts
  // Throws std::runtime_error when it is damaged.
  void add(Workloads& sum, std::int64_t bucket, std::string_view chunk);

 private:
  std::int64_t whole_ = std::numeric_limits<std::int64_t>::min();
};

// Which of two events at the same time is the newer one: that with the greater id.
std::uint64_t tie_of(const core::EventId& id);

}  // namespace kcloud::rollups
