#include <algorithm>

#include "rules/field.h"
#include "rules/filter_parser.h"
#include "rules/frontier.h"
#include "rules/state.h"

namespace kcloud::rules {

Ms RuleState::newest(std::uint32_t place) const {
  Ms newest = kLongAgo;
  for (std::size_t i = 0; i < feeds.size(); ++i)
    if (const std::uint32_t cell = cells[place * feeds.size() + i]; cell != kNoCell) {
      const Feed::Group& shared = feeds[i]->groups[cell];
      newest = std::max(newest, shared.apart ? groups[place].newest : shared.newest);
    }
  return newest;
}

std::uint64_t RuleState::arrivals(std::uint32_t place) const {
  std::uint64_t arrivals = 0;
  for (std::size_t i = 0; i < feeds.size(); ++i)
    if (const std::uint32_t cell = cells[place * feeds.size() + i]; cell != kNoCell)
      arrivals += feeds[i]->groups[cell].arrivals;
  return arrivals;
}

void Engine::Impl::begin_at(Ms t) {
  if (begin) return;
  begin = t;
  next_tick = kNever;
  for (TicksState& each : ticks) {
    each.begin_at(t);
    next_tick = std::min(next_tick, each.next() + each.delay);
  }
  ++epoch;
}

// What sequences saw of the past does not fire.
void Engine::Impl::end_filling() {
  filling = false;
  std::vector<SequenceGroup::Fired> past;
  for (const auto& rule : rules) {
    if (!rule->is_sequence() || !rule->fresh) continue;
    for (RuleGroup& group : rule->groups)
      if (group.sequence) group.sequence->run(*rule->steps, ticks_of(*rule).newest, past);
  }
}

void Engine::Impl::add(const core::Event& event, std::vector<Transition>& out) {
  if (event.type != nullptr && event.type->reserved) return;
  const Arrival arrival{&event, to_ms(effective_time(event)), ++events};
  if (effective_time(event) != event.time) ++future;
  begin_at(arrival.t);
  if (filling) end_filling();
  if (!orphans.empty()) resolve_orphans(arrival.t, out);
  if (event.type == nullptr) return;
  predicates.clear();
  index.find(event, predicates);
  arrived.clear();
  for (const std::uint32_t predicate : predicates)
    for (Feed* feed : of_predicate[predicate]) take(*feed, arrival);
  for (const std::uint32_t rule : arrived) arrive(*rules[rule], arrival, out);
}

void Engine::Impl::set_horizons(Feed& feed) {
  feed.horizon_epoch = epoch;
  feed.horizon = kNever;
  feed.strict_horizon = kLongAgo;
  for (const auto& series : feed.series) series->set_horizon(kNever);
  for (const Feed::User& user : feed.users) {
    RuleState& rule = *rules[user.rule];
    const Ms newest = ticks_of(rule).newest;
    rule.horizon = kLongAgo;
    if (newest != kLongAgo && rule.is_sequence()) rule.horizon = newest + 1;
    if (newest != kLongAgo && rule.program.has_windows) rule.horizon = kNever;
    for (const Use& use : rule.program.uses) {
      if (use.series == nullptr) continue;
      const Ms horizon = newest == kLongAgo ? kLongAgo : use.horizon(newest);
      if (use.window > 0) rule.horizon = std::min(rule.horizon, horizon);
      if (use.feed == user.place) use.series->lower_horizon(horizon);
    }
    feed.horizon = std::min(feed.horizon, rule.horizon);
    feed.strict_horizon = std::max(feed.strict_horizon, rule.horizon);
  }
}

void Engine::Impl::take(Feed& feed, const Arrival& arrival) {
  if (feed.horizon_epoch != epoch) set_horizons(feed);
  feed.matched = arrival.number;
  if (arrival.t < feed.horizon) {
    for (const Feed::User& user : feed.users) too_late(*rules[user.rule], arrival);
    return;
  }
  const std::uint32_t cell = cell_of(feed, arrival);
  if (cell == kNoCell) return;
  for (const auto& series : feed.series) series->add(cell, arrival);
  feed.note(cell, arrival);
  const Feed::Group& group = feed.groups[cell];
  if (group.told != epoch || arrival.t < group.first || group.apart)
    tell_rules(feed, cell, arrival);
  for (const std::size_t user : feed.on_arrival) {
    RuleState& rule = *rules[feed.users[user].rule];
    const std::uint32_t place = feed.link(cell, user);
    if (place == kNoCell || rule.arrived == arrival.number || arrival.t < rule.horizon) continue;
    rule.arrived = arrival.number;
    rule.arrived_in = place;
    arrived.push_back(rule.number);
  }
}

std::uint32_t Engine::Impl::cell_of(Feed& feed, const Arrival& arrival) {
  Keys& known = *feed.keys;
  if (known.event != arrival.number) {
    core::FieldValue common;
    std::string memory;
    std::string_view key;
    if (feed.by.size() == 1) key = text_of(value_of(*arrival.event, feed.by[0], common), memory);
    if (feed.by.size() > 1 || key.find('\0') != std::string_view::npos) {
      key_memory.clear();
      for (const FieldRef& field : feed.by)
        append_key(key_memory, text_of(value_of(*arrival.event, field, common), memory),
                   &field == feed.by.data());
      key = key_memory;
    }
    known.of_event = known.find(key);
    known.event = arrival.number;
    if (known.of_event == Keys::kNone) {
      known.event = 0;
      if (!has_room(feed, Keys::kNone)) return kNoCell;
      known.event = arrival.number;
      known.of_event = known.make(key);
    }
  }
  const std::uint32_t cell = feed.find(known.of_event);
  if (cell != kNoCell) return cell;
  return has_room(feed, known.of_event) ? feed.make(known.of_event) : kNoCell;
}

// Groups that a rule always knows have room.
bool Engine::Impl::has_room(const Feed& feed, std::uint32_t key) const {
  if (feed.size() < options.max_groups) return true;
  for (const Feed::User& user : feed.users) {
    RuleState& rule = *rules[user.rule];
    const std::uint32_t* place = key == Keys::kNone ? nullptr : rule.places.find(key);
    if (place != nullptr && rule.groups[*place].always) return true;
  }
  for (const Feed::User& user : feed.users) ++rules[user.rule]->left_out;
  return false;
}

void Engine::Impl::tell_rules(Feed& feed, std::uint32_t cell, const Arrival& arrival) {
  std::uint64_t told = epoch;
  Ms first = kLongAgo;
  for (std::size_t user = 0; user < feed.users.size(); ++user) {
    RuleState& rule = *rules[feed.users[user].rule];
    if (arrival.t < rule.horizon) {
      too_late(rule, arrival);
      told = 0;  // the next one may not be
      continue;
    }
    std::uint32_t place = feed.link(cell, user);
    if (place == kNoCell) {
      const std::uint32_t* found = rule.places.find(feed.groups[cell].key);
      place = found != nullptr ? *found : make_group(rule, feed.groups[cell].key);
      feed.link(cell, user) = place;
      rule.cell(place, feed.users[user].place) = cell;
    }
    RuleGroup& group = rule.groups[place];
    group.first = std::min(group.first, arrival.t);
    group.newest = std::max(group.newest, arrival.t);
    first = std::max(first, group.first);
    call_soon(rule, place);
  }
  Feed::Group& group = feed.groups[cell];
  group.told = told;
  group.first = first;
  if (told != 0 && arrival.t >= group.newest) group.apart = false;
}

void Engine::Impl::too_late(RuleState& rule, const Arrival& arrival) {
  if (rule.late_event != arrival.number) ++rule.late;
  rule.late_event = arrival.number;
  if (late_event != arrival.number) ++late;
  late_event = arrival.number;
}

std::uint32_t Engine::Impl::make_group(RuleState& rule, std::uint32_t key) {
  std::uint32_t place = 0;
  if (rule.free.empty()) {
    place = static_cast<std::uint32_t>(rule.groups.size());
    rule.groups.emplace_back();
    rule.cells.resize(rule.groups.size() * rule.feeds.size(), kNoCell);
  } else {
    place = rule.free.back();
    rule.free.pop_back();
  }
  RuleGroup& group = rule.groups[place];
  group.key = key;
  group.known = events;
  if (rule.is_sequence()) group.sequence = std::make_unique<SequenceGroup>();
  rule.keys->hold(key);
  rule.places[key] = place;
  link(rule, place);
  return place;
}

void Engine::Impl::link(RuleState& rule, std::uint32_t place) {
  for (std::size_t i = 0; i < rule.feeds.size(); ++i) {
    Feed& feed = *rule.feeds[i];
    const std::uint32_t cell = feed.find(rule.groups[place].key);
    rule.cell(place, i) = cell;
    if (cell == kNoCell) continue;
    for (std::size_t user = 0; user < feed.users.size(); ++user)
      if (feed.users[user].rule == rule.number) feed.link(cell, user) = place;
  }
}

void Engine::Impl::forget(RuleState& rule, std::uint32_t place) {
  for (std::size_t i = 0; i < rule.feeds.size(); ++i) {
    Feed& feed = *rule.feeds[i];
    const std::uint32_t cell = rule.cell(place, i);
    if (cell == kNoCell) continue;
    Feed::Group& group = feed.groups[cell];
    bool in_use = false;
    for (std::size_t user = 0; user < feed.users.size(); ++user) {
      std::uint32_t& other = feed.link(cell, user);
      if (feed.users[user].rule == rule.number) other = kNoCell;
      if (other == kNoCell) continue;
      in_use = true;
      RuleGroup& theirs = rules[feed.users[user].rule]->groups[other];
      if (!group.apart) theirs.newest = std::max(theirs.newest, group.newest);
    }
    group.told = 0;
    group.apart = true;
    if (!in_use) feed.remove(cell);
  }
  rule.places.erase(rule.groups[place].key);
  rule.keys->release(rule.groups[place].key);
  rule.groups[place] = {};
  rule.free.push_back(place);
}

void Engine::Impl::arrive(RuleState& rule, const Arrival& arrival, std::vector<Transition>& out) {
  if (rule.is_sequence()) return arrive_in_sequence(rule, arrival);
  const std::uint32_t place = rule.arrived_in;
  const Ms newest_tick = ticks_of(rule).newest;
  const Ms newest = rule.newest(place);
  const auto triggers = [&](std::size_t feed) {
    return rule.feeds[feed]->matched == arrival.number;
  };
  if (rule.program.eager
          ? newest <= newest_tick
          : std::none_of(rule.trigger_feeds.begin(), rule.trigger_feeds.end(), triggers))
    return;
  Moment moment = moment_of(rule, place, std::max(newest, newest_tick));
  moment.event = arrival.number;
  const auto values = evaluator.run(rule.program, moment, rule.cells_of(place));
  if (values.back().is_true()) hold_true(rule, place, {newest, &arrival, values, nullptr}, out);
}

void Engine::Impl::arrive_in_sequence(RuleState& rule, const Arrival& arrival) {
  SequenceGroup::Event event{arrival.t, arrival.number, 0, arrival.event->id, {}};
  for (std::size_t step = 0; step < rule.step_feeds.size() && step < 64; ++step)
    if (rule.feeds[rule.step_feeds[step]]->matched == arrival.number)
      event.steps |= std::uint64_t{1} << step;
  core::FieldValue common;
  std::string memory;
  for (const std::string& name : rule.shown) {
    const auto field = find_field(*arrival.event->type, name);
    event.texts.emplace_back(field ? shown_text(*arrival.event, *field, common, memory)
                                   : std::string_view());
  }
  if (!rule.groups[rule.arrived_in].sequence->add(std::move(event))) ++rule.left_out;
}

void Engine::Impl::fill(const core::Event& event) {
  if (!filling || event.type == nullptr || event.type->reserved) return;
  const Arrival arrival{&event, to_ms(effective_time(event)), ++events};
  predicates.clear();
  index.find(event, predicates);
  arrived.clear();
  for (const std::uint32_t predicate : predicates)
    for (Feed* feed : of_predicate[predicate]) take_past(*feed, arrival);
  for (const std::uint32_t rule : arrived) arrive_in_sequence(*rules[rule], arrival);
}

void Engine::Impl::take_past(Feed& feed, const Arrival& arrival) {
  if (feed.horizon_epoch != epoch) set_horizons(feed);
  feed.matched = arrival.number;
  bool wanted = false;
  for (const Feed::User& user : feed.users) {
    const RuleState& rule = *rules[user.rule];
    wanted |= rule.fresh && (rule.is_sequence() || arrival.t >= rule.horizon);
  }
  for (const auto& series : feed.series) wanted |= series->fresh;
  if (!wanted) return;
  const std::uint32_t cell = cell_of(feed, arrival);
  if (cell == kNoCell) return;
  for (const auto& series : feed.series)
    if (series->fresh) series->add(cell, arrival);
  if (feed.fresh) feed.note(cell, arrival);
  bool in_use = false;
  for (std::size_t user = 0; user < feed.users.size(); ++user) {
    RuleState& rule = *rules[feed.users[user].rule];
    std::uint32_t& link = feed.link(cell, user);
    const std::uint32_t* known = rule.places.find(feed.groups[cell].key);
    if (rule.fresh || known != nullptr) {
      link = known != nullptr ? *known : make_group(rule, feed.groups[cell].key);
      rule.cell(link, feed.users[user].place) = cell;
      in_use = true;
    }
    if (!rule.fresh) continue;
    rule.groups[link].first = std::min(rule.groups[link].first, arrival.t);
    call_soon(rule, link);
    if (!rule.is_sequence() || rule.arrived == arrival.number) continue;
    rule.arrived = arrival.number;
    rule.arrived_in = link;
    arrived.push_back(rule.number);
  }
  if (!in_use) feed.remove(cell);
}

}  // namespace kcloud::rules
