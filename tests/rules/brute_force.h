// A second engine, by docs/rules-semantics.md alone: keeps every event and asks all of them again
// at each evaluation. Slow, without rings, snapshots or limits of memory; what the real one is held
// to.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "rules/alert.h"
#include "rules/rule.h"
#include "tests/rules/brute_values.h"

namespace kcloud::rules::brute {

// A transition to firing or resolved, as far as both engines can be asked for it.
struct Outcome {
  std::string rule;
  Labels by;
  AlertState state = AlertState::kFiring;
  Ms at = 0;
  Ms starts_at = 0;
  Number value;  // of the evaluation; nullopt also where the text leaves it open
};
bool operator<(const Outcome& a, const Outcome& b);  // but for the value
std::string to_string(const Outcome& outcome);

class BruteForce {
 public:
  explicit BruteForce(const RuleSet& rules);

  // As Engine's. The event stays where it is as long as this lives.
  void add(const core::Event& event, std::vector<Outcome>& out);
  void advance(core::Time frontier, std::vector<Outcome>& out);

 private:
  struct Active {
    Ms since = 0, newest_true = 0, starts_at = 0;
    bool firing = false;
    std::uint64_t times = 0;  // that an event or a sequence made it true
    Number value;
  };
  struct Known {  // a group of `by` values
    Labels by;
    bool always = false;
    std::vector<Hit> hits;
    Ms newest = 0;
    std::optional<Ms> held_until;  // true on arrival: counts as true at ticks before this
    std::optional<Ms> last_start;  // of its alert before
    std::optional<Active> active;
  };
  struct Overflow {
    Ms since = 0, newest = 0;
    std::uint64_t refused = 0;
  };
  struct OneRule {
    const Group* group = nullptr;
    const Rule* rule = nullptr;
    std::vector<const Selector*> selectors;
    bool eager = false, event_condition = false;
    Ms kept = 0;
    std::map<std::vector<std::string>, Known> known;  // in the order of evaluation
    std::optional<Overflow> overflow;
    std::size_t active = 0;

    bool on_event() const { return event_condition || !rule->sequence.empty(); }
  };
  struct Ticks {
    const Group* group = nullptr;
    std::vector<OneRule> rules;
    std::optional<Ms> done;  // the newest tick that was
    Ms newest(Ms begin) const;
  };
  // An evaluation that came out true.
  struct True {
    Ms at = 0;
    std::optional<Ms> tick;  // nullopt: on arrival, or a sequence that fired at `at`
    Ms told = 0;             // when it was evaluated, for RuleOverflow
    bool keeps_value = false;
    Number value;
  };
  using Out = std::vector<Outcome>;

  static OneRule make(const Group& group, const Rule& rule);
  static Known& know(OneRule& one, const std::vector<std::string>& key);
  void begins(Ms t);
  void arrive(Ticks& ticks, OneRule& one, const core::Event& event, Out& out);
  bool too_late(const Ticks& ticks, const OneRule& one, Ms t) const;
  void evaluate_arrival(const Ticks& ticks, OneRule& one, Known& known, const core::Event& event,
                        Out& out);
  void tick(Ticks& ticks, Ms now, Out& out);
  void evaluate_tick(const Ticks& ticks, OneRule& one, Known& known, Ms now, Out& out);
  // False: refused by the limit.
  bool is_true(OneRule& one, Known& known, const True& how, Out& out);
  void is_false(OneRule& one, Known& known, Ms now, Out& out);
  void refuse(OneRule& one, Ms at, Out& out);
  void end(OneRule& one, Known& known, Ms now, Out& out);
  void end_overflow(OneRule& one, Ms now, Out& out);
  static void say(const OneRule& one, const Known& known, AlertState state, Ms at, Out& out);

  std::vector<Ticks> groups_;
  std::optional<Ms> begin_, frontier_;
  std::size_t arrived_ = 0;
};

// When a sequence fires, for the events of one group with t <= now.
std::vector<Ms> sequence_firings(const Rule& rule, std::vector<Hit> hits, Ms now);

}  // namespace kcloud::rules::brute
