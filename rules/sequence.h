// Sequences of events in one group: instances that wait for their next step. Pure;
// docs/rules-semantics.md, "Sequences".
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "core/event_id.h"
#include "rules/rule.h"
#include "rules/time.h"

namespace kcloud::rules {

class ByteWriter;
class ByteReader;

// The steps of a rule: positive ones by number, each with the negated ones that stand before it.
struct Steps {
  explicit Steps(const Rule& rule);

  std::vector<std::uint64_t> positive;  // the bit of each
  std::vector<std::uint64_t> negated;   // bits of those before it; one more: those at the end
  Ms within = 0;
};

class SequenceGroup {
 public:
  static constexpr std::size_t kMostOpen = 100;
  static constexpr std::size_t kMostWaiting = 10'000;

  struct Event {
    Ms t = 0;
    std::uint64_t number = 0;  // as it came
    std::uint64_t steps = 0;   // bits of those that it matches
    core::EventId id;
    std::vector<std::string> texts{};  // of its fields, for templates
  };
  struct Fired {
    Ms at = 0;
    std::vector<core::EventId> events;
    std::vector<std::string> texts;  // of the newest of them
  };

  // False: too many wait for the next tick already.
  bool add(Event event);
  // Takes the events up to the tick; what fires, in order of time.
  void run(const Steps& steps, Ms tick, std::vector<Fired>& out);
  // When run() has something to do; kNever: nothing, without a further event.
  Ms due(const Steps& steps) const;

  std::size_t bytes() const;
  void write(ByteWriter& out) const;
  bool read(const Steps& steps, ByteReader& in);  // false: damaged

 private:
  struct Instance {
    Ms first = 0;
    std::size_t next = 1;  // positive step that it waits for
    std::vector<core::EventId> events;
    std::vector<std::string> texts;
  };
  void take(const Steps& steps, const Event& event, std::vector<Fired>& out);
  // Whether the instance goes on waiting.
  static bool moves(const Steps& steps, const Event& event, Instance& instance,
                    std::vector<Fired>& out);
  // Those whose time ends before `time`.
  void end_before(const Steps& steps, Ms time, std::vector<Fired>& out);

  std::vector<Event> waiting_;  // by t, then as they came
  std::deque<Instance> open_;   // by first
};

}  // namespace kcloud::rules
