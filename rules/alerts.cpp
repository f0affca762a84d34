#include <algorithm>
#include <utility>

#include "core/hex.h"
#include "core/utf8.h"
#include "rules/field.h"
#include "rules/filter_parser.h"
#include "rules/render.h"
#include "rules/state.h"

namespace kcloud::rules {
namespace {

constexpr std::size_t kMostLabel = 1024;  // as of a severity

std::string fingerprint_of(const std::string& rule, const Labels& by) {
  std::string bytes;
  const auto add = [&](const std::string& text) {
    bytes += std::to_string(text.size()) + ":" + text;
  };
  add(rule);
  for (const auto& [name, value] : by) add(name), add(value);
  const core::Sha256 digest = core::sha256(bytes);
  return core::to_hex(digest).substr(0, 16);
}

void keep(std::vector<core::EventId>& evidence, const core::EventId& id) {
  if (evidence.size() == Evidence::kMost) evidence.erase(evidence.begin());
  evidence.push_back(id);
}

// The newest events of a rule's group, of all its feeds; newest last.
std::vector<core::EventId> newest_events(const RuleState& rule, std::uint32_t place) {
  std::vector<Evidence::Item> items;
  for (std::size_t i = 0; i < rule.feeds.size(); ++i) {
    const std::uint32_t cell = rule.cells_of(place)[i];
    if (cell == kNoCell || !rule.feeds[i]->keeps_evidence) continue;
    const Evidence& evidence = rule.feeds[i]->evidence[cell];
    for (std::size_t n = 0; n < evidence.size(); ++n) items.push_back(evidence[n]);
  }
  const auto number = [](const auto& a, const auto& b) { return a.number < b.number; };
  const auto same = [](const auto& a, const auto& b) { return a.number == b.number; };
  std::sort(items.begin(), items.end(), number);
  items.erase(std::unique(items.begin(), items.end(), same), items.end());
  if (items.size() > Evidence::kMost) items.erase(items.begin(), items.end() - Evidence::kMost);
  std::vector<core::EventId> ids;
  ids.reserve(items.size());
  for (const Evidence::Item& item : items) ids.push_back(item.id);
  return ids;
}

// The fields that templates name, of the newest event of the rule's group.
EventTexts newest_texts(const RuleState& rule, std::uint32_t place) {
  EventTexts texts;
  std::uint64_t newest = 0;
  for (std::size_t i = 0; i < rule.feeds.size() && !rule.shown.empty(); ++i) {
    const Feed& feed = *rule.feeds[i];
    const std::uint32_t cell = rule.cells_of(place)[i];
    if (cell == kNoCell || feed.evidence[cell].size() == 0) continue;
    const Evidence& evidence = feed.evidence[cell];
    if (evidence[evidence.size() - 1].number <= newest) continue;
    newest = evidence[evidence.size() - 1].number;
    texts.clear();
    for (std::size_t n = 0; n < feed.texts[cell].size(); ++n)
      texts.emplace(feed.shown[n].first, feed.texts[cell][n]);
  }
  return texts;
}

EventTexts texts_of(const RuleState& rule, const core::Event& event) {
  EventTexts texts;
  core::FieldValue common;
  std::string memory;
  for (const std::string& name : rule.shown)
    if (const auto field = find_field(*event.type, name))
      texts.emplace(name, shown_text(event, *field, common, memory));
  return texts;
}

std::optional<double> compared_value(const Program& program, std::span<const Result> values) {
  if (program.compared < 0) return std::nullopt;
  const Result& value = values[static_cast<std::size_t>(program.compared)];
  return value.missing == Missing::kNo ? std::optional(value.number) : std::nullopt;
}

std::vector<SubValue> explained(const Program& program, const std::vector<Result>& values) {
  std::vector<SubValue> out;
  for (std::size_t i = 0; i < values.size() && values.size() == program.nodes.size(); ++i) {
    const Expr& expr = *program.nodes[i].expr;
    if (expr.kind == Expr::Kind::kNumber) continue;
    const bool there = values[i].missing == Missing::kNo;
    out.push_back({expr.text, there ? std::optional(values[i].number) : std::nullopt,
                   std::string(to_string(values[i].missing))});
  }
  return out;
}

}  // namespace

std::string_view to_string(AlertState state) {
  switch (state) {
    case AlertState::kPending:
      return "pending";
    case AlertState::kFiring:
      return "firing";
    case AlertState::kResolved:
      return "resolved";
  }
  return {};
}

void Engine::Impl::hold_true(RuleState& rule, std::uint32_t place, const Judgement& judgement,
                             std::vector<Transition>& out) {
  RuleGroup& group = rule.groups[place];
  const Ms at = judgement.at;
  const bool arrives = judgement.arrival != nullptr;
  if (!group.alert) {
    if (arrives && at <= group.last_start) return;
    if (rule.alerts >= rule.group->limit)
      return refuse(rule, std::max(at, ticks_of(rule).newest), out);
    ++rule.alerts;
    group.alert = std::make_unique<ActiveAlert>();
    group.alert->since = group.alert->newest_true = at;
    group.alert->arrivals = rule.arrivals(place) - newest_events(rule, place).size();
  }
  ActiveAlert& alert = *group.alert;
  alert.newest_true = std::max(alert.newest_true, at);
  if (!judgement.values.empty()) {
    alert.why.assign(judgement.values.begin(), judgement.values.end());
    alert.value = compared_value(rule.program, judgement.values);
  }
  if (rule.on_event()) {
    alert.value = static_cast<double>(++alert.events);
    if (arrives) {
      keep(alert.evidence, judgement.arrival->event->id);
      alert.event = texts_of(rule, *judgement.arrival->event);
    } else {
      for (const core::EventId& id : judgement.fired->events) keep(alert.evidence, id);
      alert.event.clear();
      for (std::size_t i = 0; i < judgement.fired->texts.size() && i < rule.shown.size(); ++i)
        alert.event.emplace(rule.shown[i], judgement.fired->texts[i]);
    }
  } else if (arrives) {
    group.held_until = std::max(group.held_until, buckets_over(rule.program, at));
  }
  const Ms hold = rule.on_event() ? 0 : rule.rule->hold.count();
  if (alert.firing || (hold > 0 && (arrives || at - alert.since < hold))) return;
  alert.firing = true;
  alert.starts_at = group.last_start = at;
  render_texts(rule, place, alert);
  out.push_back({alert_of(rule, place), AlertState::kPending, to_time(at), {}});
}

void Engine::Impl::hold_false(RuleState& rule, std::uint32_t place, const Judgement& judgement,
                              std::vector<Transition>& out) {
  RuleGroup& group = rule.groups[place];
  if (!group.alert) return;
  ActiveAlert& alert = *group.alert;
  if (!alert.firing) return end_alert(rule, place, judgement.at, {}, out);
  if (!judgement.values.empty()) {
    alert.why.assign(judgement.values.begin(), judgement.values.end());
    alert.value = compared_value(rule.program, judgement.values);
  }
  if (judgement.at > alert.newest_true &&
      judgement.at - alert.newest_true >= rule.rule->keep_firing.count())
    end_alert(rule, place, judgement.at, "condition", out);
}

// A pending one ends in silence.
void Engine::Impl::end_alert(RuleState& rule, std::uint32_t place, Ms at, std::string_view reason,
                             std::vector<Transition>& out) {
  RuleGroup& group = rule.groups[place];
  if (!group.alert) return;
  if (group.alert->firing) {
    render_texts(rule, place, *group.alert);
    Alert alert = alert_of(rule, place);
    alert.state = AlertState::kResolved;
    alert.ends_at = to_time(at);
    out.push_back({std::move(alert), AlertState::kFiring, to_time(at), std::string(reason)});
  }
  group.alert.reset();
  --rule.alerts;
}

void Engine::Impl::refuse(RuleState& rule, Ms at, std::vector<Transition>& out) {
  ++rule.refused;
  const bool first = !rule.overflow;
  if (first) rule.overflow = Overflow{at, at, 0};
  ++rule.overflow->refused;
  rule.overflow->newest = std::max(rule.overflow->newest, at);
  if (!first) return;
  out.push_back({overflow_alert(rule), AlertState::kPending, to_time(at), {}});
  put_off_rule(rule);
}

void Engine::Impl::end_overflow(RuleState& rule, Ms at, std::string_view reason,
                                std::vector<Transition>& out) {
  Alert alert = overflow_alert(rule);
  alert.state = AlertState::kResolved;
  alert.ends_at = to_time(at);
  out.push_back({std::move(alert), AlertState::kFiring, to_time(at), std::string(reason)});
  rule.overflow.reset();
}

Alert Engine::Impl::overflow_alert(const RuleState& rule) {
  Alert alert;
  alert.rule = kOverflowAlert;
  alert.group = rule.group->name;
  alert.file = rule.group->file;
  alert.by = {{"rule", rule.rule->name}, {"rule_group", rule.group->name}};
  alert.fingerprint = fingerprint_of(alert.rule, alert.by);
  alert.labels = alert.by;
  alert.labels["alertname"] = alert.rule;
  alert.state = AlertState::kFiring;
  alert.active_since = alert.starts_at = to_time(rule.overflow->since);
  alert.count = rule.overflow->refused;
  alert.value = static_cast<double>(alert.count);
  return alert;
}

// Labels stay as they were when it fired.
void Engine::Impl::render_texts(const RuleState& rule, std::uint32_t place,
                                ActiveAlert& alert) const {
  if (!rule.on_event()) alert.event = newest_texts(rule, place);
  const Alert plain = alert_of(rule, place);
  if (alert.labels.empty()) {
    for (const auto& [name, text] : rule.rule->labels)
      alert.labels[name] = core::utf8_prefix(
          render(text, {plain.labels, plain.value, plain.count, alert.event}), kMostLabel);
    for (const auto& [name, value] : plain.labels) alert.labels[name] = value;
  }
  alert.annotations.clear();
  for (const auto& [name, text] : rule.rule->annotations)
    alert.annotations[name] = render(text, {alert.labels, plain.value, plain.count, alert.event});
}

Alert Engine::Impl::alert_of(const RuleState& rule, std::uint32_t place) const {
  const RuleGroup& group = rule.groups[place];
  const ActiveAlert& active = *group.alert;
  Alert alert;
  alert.rule = rule.rule->name;
  alert.group = rule.group->name;
  alert.file = rule.group->file;
  const std::vector<std::string> values = split_key(rule.keys->text(group.key));
  for (std::size_t i = 0; i < rule.rule->by.size() && i < values.size(); ++i)
    alert.by[rule.rule->by[i]] = values[i];
  alert.fingerprint = fingerprint_of(alert.rule, alert.by);
  alert.labels = active.labels;
  if (alert.labels.empty()) {
    alert.labels = alert.by;
    alert.labels["alertname"] = alert.rule;
  }
  alert.annotations = active.annotations;
  alert.state = active.firing ? AlertState::kFiring : AlertState::kPending;
  alert.active_since = to_time(active.since);
  alert.starts_at = to_time(active.starts_at);
  alert.value = active.value;
  alert.count = rule.on_event() ? active.events : rule.arrivals(place) - active.arrivals;
  alert.evidence = rule.on_event() ? active.evidence : newest_events(rule, place);
  alert.why = explained(rule.program, active.why);
  return alert;
}

void Engine::Impl::resolve_orphans(Ms at, std::vector<Transition>& out) {
  for (Alert& alert : orphans) {
    const auto lives = [&](const auto& rule) { return rule->rule->name == alert.rule; };
    const bool changed = std::any_of(rules.begin(), rules.end(), lives);
    alert.state = AlertState::kResolved;
    alert.ends_at = to_time(at);
    out.push_back({std::move(alert), AlertState::kFiring, to_time(at),
                   changed ? "rule changed" : "rule removed"});
  }
  orphans.clear();
}

}  // namespace kcloud::rules
