#include "rules/snapshot.h"

#include <algorithm>
#include <utility>

#include "core/hash.h"
#include "rules/snapshot_parts.h"

namespace kcloud::rules {
namespace {

constexpr std::string_view kMagic = "kcloud-rules\n";
constexpr std::uint64_t kVersion = 1;
constexpr std::size_t kAny = ~std::size_t{0};

// What a sequence waits for: with other steps its state means nothing.
std::string steps_text(const RuleState& rule) {
  std::string text;
  for (std::size_t i = 0; i < rule.step_feeds.size(); ++i)
    text += (rule.rule->sequence[i].negated ? "not " : "") + rule.feeds[rule.step_feeds[i]]->text +
            "\n";
  return text;
}

void write_group(ByteWriter& out, const RuleState& rule, const RuleGroup& group) {
  out.text(rule.keys->text(group.key));
  out.flag(group.was_true);
  out.time(group.first);
  out.time(group.newest);
  out.time(group.held_until);
  out.time(group.last_start);
  out.count(group.known);
  ByteWriter sequence;
  if (group.sequence) group.sequence->write(sequence);
  out.text(sequence.bytes());
  out.flag(group.alert != nullptr);
  if (group.alert) write_active(out, *group.alert);
}

void write_rule(ByteWriter& out, const RuleState& rule) {
  out.text(steps_text(rule));
  for (const std::uint64_t number : {rule.refused, rule.late, rule.left_out}) out.count(number);
  out.flag(rule.overflow.has_value());
  if (rule.overflow) {
    out.time(rule.overflow->since);
    out.time(rule.overflow->newest);
    out.count(rule.overflow->refused);
  }
  out.count(rule.places.size());
  for (const RuleGroup& group : rule.groups)
    if (group.key != Keys::kNone) write_group(out, rule, group);
}

std::vector<Alert> read_alerts(std::string_view bytes, ByteReader& outer) {
  ByteReader in(bytes);
  std::vector<Alert> alerts;
  for (std::size_t left = in.size(kAny); left > 0 && in.ok(); --left)
    alerts.push_back(read_alert(in));
  if (!in.at_end()) outer.fail();
  return alerts;
}

}  // namespace

std::string sealed(std::string_view content) {
  ByteWriter head;
  head.count(kVersion);
  head.text(content);
  std::string bytes = std::string(kMagic) + head.bytes();
  ByteWriter checksum;
  checksum.fixed(core::hash_of(bytes));
  return bytes + checksum.bytes();
}

std::optional<std::string_view> unsealed(std::string_view bytes) {
  if (bytes.size() < kMagic.size() + 8 || !bytes.starts_with(kMagic)) return std::nullopt;
  ByteReader checksum(bytes.substr(bytes.size() - 8));
  bytes.remove_suffix(8);
  if (checksum.fixed() != core::hash_of(bytes)) return std::nullopt;
  ByteReader in(bytes.substr(kMagic.size()));
  if (in.count() != kVersion) return std::nullopt;
  const std::string_view content = in.text();
  return in.at_end() ? std::optional(content) : std::nullopt;
}

std::string Engine::Impl::snapshot() const {
  ByteWriter out;
  ByteWriter part;
  out.time(begin.value_or(kNever));
  out.time(reached);
  for (const std::uint64_t number : {events, late, future}) out.count(number);
  out.count(ticks.size());
  for (const TicksState& each : ticks) {
    out.text(each.group->name);
    out.time(each.newest);
  }
  out.count(feeds.size());
  for (const auto& feed : feeds) {
    part.clear();
    write_feed(part, *feed);
    out.text(feed->text);
    out.text(part.bytes());
  }
  out.count(rules.size());
  for (const auto& rule : rules) {
    out.text(rule->identity);
    part.clear();
    part.count(rule->alerts + (rule->overflow ? 1 : 0));
    for (std::uint32_t place = 0; place < rule->groups.size(); ++place)
      if (rule->groups[place].alert) write_alert(part, alert_of(*rule, place));
    if (rule->overflow) write_alert(part, overflow_alert(*rule));
    out.text(part.bytes());
    part.clear();
    write_rule(part, *rule);
    out.text(part.bytes());
  }
  out.count(orphans.size());
  for (const Alert& alert : orphans) write_alert(out, alert);
  return sealed(out.bytes());
}

bool Engine::Impl::restore(std::string_view snapshot) {
  const auto content = unsealed(snapshot);
  if (!content) return false;
  ByteReader in(*content);
  if (const Ms begun = in.time(); begun != kNever) begin = begun;
  reached = in.time();
  events = in.count();
  late = in.count();
  future = in.count();
  std::map<std::string, Ms, std::less<>> newest_ticks;
  for (std::size_t left = in.size(kAny); left > 0 && in.ok(); --left) {
    std::string name(in.text());
    newest_ticks[std::move(name)] = in.time();
  }
  restore_ticks(newest_ticks);
  for (std::size_t left = in.size(kAny); left > 0 && in.ok(); --left) {
    const auto feed = feed_by_text.find(in.text());
    ByteReader part(in.text());
    if (feed == feed_by_text.end()) continue;
    read_feed(part, *feed->second);
    if (!part.at_end()) in.fail();
  }
  for (std::size_t left = in.size(kAny); left > 0 && in.ok(); --left) {
    const std::string_view identity = in.text();
    std::vector<Alert> alerts = read_alerts(in.text(), in);
    ByteReader part(in.text());
    const auto same = [&](const auto& rule) { return rule->identity == identity; };
    const auto rule = std::find_if(rules.begin(), rules.end(), same);
    if (rule != rules.end() && (*rule)->fresh) {
      restore_rule(**rule, std::move(alerts), part);
      if (!part.at_end()) in.fail();
      continue;
    }
    for (Alert& alert : alerts)
      if (alert.state == AlertState::kFiring) orphans.push_back(std::move(alert));
  }
  for (std::size_t left = in.size(kAny); left > 0 && in.ok(); --left)
    orphans.push_back(read_alert(in));
  if (!in.at_end()) return false;
  link_restored();
  return true;
}

// Ticks that were done are not done again, also when the interval or the delay is another.
void Engine::Impl::restore_ticks(const std::map<std::string, Ms, std::less<>>& newest) {
  if (!begin) return;
  next_tick = kNever;
  for (TicksState& each : ticks) {
    const auto before = newest.find(each.group->name);
    each.begin_at(*begin);
    if (before != newest.end() && before->second != kLongAgo) each.done_until(before->second);
    if (reached != kLongAgo) each.done_until(reached - each.delay);
    next_tick = std::min(next_tick, each.next() + each.delay);
  }
}

void Engine::Impl::restore_rule(RuleState& rule, std::vector<Alert> alerts, ByteReader& in) {
  rule.fresh = false;
  const bool same_steps = in.text() == steps_text(rule);
  for (std::uint64_t* number : {&rule.refused, &rule.late, &rule.left_out}) *number = in.count();
  if (in.flag()) {
    rule.overflow.emplace();
    rule.overflow->since = in.time();
    rule.overflow->newest = in.time();
    rule.overflow->refused = in.count();
    put_off_rule(rule);
  }
  auto alert = alerts.begin();
  for (std::size_t left = in.size(kAny); left > 0 && in.ok(); --left) {
    const std::uint32_t key = rule.keys->make(in.text());
    const std::uint32_t* known = rule.places.find(key);
    const std::uint32_t place = known != nullptr ? *known : make_group(rule, key);
    link(rule, place);
    RuleGroup& group = rule.groups[place];
    if (known != nullptr && (!group.always || group.alert)) in.fail();
    group.was_true = in.flag();
    group.first = in.time();
    group.newest = in.time();
    group.held_until = in.time();
    group.last_start = in.time();
    group.known = in.count();
    ByteReader sequence(in.text());
    if (group.sequence && same_steps && !group.sequence->read(*rule.steps, sequence)) in.fail();
    if (!in.flag()) continue;
    if (alert == alerts.end()) return in.fail();
    group.alert = read_active(in, std::move(*alert++));
    ++rule.alerts;
  }
  rule.fresh = rule.is_sequence() && !same_steps;
}

// Groups of new rules in feeds that were there, and the other way round.
void Engine::Impl::link_restored() {
  for (const auto& rule : rules) {
    for (Feed* feed : rule->feeds) {
      for (std::uint32_t cell = 0; rule->fresh && !feed->fresh && cell < feed->groups.size();
           ++cell) {
        const Feed::Group& group = feed->groups[cell];
        if (group.key == Keys::kNone) continue;
        const std::uint32_t* known = rule->places.find(group.key);
        const std::uint32_t place = known != nullptr ? *known : make_group(*rule, group.key);
        link(*rule, place);
        rule->groups[place].first = std::min(rule->groups[place].first, group.first);
      }
    }
    for (const Feed* feed : rule->feeds) rule->fresh |= feed->fresh;
    for (std::uint32_t place = 0; place < rule->groups.size(); ++place)
      if (rule->groups[place].key != Keys::kNone) call_soon(*rule, place);
  }
  for (const auto& feed : feeds) {
    for (std::uint32_t cell = 0; cell < feed->groups.size(); ++cell) {
      const auto row = feed->links.begin() + static_cast<std::ptrdiff_t>(cell * feed->users.size());
      const bool in_use = std::any_of(row, row + static_cast<std::ptrdiff_t>(feed->users.size()),
                                      [](std::uint32_t place) { return place != kNoCell; });
      if (feed->groups[cell].key != Keys::kNone && !in_use) feed->remove(cell);
    }
  }
}

}  // namespace kcloud::rules
