// A second engine, by docs/rules-semantics.md alone: keeps every event and asks all of them again at
// each evaluation. Slow, without rings, snapshots or limits of memory; what the real one is held to.
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
    std::uint64_t events = 0;
    Number value;
  };
  struct Known {  // a group of `by` values
    Labels by;
    std::size_t number = 0;  // in the order in which they became known
    bool always = false;
    std::vector<Hit> hits;
    Ms newest = 0;
    Ms held_until = 0;  // true on arrival: counts as true at ticks before this
    std::optional<Active> active;
  };
  struct OneRule {
    const Group* group = nullptr;
    const Rule* rule = nullptr;
    std::vector<const Selector*> selectors;
    bool eager = false, event_condition = false;
    Ms reach = 0, kept = 0, keep_firing = 0;
    std::map<std::vector<std::string>, Known> known;
    std::size_t numbered = 0;
    std::optional<Ms> refused;  // newest
    std::optional<Ms> overflow;  // since when RuleOverflow fires
    std::size_t active = 0;
  };
  struct Ticks {
    const Group* group = nullptr;
    std::optional<Ms> newest;
    std::vector<OneRule> rules;
    Ms next(Ms begin) const;
  };
  using Out = std::vector<Outcome>;

  static OneRule make(const Group& group, const Rule& rule);
  static Known& know(OneRule& one, const std::vector<std::string>& key);
  static std::vector<Known*> in_order(OneRule& one);
  void begins(Ms t);
  void arrive(Ticks& ticks, OneRule& one, const core::Event& event, Out& out);
  bool too_late(const Ticks& ticks, const OneRule& one, const Known* known, Ms t) const;
  void evaluate_arrival(OneRule& one, Known& known, const core::Event& event, Out& out);
  void tick(Ticks& ticks, Ms now, Out& out);
  void evaluate_tick(const Ticks& ticks, OneRule& one, Known& known, Ms now, Out& out);
  void is_true(OneRule& one, Known& known, Ms at, bool at_tick, Number value, Out& out);
  void is_false(OneRule& one, Known& known, Ms now, Number value, Out& out);
  void forget(OneRule& one, Ms now, Out& out);
  void overflow(OneRule& one, Ms now, Out& out);
  static void say(const OneRule& one, const Known& known, AlertState state, Ms at, Out& out);

  std::vector<Ticks> groups_;
  std::optional<Ms> begin_, frontier_;
  std::size_t arrived_ = 0;
};

// When a sequence fires, for the events of one group with t <= now.
std::vector<Ms> sequence_firings(const Rule& rule, std::vector<Hit> hits, Ms now);

}  // namespace kcloud::rules::brute
