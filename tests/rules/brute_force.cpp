#include "tests/rules/brute_force.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <tuple>

namespace kcloud::rules::brute {
namespace {

constexpr Ms kHour = 3'600'000;
constexpr Ms kFiveMinutes = 300'000;

std::vector<std::string> key_of(const Selector& selector, const core::Event& event) {
  std::vector<std::string> key;
  for (const FieldRef& field : selector.by) key.push_back(by_text(field, event));
  return key;
}

Labels labels_of(const Rule& rule, const std::vector<std::string>& key) {
  Labels labels;
  for (std::size_t i = 0; i < rule.by.size(); ++i) labels[rule.by[i]] = key[i];
  return labels;
}

}  // namespace

bool operator<(const Outcome& a, const Outcome& b) {
  return std::tie(a.at, a.rule, a.by, a.state, a.starts_at) <
         std::tie(b.at, b.rule, b.by, b.state, b.starts_at);
}

std::string to_string(const Outcome& outcome) {
  std::string by;
  for (const auto& [name, value] : outcome.by) by += fmt::format(" {}={}", name, value);
  return fmt::format("{:.3f} {}{} {} since {:.3f}{}", static_cast<double>(outcome.at) / 1000,
                     outcome.rule, by, rules::to_string(outcome.state),
                     static_cast<double>(outcome.starts_at) / 1000,
                     outcome.value ? fmt::format(" value {}", *outcome.value) : "");
}

BruteForce::BruteForce(const RuleSet& rules) {
  for (const Group& group : rules.groups) {
    Ticks ticks;
    ticks.group = &group;
    for (const Rule& rule : group.rules)
      if (rule.enabled) ticks.rules.push_back(make(group, rule));
    groups_.push_back(std::move(ticks));
  }
}

BruteForce::OneRule BruteForce::make(const Group& group, const Rule& rule) {
  OneRule one;
  one.group = &group;
  one.rule = &rule;
  one.keep_firing = rule.keep_firing.count();
  for (const Step& step : rule.sequence) one.selectors.push_back(&step.selector);
  one.reach = rule.within.count();
  if (rule.expr) {
    for_each(*rule.expr, [&](const Expr& part) {
      if (part.kind == Expr::Kind::kAggregate || part.kind == Expr::Kind::kEvent)
        one.selectors.push_back(&part.selector);
      if (is_event_condition(part)) one.event_condition = true;
    });
    one.eager = is_eager(*rule.expr);
    one.reach = brute::reach(*rule.expr);
  }
  one.kept = std::max(2 * (one.reach + rule.hold.count() + rule.keep_firing.count()), kHour);
  const bool at_no_tick = one.event_condition || !rule.sequence.empty();
  if (at_no_tick && one.keep_firing == 0) one.keep_firing = kFiveMinutes;
  if (rule.by.empty()) know(one, {}).always = true;
  for (const auto& expected : rule.expect) {
    std::vector<std::string> key;
    for (const std::string& name : rule.by) key.push_back(expected.at(name));
    know(one, key).always = true;
  }
  return one;
}

BruteForce::Known& BruteForce::know(OneRule& one, const std::vector<std::string>& key) {
  const auto [entry, is_new] = one.known.try_emplace(key);
  if (is_new) {
    entry->second.by = labels_of(*one.rule, key);
    entry->second.number = ++one.numbered;
  }
  return entry->second;
}

void BruteForce::begins(Ms t) {
  if (!begin_) begin_ = t;
}

Ms BruteForce::Ticks::next(Ms begin) const {
  const Ms interval = group->interval.count();
  return (newest.value_or(begin) / interval + 1) * interval;
}

void BruteForce::add(const core::Event& event, std::vector<Outcome>& out) {
  if (event.type != nullptr && event.type->reserved) return;
  ++arrived_;
  begins(time_of(event));
  for (Ticks& ticks : groups_)
    for (OneRule& one : ticks.rules) arrive(ticks, one, event, out);
}

// "An event older than everything that any window of the rule can still look at"
bool BruteForce::too_late(const Ticks& ticks, const OneRule& one, const Known* known, Ms t) const {
  if (!one.rule->sequence.empty()) return ticks.newest && t <= *ticks.newest;
  if (one.event_condition) return false;
  const std::vector<Hit> none;
  View view;
  view.hits = &none;
  view.now = ticks.next(*begin_);
  if (t >= earliest_begin(*one.rule->expr, view)) return false;
  if (!one.eager) return true;
  return known != nullptr && !known->hits.empty() &&
         t < earliest_begin(*one.rule->expr, [&] {
           const core::Event any;
           view.now = std::max(known->newest, t);
           view.arriving = &any;
           return view;
         }());
}

void BruteForce::arrive(Ticks& ticks, OneRule& one, const core::Event& event, Out& out) {
  const auto match = std::find_if(one.selectors.begin(), one.selectors.end(),
                                  [&](const Selector* s) { return matches(*s, event); });
  if (match == one.selectors.end()) return;
  const auto key = key_of(**match, event);
  const Ms t = time_of(event);
  const auto found = one.known.find(key);
  if (too_late(ticks, one, found == one.known.end() ? nullptr : &found->second, t)) return;
  Known& known = know(one, key);
  known.newest = known.hits.empty() ? t : std::max(known.newest, t);
  known.hits.push_back({t, arrived_, &event});
  if (one.eager || one.event_condition) evaluate_arrival(one, known, event, out);
}

void BruteForce::evaluate_arrival(OneRule& one, Known& known, const core::Event& event, Out& out) {
  const Expr& expr = *one.rule->expr;
  bool asked = one.eager;
  for_each(expr, [&](const Expr& part) {
    if (is_event_condition(part) && matches(part.selector, event)) asked = true;
  });
  if (!asked) return;
  View view{&known.hits, *begin_, known.newest, &event};
  if (condition(expr, view) != Truth::kTrue) return;
  known.held_until = std::max(known.held_until, bucket_end(expr, known.newest));
  is_true(one, known, known.newest, false, left_of_first_comparison(expr, view), out);
}

void BruteForce::advance(core::Time frontier, std::vector<Outcome>& out) {
  const Ms reached = core::to_nanos(frontier) / 1'000'000;
  begins(reached);
  if (frontier_ && *frontier_ >= reached) return;
  frontier_ = reached;
  for (Ticks& ticks : groups_) {
    const Ms until = reached - ticks.group->max_delay.count();
    for (Ms now = ticks.next(*begin_); now <= until; now = ticks.next(*begin_))
      tick(ticks, now, out);
  }
}

void BruteForce::tick(Ticks& ticks, Ms now, Out& out) {
  for (OneRule& one : ticks.rules) {
    if (one.rule->sequence.empty()) forget(one, now, out);
    for (Known* known : in_order(one)) evaluate_tick(ticks, one, *known, now, out);
    if (!one.rule->sequence.empty()) forget(one, now, out);
    overflow(one, now, out);
  }
  ticks.newest = now;
}

// "in the order in which they became known, those of `expect` first"
std::vector<BruteForce::Known*> BruteForce::in_order(OneRule& one) {
  std::vector<Known*> groups;
  for (auto& [key, known] : one.known) groups.push_back(&known);
  std::sort(groups.begin(), groups.end(),
            [](const Known* a, const Known* b) { return a->number < b->number; });
  return groups;
}

void BruteForce::evaluate_tick(const Ticks& ticks, OneRule& one, Known& known, Ms now, Out& out) {
  const Rule& rule = *one.rule;
  const View view{&known.hits, *begin_, now, nullptr};
  // "At a tick T before its first `t` a group is not evaluated."
  if (!known.always && now < *view.first_t()) return;
  if (!rule.sequence.empty()) {
    for (const Ms at : sequence_firings(rule, known.hits, now))
      if (!ticks.newest || at > *ticks.newest) is_true(one, known, at, false, std::nullopt, out);
    return is_false(one, known, now, std::nullopt, out);
  }
  if (one.event_condition) return is_false(one, known, now, std::nullopt, out);
  const Number value = left_of_first_comparison(*rule.expr, view);
  if (now < known.held_until || condition(*rule.expr, view) == Truth::kTrue)
    return is_true(one, known, now, true, value, out);
  is_false(one, known, now, value, out);
}

void BruteForce::is_true(OneRule& one, Known& known, Ms at, bool at_tick, Number value, Out& out) {
  if (!known.active) {
    if (one.active >= one.group->limit) {
      if (!one.overflow) {
        one.overflow = at;
        out.push_back({"RuleOverflow", {{"rule", one.rule->name}, {"rule_group", one.group->name}},
                       AlertState::kFiring, at, at, std::nullopt});
      }
      one.refused = std::max(one.refused.value_or(at), at);
      return;
    }
    known.active = Active{at, at, 0, false, 0, std::nullopt};
    ++one.active;
  }
  Active& active = *known.active;
  active.newest_true = std::max(active.newest_true, at);
  active.events += at_tick ? 0 : 1;
  const bool counts_events = one.event_condition && !has_comparison(*one.rule->expr);
  active.value = counts_events ? Number(static_cast<double>(active.events)) : value;
  const Ms hold = one.rule->hold.count();
  if (active.firing || (hold > 0 && (!at_tick || at - active.since < hold))) return;
  active.firing = true;
  active.starts_at = at;
  say(one, known, AlertState::kFiring, at, out);
}

void BruteForce::is_false(OneRule& one, Known& known, Ms now, Number value, Out& out) {
  if (!known.active) return;
  Active& active = *known.active;
  if (active.firing && now - active.newest_true < one.keep_firing) return;
  if (!one.event_condition) active.value = value;
  if (active.firing) say(one, known, AlertState::kResolved, now, out);
  known.active.reset();
  --one.active;
}

// "until max(2 × (the rule's longest reach + `for` + `keep_firing_for`), 1 h) after its newest t"
void BruteForce::forget(OneRule& one, Ms now, Out& out) {
  std::erase_if(one.known, [&](const auto& entry) {
    const Known& known = entry.second;
    if (known.always || now <= known.newest + one.kept) return false;
    if (!known.active) return true;
    --one.active;
    if (known.active->firing) say(one, known, AlertState::kResolved, now, out);
    return true;
  });
}

void BruteForce::overflow(OneRule& one, Ms now, Out& out) {
  if (!one.overflow || now - *one.refused < kFiveMinutes) return;
  out.push_back({"RuleOverflow", {{"rule", one.rule->name}, {"rule_group", one.group->name}},
                 AlertState::kResolved, now, *one.overflow, std::nullopt});
  one.overflow.reset();
}

void BruteForce::say(const OneRule& one, const Known& known, AlertState state, Ms at, Out& out) {
  out.push_back({one.rule->name, known.by, state, at, known.active->starts_at, known.active->value});
}

}  // namespace kcloud::rules::brute
