#include <algorithm>

#include "rules/state.h"

namespace kcloud::rules {
namespace {

// The first tick at or after `time`.
Ms tick_from(Ms time, Ms interval) { return -floor_div(-time, interval) * interval; }

// When a group of rules has something to do; kNever: nothing without a further event.
Ms next_due(const TicksState& ticks) {
  if (ticks.agenda.has_soon()) return ticks.next();
  const Ms earliest = ticks.agenda.earliest();
  if (earliest == kNever) return kNever;
  return std::max(tick_from(earliest, ticks.interval), ticks.next());
}

}  // namespace

void Engine::Impl::advance(Ms frontier, std::vector<Transition>& out) {
  begin_at(frontier);
  if (filling) end_filling();
  if (!orphans.empty()) resolve_orphans(frontier, out);
  if (frontier <= reached) return;
  reached = frontier;
  if (frontier < next_tick) return;
  const auto last = [&](const TicksState& each) {
    return floor_div(frontier - each.delay, each.interval) * each.interval;
  };
  for (;;) {
    TicksState* first = nullptr;
    Ms now = kNever;
    for (TicksState& each : ticks) {
      const Ms due = next_due(each);
      if (due >= now || due > last(each)) continue;
      first = &each;
      now = due;
    }
    if (first == nullptr) break;
    tick(*first, now, out);
  }
  next_tick = kNever;
  for (TicksState& each : ticks) {
    each.done_until(frontier - each.delay);
    next_tick = std::min(next_tick, each.next() + each.delay);
  }
  ++epoch;
}

void Engine::Impl::tick(TicksState& each, Ms now, std::vector<Transition>& out) {
  each.newest = now;
  ++epoch;
  each.agenda.take(now, due_rules);
  std::sort(due_rules.begin(), due_rules.end());
  due_rules.erase(std::unique(due_rules.begin(), due_rules.end()), due_rules.end());
  for (const std::uint32_t number : due_rules) {
    RuleState& rule = *rules[number];
    rule.soon = false;
    if (rule.later <= now) rule.later = kNever;
    tick_rule(rule, now, out);
    put_off_rule(rule);
  }
}

void Engine::Impl::tick_rule(RuleState& rule, Ms now, std::vector<Transition>& out) {
  rule.agenda.take(now, due_groups);
  decided.clear();
  for (const std::uint32_t place : due_groups) {
    RuleGroup& group = rule.groups[place];
    if (!group.soon && group.later > now) continue;  // had its turn, or was put off since
    group.soon = false;
    if (group.later <= now) group.later = kNever;
    if (group.key == Keys::kNone) continue;
    if (is_quiet(rule, place, now))
      put_off(rule, place, now);
    else
      decided.push_back(place);
  }
  std::sort(decided.begin(), decided.end(), [&](std::uint32_t a, std::uint32_t b) {
    return rule.keys->text(rule.groups[a].key) < rule.keys->text(rule.groups[b].key);
  });
  for (const std::uint32_t place : decided) decide(rule, place, now, out);
  if (rule.overflow && now - rule.overflow->newest >= kOverflowTime)
    end_overflow(rule, now, "condition", out);
}

// Whether the tick changes nothing in it but what it was last.
bool Engine::Impl::is_quiet(RuleState& rule, std::uint32_t place, Ms now) {
  RuleGroup& group = rule.groups[place];
  if (group.alert || rule.is_sequence() || is_forgotten(rule, place, now)) return false;
  if (!rule.on_event() && !is_newcomer(rule, group, now)) {
    const Moment moment = moment_of(rule, place, now);
    if (evaluator.run(rule.program, moment, rule.cells_of(place)).back().is_true()) return false;
  }
  group.was_true = false;
  return true;
}

void Engine::Impl::decide(RuleState& rule, std::uint32_t place, Ms now,
                          std::vector<Transition>& out) {
  RuleGroup& group = rule.groups[place];
  if (is_forgotten(rule, place, now)) {
    end_alert(rule, place, now, rule.on_event() ? "condition" : "group forgotten", out);
    return forget(rule, place);
  }
  if (group.alert && group.was_true)
    group.alert->newest_true = std::max(group.alert->newest_true, now - ticks_of(rule).interval);
  if (rule.is_sequence()) run_sequence(rule, place, now, out);
  Judgement judgement{now, nullptr, {}, nullptr};
  bool is_true = !rule.on_event() && now < group.held_until;
  if (!rule.on_event() && !is_true) {
    judgement.values =
        evaluator.run(rule.program, moment_of(rule, place, now), rule.cells_of(place));
    is_true = judgement.values.back().is_true() && !is_newcomer(rule, group, now);
  }
  group.was_true = is_true;
  if (is_true)
    hold_true(rule, place, judgement, out);
  else
    hold_false(rule, place, judgement, out);
  put_off(rule, place, now);
}

void Engine::Impl::run_sequence(RuleState& rule, std::uint32_t place, Ms now,
                                std::vector<Transition>& out) {
  std::vector<SequenceGroup::Fired> fired;
  rule.groups[place].sequence->run(*rule.steps, now, fired);
  for (const SequenceGroup::Fired& each : fired)
    hold_true(rule, place, {each.at, nullptr, {}, &each}, out);
}

bool Engine::Impl::is_forgotten(const RuleState& rule, std::uint32_t place, Ms now) const {
  if (rule.groups[place].always) return false;
  const Ms newest = rule.newest(place);
  return newest == kLongAgo || now - newest >= rule.kept;
}

// Its first event lies in a bucket that is not over.
bool Engine::Impl::is_newcomer(const RuleState& rule, const RuleGroup& group, Ms now) const {
  return !group.always && group.first != kNever && now < buckets_over(rule.program, group.first);
}

Moment Engine::Impl::moment_of(const RuleState& rule, std::uint32_t place, Ms now) const {
  const RuleGroup& group = rule.groups[place];
  return {now, begin.value_or(now), group.first, rule.newest(place), 0, group.known};
}

Ms Engine::Impl::due(const RuleState& rule, std::uint32_t place, Ms now) const {
  const RuleGroup& group = rule.groups[place];
  Ms due = kNever;
  const auto by = [&](Ms time) { due = std::min(due, std::max(time, now + 1)); };
  if (!group.always) {
    const Ms newest = rule.newest(place);
    by(newest == kLongAgo ? now : newest + rule.kept);
  }
  if (rule.is_sequence()) {
    if (const Ms next = group.sequence->due(*rule.steps); next != kNever) by(next);
  } else if (!rule.on_event()) {
    const Ms next_tick_after = now + ticks_of(rule).interval;
    by(ChangeFinder().next(rule.program, moment_of(rule, place, now), rule.cells_of(place),
                           next_tick_after));
    if (now < group.held_until) by(group.held_until);
    if (is_newcomer(rule, group, now)) by(buckets_over(rule.program, group.first));
  }
  if (!group.alert) {
    if (group.was_true) by(now);  // refused: tries again
  } else if (!group.alert->firing) {
    by(group.alert->since + rule.rule->hold.count());
  } else if (!group.was_true) {
    by(group.alert->newest_true + rule.rule->keep_firing.count());
  }
  return due;
}

void Engine::Impl::put_off(RuleState& rule, std::uint32_t place, Ms now) {
  RuleGroup& group = rule.groups[place];
  const Ms time = due(rule, place, now);
  if (time <= now + ticks_of(rule).interval) return call_soon(rule, place);
  if (time >= group.later) return;
  group.later = time;
  rule.agenda.later(time, place);
}

void Engine::Impl::call_soon(RuleState& rule, std::uint32_t place) {
  RuleGroup& group = rule.groups[place];
  if (!group.soon) rule.agenda.soon(place);
  group.soon = true;
  if (!rule.soon) ticks_of(rule).agenda.soon(rule.number);
  rule.soon = true;
}

void Engine::Impl::put_off_rule(RuleState& rule) {
  Ms time = rule.agenda.earliest();
  if (rule.overflow) time = std::min(time, rule.overflow->newest + kOverflowTime);
  if (time >= rule.later) return;
  rule.later = time;
  ticks_of(rule).agenda.later(time, rule.number);
}

}  // namespace kcloud::rules
