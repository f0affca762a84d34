// What the engine holds, and its steps: plan.cpp makes it, intake.cpp takes events in, ticks.cpp
// goes through ticks, alerts.cpp decides what becomes of alerts, snapshot.cpp saves all of it.
// Internal to the engine.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rules/agenda.h"
#include "rules/engine.h"
#include "rules/evaluate.h"
#include "rules/feed.h"
#include "rules/index.h"
#include "rules/keys.h"
#include "rules/program.h"
#include "rules/sequence.h"

namespace kcloud::rules {

using EventTexts = std::map<std::string, std::string>;

// An alert, pending or firing.
struct ActiveAlert {
  bool firing = false;
  Ms since = 0, starts_at = 0, newest_true = 0;
  std::optional<double> value;
  std::uint64_t events = 0;    // event conditions and sequences: so many since it became active
  std::uint64_t arrivals = 0;  // others: of the group, when it became active
  std::vector<core::EventId> evidence;  // event conditions and sequences: newest last
  std::vector<Result> why;              // of the newest evaluation, by node
  EventTexts event;                     // the newest evidence's fields that templates name
  Labels labels, annotations;           // as rendered
};

// A group of `by` values of one rule.
struct RuleGroup {
  std::uint32_t key = Keys::kNone;  // kNone: free
  bool always = false;              // expected, or without `by`
  bool soon = false;                // is on the agenda for the next tick
  bool was_true = false;            // at the newest evaluation at a tick
  Ms first = kNever;
  Ms newest = kLongAgo;      // counts in feeds whose group is Feed::Group::apart
  Ms later = kNever;         // when it is on the agenda else
  Ms held_until = kLongAgo;  // true on arrival: counts as true at ticks before this
  Ms last_start = kLongAgo;  // `startsAt` of its newest alert
  std::uint64_t known = 0;   // number of the event that made it known
  std::unique_ptr<ActiveAlert> alert;
  std::unique_ptr<SequenceGroup> sequence;
};

inline constexpr Ms kOverflowTime = 300'000;  // without a refusal, and it resolves

struct Overflow {
  Ms since = 0, newest = 0;
  std::uint64_t refused = 0;
};

struct RuleState {
  std::uint32_t number = 0;
  std::uint32_t ticks = 0;  // its group of rules
  const Group* group = nullptr;
  const Rule* rule = nullptr;
  std::string identity;  // name and `by`: what snapshots know it by
  Keys* keys = nullptr;
  Program program;             // empty: a sequence
  std::optional<Steps> steps;  // a sequence
  std::vector<Feed*> feeds;    // each once
  std::vector<std::size_t> step_feeds;
  std::vector<std::size_t> trigger_feeds;  // of event conditions
  Ms kept = 0;                             // a group is forgotten so long after its newest event
  std::vector<std::string> shown;          // fields of events that its templates name

  std::vector<RuleGroup> groups;
  std::vector<std::uint32_t> free;
  FlatMap<std::uint32_t, std::uint32_t> places;  // by key
  std::vector<std::uint32_t> cells;              // groups × feeds
  Agenda agenda;
  bool soon = false;      // is on its group of rules' agenda for the next tick
  Ms later = kNever;      // when it is on it else
  bool fresh = true;      // has to be filled
  Ms horizon = kLongAgo;  // older events are too late

  std::size_t alerts = 0;
  std::optional<Overflow> overflow;
  std::uint64_t refused = 0, late = 0, left_out = 0;
  std::uint64_t late_event = 0, arrived = 0;  // numbers of events
  std::uint32_t arrived_in = 0;               // its group

  bool is_sequence() const { return steps.has_value(); }
  // At ticks its condition is never true.
  bool on_event() const { return is_sequence() || program.on_event; }
  std::uint32_t& cell(std::uint32_t place, std::size_t feed) {
    return cells[place * feeds.size() + feed];
  }
  std::span<const std::uint32_t> cells_of(std::uint32_t place) const {
    return std::span(cells).subspan(place * feeds.size(), feeds.size());
  }
  Ms newest(std::uint32_t place) const;
  std::uint64_t arrivals(std::uint32_t place) const;
};

struct TicksState {
  const Group* group = nullptr;
  Ms interval = 1, delay = 0;
  Ms newest = kLongAgo;  // tick; kLongAgo: begin is not known yet
  Ms first = kLongAgo;   // the first one after begin
  Agenda agenda;         // of rules
  std::vector<std::uint32_t> rules;

  void begin_at(Ms begin) {
    newest = floor_div(begin - 1, interval) * interval;
    first = (floor_div(begin, interval) + 1) * interval;
  }
  Ms next() const { return std::max(newest + interval, first); }
  // Ticks up to the time are done, if there are any.
  void done_until(Ms time) {
    const Ms last = floor_div(time, interval) * interval;
    if (last >= first) newest = std::max(newest, last);
  }
};

struct Engine::Impl {
  Impl(std::shared_ptr<const RuleSet> set, const EngineOptions& options);

  // plan.cpp
  void plan_rule(std::uint32_t ticks_number, const Rule& rule);
  std::size_t plan_feed(RuleState& state, const Selector& selector);
  void plan_shown(RuleState& state) const;
  void plan_users(RuleState& state);
  void plan_expected(RuleState& state);

  // intake.cpp
  void add(const core::Event& event, std::vector<Transition>& out);
  void fill(const core::Event& event);
  void begin_at(Ms t);
  void end_filling();
  void take(Feed& feed, const Arrival& arrival);
  void take_past(Feed& feed, const Arrival& arrival);
  void set_horizons(Feed& feed);
  std::uint32_t cell_of(Feed& feed, const Arrival& arrival);
  bool has_room(const Feed& feed, std::uint32_t key) const;
  void tell_rules(Feed& feed, std::uint32_t cell, const Arrival& arrival);
  void too_late(RuleState& rule, const Arrival& arrival);
  void arrive(RuleState& rule, const Arrival& arrival, std::vector<Transition>& out);
  void arrive_in_sequence(RuleState& rule, const Arrival& arrival);
  std::uint32_t make_group(RuleState& rule, std::uint32_t key);
  static void link(RuleState& rule, std::uint32_t place);
  void forget(RuleState& rule, std::uint32_t place);

  // ticks.cpp
  void advance(Ms frontier, std::vector<Transition>& out);
  void tick(TicksState& ticks, Ms now, std::vector<Transition>& out);
  void tick_rule(RuleState& rule, Ms now, std::vector<Transition>& out);
  bool is_quiet(RuleState& rule, std::uint32_t place, Ms now);
  void decide(RuleState& rule, std::uint32_t place, Ms now, std::vector<Transition>& out);
  void run_sequence(RuleState& rule, std::uint32_t place, Ms now, std::vector<Transition>& out);
  void put_off(RuleState& rule, std::uint32_t place, Ms now);
  Ms due(const RuleState& rule, std::uint32_t place, Ms now) const;
  void call_soon(RuleState& rule, std::uint32_t place);
  void put_off_rule(RuleState& rule);
  bool is_forgotten(const RuleState& rule, std::uint32_t place, Ms now) const;
  bool is_newcomer(const RuleState& rule, const RuleGroup& group, Ms now) const;
  Moment moment_of(const RuleState& rule, std::uint32_t place, Ms now) const;

  // alerts.cpp
  struct Judgement {
    Ms at = 0;
    const Arrival* arrival = nullptr;  // nullptr: at a tick
    std::span<const Result> values;    // empty: as they were
    const SequenceGroup::Fired* fired = nullptr;
  };
  void hold_true(RuleState& rule, std::uint32_t place, const Judgement& judgement,
                 std::vector<Transition>& out);
  void hold_false(RuleState& rule, std::uint32_t place, const Judgement& judgement,
                  std::vector<Transition>& out);
  void end_alert(RuleState& rule, std::uint32_t place, Ms at, std::string_view reason,
                 std::vector<Transition>& out);
  void refuse(RuleState& rule, Ms at, std::vector<Transition>& out);
  void end_overflow(RuleState& rule, Ms at, std::string_view reason, std::vector<Transition>& out);
  void render_texts(const RuleState& rule, std::uint32_t place, ActiveAlert& alert) const;
  Alert alert_of(const RuleState& rule, std::uint32_t place) const;
  static Alert overflow_alert(const RuleState& rule);
  void resolve_orphans(Ms at, std::vector<Transition>& out);

  // snapshot.cpp
  std::string snapshot() const;
  bool restore(std::string_view snapshot);
  void restore_ticks(const std::map<std::string, Ms, std::less<>>& newest);
  void restore_rule(RuleState& rule, std::vector<Alert> alerts, ByteReader& in);
  void link_restored();

  TicksState& ticks_of(const RuleState& rule) { return ticks[rule.ticks]; }
  const TicksState& ticks_of(const RuleState& rule) const { return ticks[rule.ticks]; }

  std::shared_ptr<const RuleSet> set;
  EngineOptions options;
  std::map<std::string, std::unique_ptr<Keys>> keys;  // by the names of `by`
  Index index;
  std::vector<std::vector<Feed*>> of_predicate;
  std::vector<std::unique_ptr<Feed>> feeds;
  std::map<std::string, Feed*, std::less<>> feed_by_text;
  std::vector<std::unique_ptr<RuleState>> rules;
  std::vector<TicksState> ticks;

  std::optional<Ms> begin;
  Ms reached = kLongAgo;     // frontier
  Ms next_tick = kLongAgo;   // a frontier below this is no tick's
  std::uint64_t epoch = 1;   // counts the changes of newest ticks
  std::uint64_t events = 0;  // their number so far
  std::uint64_t late = 0, late_event = 0, future = 0;
  bool filling = true;         // nothing came since the rules or the state were replaced
  std::vector<Alert> orphans;  // firing alerts of rules that are gone

  Evaluator evaluator;
  std::string key_memory;
  std::vector<std::uint32_t> predicates, arrived, due_rules, due_groups, decided;
};

}  // namespace kcloud::rules
