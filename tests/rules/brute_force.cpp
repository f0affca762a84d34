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
  for (const Step& step : rule.sequence) one.selectors.push_back(&step.selector);
  Ms reach = rule.within.count();
  if (rule.expr) {
    for_each(*rule.expr, [&](const Expr& part) {
      if (part.kind == Expr::Kind::kAggregate || part.kind == Expr::Kind::kEvent)
        one.selectors.push_back(&part.selector);
      if (is_event_condition(part)) one.event_condition = true;
    });
    one.eager = is_eager(*rule.expr);
    reach = brute::reach(*rule.expr);
  }
  one.kept = std::max(2 * reach, kHour) + rule.hold.count() + rule.keep_firing.count();
  if (rule.by.empty()) know(one, {}).always = true;
  for (const auto& expected : rule.expect) {
    std::vector<std::string> key;
    for (const std::string& name : rule.by) key.push_back(expected.at(name));
    know(one, key).always = true;
  }
  return one;
}

BruteForce::Known& BruteForce::know(OneRule& one, const std::vector<std::string>& key) {
  Known& known = one.known[key];
  known.by = labels_of(*one.rule, key);
  return known;
}

void BruteForce::begins(Ms t) {
  if (!begin_) begin_ = t;
}

// "The newest tick is the last one done; before the first it is the last multiple before begin."
Ms BruteForce::Ticks::newest(Ms begin) const {
  const Ms interval = group->interval.count();
  return done.value_or((begin - 1) / interval * interval);
}

void BruteForce::add(const core::Event& event, std::vector<Outcome>& out) {
  if (event.type != nullptr && event.type->reserved) return;
  ++arrived_;
  begins(time_of(event));
  for (Ticks& ticks : groups_)
    for (OneRule& one : ticks.rules) arrive(ticks, one, event, out);
}

// "An event that lies before every window of the rule as they stood at the newest tick"; for
// sequences "with a t ≤ the newest tick".
bool BruteForce::too_late(const Ticks& ticks, const OneRule& one, Ms t) const {
  const Ms newest = ticks.newest(*begin_);
  if (!one.rule->sequence.empty()) return t <= newest;
  const auto begins = horizon(*one.rule->expr, newest);
  return begins && t < *begins;
}

void BruteForce::arrive(Ticks& ticks, OneRule& one, const core::Event& event, Out& out) {
  const auto match = std::find_if(one.selectors.begin(), one.selectors.end(),
                                  [&](const Selector* s) { return matches(*s, event); });
  const Ms t = time_of(event);
  if (match == one.selectors.end() || too_late(ticks, one, t)) return;
  Known& known = know(one, key_of(**match, event));
  known.newest = known.hits.empty() ? t : std::max(known.newest, t);
  known.hits.push_back({t, arrived_, &event});
  if (one.eager || one.event_condition) evaluate_arrival(ticks, one, known, event, out);
}

void BruteForce::evaluate_arrival(const Ticks& ticks, OneRule& one, Known& known,
                                  const core::Event& event, Out& out) {
  const Expr& expr = *one.rule->expr;
  const Ms newest_tick = ticks.newest(*begin_);
  bool asked = one.eager && known.newest > newest_tick;
  for_each(expr, [&](const Expr& part) {
    if (is_event_condition(part) && matches(part.selector, event)) asked = true;
  });
  const View view{&known.hits, *begin_, std::max(known.newest, newest_tick), &event};
  if (!asked || condition(expr, view) != Truth::kTrue) return;
  // "An arrival does not make an alert active again at an a ≤ the startsAt of the group's alert
  // before."
  if (!known.active && known.last_start && known.newest <= *known.last_start) return;
  True how{known.newest, std::nullopt, view.now, false, left_of_first_comparison(expr, view)};
  if (is_true(one, known, how, out) && one.eager)
    known.held_until = std::max(known.held_until.value_or(0), buckets_over(expr, known.newest));
}

void BruteForce::advance(core::Time frontier, std::vector<Outcome>& out) {
  const Ms reached = core::to_nanos(frontier) / 1'000'000;
  begins(reached);
  if (frontier_ && *frontier_ >= reached) return;
  frontier_ = reached;
  for (Ticks& ticks : groups_) {
    const Ms interval = ticks.group->interval.count();
    const Ms until = reached - ticks.group->max_delay.count();
    // "begin < T"
    const Ms first = std::max(ticks.newest(*begin_), *begin_) / interval * interval + interval;
    for (Ms now = first; now <= until; now += interval) tick(ticks, now, out);
  }
}

void BruteForce::tick(Ticks& ticks, Ms now, Out& out) {
  for (OneRule& one : ticks.rules) {
    for (auto at = one.known.begin(); at != one.known.end();) {
      Known& known = at->second;
      const bool forgotten = !known.always && now - known.newest >= one.kept;
      if (forgotten) {
        end(one, known, now, out);
        at = one.known.erase(at);
      } else {
        evaluate_tick(ticks, one, known, now, out);
        ++at;
      }
    }
    end_overflow(one, now, out);
  }
  ticks.done = now;
}

void BruteForce::evaluate_tick(const Ticks& ticks, OneRule& one, Known& known, Ms now, Out& out) {
  const Rule& rule = *one.rule;
  if (!rule.sequence.empty())
    for (const Ms at : sequence_firings(rule, known.hits, now))
      if (at > ticks.newest(*begin_)) is_true(one, known, {at, std::nullopt, now, false, {}}, out);
  if (one.on_event()) return is_false(one, known, now, out);
  const View view{&known.hits, *begin_, now, nullptr};
  if (known.held_until && now < *known.held_until) {
    is_true(one, known, {now, now, now, true, {}}, out);
    return;
  }
  const Number value = left_of_first_comparison(*rule.expr, view);
  // "a bucket that holds its first t, in any window of the rule, is not over"
  const bool newcomer = !known.always && now < buckets_over(*rule.expr, *view.first_t());
  if (!newcomer && condition(*rule.expr, view) == Truth::kTrue) {
    is_true(one, known, {now, now, now, false, value}, out);
    return;
  }
  if (known.active) known.active->value = value;
  is_false(one, known, now, out);
}

bool BruteForce::is_true(OneRule& one, Known& known, const True& how, Out& out) {
  if (!known.active) {
    if (one.active >= one.group->limit) {
      refuse(one, how.told, out);
      return false;
    }
    known.active = Active{how.at, how.at, 0, false, 0, std::nullopt};
    ++one.active;
  }
  Active& active = *known.active;
  active.newest_true = std::max(active.newest_true, how.at);
  if (one.on_event())
    active.value = static_cast<double>(++active.times);
  else if (!how.keeps_value)
    active.value = how.value;
  const Ms hold = one.on_event() ? 0 : one.rule->hold.count();
  if (active.firing || (hold > 0 && (!how.tick || *how.tick - active.since < hold))) return true;
  active.firing = true;
  active.starts_at = how.at;
  known.last_start = how.at;
  say(one, known, AlertState::kFiring, how.at, out);
  return true;
}

void BruteForce::is_false(OneRule& one, Known& known, Ms now, Out& out) {
  if (!known.active) return;
  const Active& active = *known.active;
  const Ms since = now - active.newest_true;
  if (active.firing && (since <= 0 || since < one.rule->keep_firing.count())) return;
  end(one, known, now, out);
}

// One that is pending ends in silence.
void BruteForce::end(OneRule& one, Known& known, Ms now, Out& out) {
  if (!known.active) return;
  if (known.active->firing) say(one, known, AlertState::kResolved, now, out);
  known.active.reset();
  --one.active;
}

void BruteForce::refuse(OneRule& one, Ms at, Out& out) {
  const bool first = !one.overflow;
  if (first) one.overflow = Overflow{at, at, 0};
  one.overflow->newest = std::max(one.overflow->newest, at);
  ++one.overflow->refused;
  if (first)
    out.push_back({"RuleOverflow",
                   {{"rule", one.rule->name}, {"rule_group", one.group->name}},
                   AlertState::kFiring,
                   at,
                   at,
                   1});
}

void BruteForce::end_overflow(OneRule& one, Ms now, Out& out) {
  if (!one.overflow || now - one.overflow->newest < kFiveMinutes) return;
  out.push_back({"RuleOverflow",
                 {{"rule", one.rule->name}, {"rule_group", one.group->name}},
                 AlertState::kResolved,
                 now,
                 one.overflow->since,
                 static_cast<double>(one.overflow->refused)});
  one.overflow.reset();
}

void BruteForce::say(const OneRule& one, const Known& known, AlertState state, Ms at, Out& out) {
  out.push_back(
      {one.rule->name, known.by, state, at, known.active->starts_at, known.active->value});
}

}  // namespace kcloud::rules::brute
