// The rule engine: pure, driven by (event, watermark). The same one live, after a restart, in
// back-tests and in rule tests: equal input gives equal transitions.
//
// One thread at a time. Memory is bounded by the rules' limits and windows. Semantics:
// docs/rules.md, "Behaviour".
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/event.h"
#include "rules/alert.h"
#include "rules/rule.h"

namespace kcloud::rules {

struct EngineOptions {
  std::size_t max_groups = 200'000;  // known groups of one selector; of a rule twice as many
  std::size_t max_values = 100'000;  // that `new` remembers of one group
};

class Engine {
 public:
  explicit Engine(std::shared_ptr<const RuleSet> rules, const EngineOptions& options = {});
  ~Engine();
  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;

  // An event with its decoded fields (Event::fields, by the catalogue that the rules were checked
  // against). Appends what fires at once. Events of reserved types are passed over. An event's time
  // above `received` + 1 min counts as `received`.
  void add(const core::Event& event, std::vector<Transition>& out);

  // No event older than `frontier` is expected but late ones: evaluates every group of rules up to
  // its tick T <= frontier - max_delay. A frontier below an earlier one changes nothing.
  void advance(core::Time frontier, std::vector<Transition>& out);

  // Another set: windows that it shares with the old set stay, also under a changed threshold;
  // alerts of rules that are gone resolve, at `now`.
  void replace(std::shared_ptr<const RuleSet> rules, core::Time now, std::vector<Transition>& out);
  // New windows, those that neither the last replace() nor restore() found in what was there, are
  // empty. They want this much of the past; 0: there are none, or add() or advance() came already.
  Duration wants_past() const;
  // An event of that past, in the order of the journal: for new windows alone; never fires.
  void fill(const core::Event& event);

  // Pending and firing alerts, by rule and fingerprint.
  std::vector<Alert> active() const;
  std::optional<Alert> find(std::string_view fingerprint) const;

  struct RuleStatus {
    std::string group, rule;
    std::size_t groups = 0;  // known groups of `by` values
    std::size_t pending = 0, firing = 0;
    std::uint64_t refused = 0;   // alert instances over the limit
    std::uint64_t late = 0;      // events too late for it
    std::uint64_t left_out = 0;  // events and values that there was no room for
    core::Time evaluated;        // newest tick
  };
  std::vector<RuleStatus> status() const;
  std::uint64_t late_events() const;
  std::uint64_t future_events() const;  // whose time was clamped
  std::size_t bytes() const;            // about what windows and alerts hold

  // The whole state as bytes; versioned. restore() on an engine of the same or another set takes
  // what still fits; alerts of rules that are gone resolve at the next add() or advance(). False:
  // not a snapshot that is read here (the engine is then as new).
  std::string snapshot() const;
  bool restore(std::string_view snapshot);

  const RuleSet& rules() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kcloud::rules
