// What is left to do of one batch: the answers of the sink turned into the next range to deliver.
//
// Pure; no I/O, no clock. A batch the sink refuses without naming an item is halved until single
// items remain, in O(k log n) attempts for k poisoned items among n; items the sink points at are
// set apart first, so that a whole type refused costs three attempts.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "core/collector.h"
#include "core/exporter.h"

namespace kcloud::delivery {

struct Refused {
  const core::Event* event;
  std::string reason;  // what the sink said
};

// The dead letter of an event that the sink of `origin` (`exporter:<name>`) refused.
core::DeadLetter letter_of(const core::Event& event, const std::string& reason,
                           const std::string& origin);

class BatchPlan {
 public:
  // The plan may reorder `events`, which must outlive it and stay where they are.
  explicit BatchPlan(std::span<core::Event> events);

  bool done() const { return open_.empty(); }
  // The range to deliver next. Not to be called when done.
  std::span<const core::Event> next() const { return open_.back(); }
  // The sink's answer for next(). kRetry and kHold leave next() as it is. Throws std::logic_error
  // when the answer names an item outside the range.
  void apply(const core::Delivery& delivery);

  const std::vector<Refused>& refused() const { return refused_; }

 private:
  void reject(const core::Delivery& delivery);
  void split(const core::Delivery& delivery);

  std::vector<std::span<core::Event>> open_;  // a stack; the ranges are disjoint
  std::vector<Refused> refused_;
};

}  // namespace kcloud::delivery
