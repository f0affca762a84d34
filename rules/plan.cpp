#include <algorithm>

#include "rules/canonical.h"
#include "rules/filter_parser.h"
#include "rules/state.h"

namespace kcloud::rules {
namespace {

constexpr Ms kLeastKept = 3'600'000;

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += name + ",";
  return out;
}

}  // namespace

Engine::Impl::Impl(std::shared_ptr<const RuleSet> rule_set, const EngineOptions& engine_options)
    : set(std::move(rule_set)), options(engine_options) {
  for (const Group& group : set->groups) {
    TicksState state;
    state.group = &group;
    state.interval = std::max<Ms>(1, group.interval.count());
    state.delay = group.max_delay.count();
    ticks.push_back(std::move(state));
    for (const Rule& rule : group.rules)
      if (rule.enabled) plan_rule(static_cast<std::uint32_t>(ticks.size() - 1), rule);
  }
  index.build();
  for (const auto& rule : rules) plan_users(*rule);
  for (const auto& rule : rules) plan_expected(*rule);
}

void Engine::Impl::plan_rule(std::uint32_t ticks_number, const Rule& rule) {
  auto made = std::make_unique<RuleState>();
  RuleState& state = *made;
  state.number = static_cast<std::uint32_t>(rules.size());
  state.ticks = ticks_number;
  state.group = ticks[ticks_number].group;
  state.rule = &rule;
  state.identity = rule.name + "\n" + joined(rule.by);
  auto& shared_keys = keys[joined(rule.by)];
  if (!shared_keys) shared_keys = std::make_unique<Keys>();
  state.keys = shared_keys.get();
  Ms reach = rule.within.count();
  if (rule.expr) {
    state.program = compile(*rule.expr);
    reach = state.program.reach;
    for (Use& use : state.program.uses) {
      use.feed = plan_feed(state, use.expr->selector);
      Feed& feed = *state.feeds[use.feed];
      use.matched = &feed.matched;
      if (is_event_condition(*use.expr)) state.trigger_feeds.push_back(use.feed);
      if (use.expr->kind == Expr::Kind::kAggregate)
        use.series = &feed.series_for(*use.expr, options.max_values);
    }
  } else {
    state.steps.emplace(rule);
    for (const Step& step : rule.sequence)
      state.step_feeds.push_back(plan_feed(state, step.selector));
  }
  state.kept = std::max(2 * reach, kLeastKept) + rule.hold.count() + rule.keep_firing.count();
  plan_shown(state);
  ticks[ticks_number].rules.push_back(state.number);
  rules.push_back(std::move(made));
}

std::size_t Engine::Impl::plan_feed(RuleState& state, const Selector& selector) {
  std::string text =
      selector.type->name + "{" + canonical(selector.filter) + "} by " + joined(state.rule->by);
  Feed*& feed = feed_by_text[text];
  if (feed == nullptr) {
    feeds.push_back(std::make_unique<Feed>());
    feed = feeds.back().get();
    feed->text = std::move(text);
    feed->by = selector.by;
    feed->keys = state.keys;
    const std::uint32_t predicate = index.add(*selector.type, selector.filter);
    if (of_predicate.size() <= predicate) of_predicate.resize(predicate + 1);
    of_predicate[predicate].push_back(feed);
    feed->type = selector.type;
  }
  const auto found = std::find(state.feeds.begin(), state.feeds.end(), feed);
  if (found == state.feeds.end()) {
    state.feeds.push_back(feed);
    return state.feeds.size() - 1;
  }
  return static_cast<std::size_t>(found - state.feeds.begin());
}

void Engine::Impl::plan_shown(RuleState& state) const {
  const auto add = [&](const Templates& templates) {
    for (const auto& [name, text] : templates)
      for (const Template::Part& part : text.parts)
        if (part.from == Template::Part::From::kEventField) state.shown.push_back(part.text);
  };
  add(state.rule->labels);
  add(state.rule->annotations);
  std::sort(state.shown.begin(), state.shown.end());
  state.shown.erase(std::unique(state.shown.begin(), state.shown.end()), state.shown.end());
}

void Engine::Impl::plan_users(RuleState& state) {
  for (std::size_t place = 0; place < state.feeds.size(); ++place) {
    Feed& feed = *state.feeds[place];
    if (state.on_event() || state.program.eager) feed.on_arrival.push_back(feed.users.size());
    feed.users.push_back({state.number, place});
    if (state.on_event()) continue;
    feed.keeps_evidence = true;
    for (const std::string& name : state.shown) {
      const auto same = [&](const auto& shown) { return shown.first == name; };
      if (std::none_of(feed.shown.begin(), feed.shown.end(), same))
        feed.shown.emplace_back(name, find_field(*feed.type, name));
    }
  }
}

void Engine::Impl::plan_expected(RuleState& state) {
  const Rule& rule = *state.rule;
  auto expected = rule.expect;
  if (rule.by.empty()) expected.assign(1, {});
  for (const auto& values : expected) {
    key_memory.clear();
    for (std::size_t i = 0; i < rule.by.size(); ++i) {
      const auto value = values.find(rule.by[i]);
      append_key(key_memory, value == values.end() ? std::string() : value->second, i == 0);
    }
    const std::uint32_t key = state.keys->make(key_memory);
    if (state.places.find(key) != nullptr) continue;
    const std::uint32_t place = make_group(state, key);
    state.groups[place].always = true;
    call_soon(state, place);
  }
}

}  // namespace kcloud::rules
