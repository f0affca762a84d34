// The value of a rule's expression for one group, with the values of its parts.
// docs/rules-semantics.md, "Values" and "Conditions".
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "rules/program.h"
#include "rules/result.h"

namespace kcloud::rules {

inline constexpr std::uint32_t kNoCell = ~std::uint32_t{0};

// When and for whom. On arrival `time` is the later of the group's newest `t` and the newest tick.
struct Moment {
  Ms time = 0;
  Ms begin = 0;
  Ms first = kNever;        // the group's first `t`; kNever: none yet
  Ms newest = kLongAgo;     // its newest
  std::uint64_t event = 0;  // the number of the one that arrives; 0: a tick
  std::uint64_t known = 0;  // of the event that made the group known
};

// How much earlier than now a part is asked for.
struct Shift {
  Ms back = 0;
  int windows = 0;  // of a window's own length each
};

class Evaluator {
 public:
  // `cells`: the group's in each of the rule's feeds, kNoCell where it has none. The answer has a
  // value for each node, of those within look-backs the newest.
  std::span<const Result> run(const Program& program, const Moment& moment,
                              std::span<const std::uint32_t> cells);

 private:
  Result node(int at, Shift shift);
  Result compute(const Node& node, Shift shift);
  Result use(const Use& use, Shift shift);
  Result event_condition(const Use& use) const;
  Result look_back(const Node& node, Shift shift);
  bool begins_before_group(const Node& node, Shift shift) const;
  Ms asked_at(const Use& use, Shift shift) const;

  const Program* program_ = nullptr;
  Moment moment_;
  std::span<const std::uint32_t> cells_;
  std::vector<Result> values_;
};

// When an expression may have another value without a further event.
class ChangeFinder {
 public:
  // The first such time after the tick `moment.time`; kNever: none. One that is not after `soon` is
  // as good as any.
  Ms next(const Program& program, const Moment& moment, std::span<const std::uint32_t> cells,
          Ms soon);

 private:
  void by(Ms time);
  void node(int at, Shift shift, bool looks_back);
  void use(const Use& use, Shift shift, bool looks_back);

  const Program* program_ = nullptr;
  Moment moment_;
  std::span<const std::uint32_t> cells_;
  Ms soon_ = 0, next_ = kNever;
};

// When the buckets that hold `t` are over, in all windows.
Ms buckets_over(const Program& program, Ms t);

}  // namespace kcloud::rules
