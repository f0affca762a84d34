#include "agent/backtest/report.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/json.h"

namespace kcloud::backtest {
namespace {

using rules::Alert;
using rules::AlertState;
using rules::Duration;

constexpr std::size_t kMostGroups = 10'000;  // of a rule that are told apart
constexpr std::size_t kTopGroups = 3;        // that are shown

std::string group_text(const rules::Labels& by) {
  std::string out;
  for (const auto& [name, value] : by) {
    out += (out.empty() ? "" : ", ") + name + "=";
    core::append_json_string(out, value);
  }
  return out;
}

std::string whole_seconds(core::Time time) {
  return core::format_time(std::chrono::floor<std::chrono::seconds>(time));
}

void append_labels(std::string& out, std::string_view key, const rules::Labels& labels) {
  core::append_key(out, key);
  out += '{';
  for (const auto& [name, value] : labels) {
    core::append_comma(out);
    core::append_json_string(out, name);
    out += ':';
    core::append_json_string(out, value);
  }
  out += '}';
}

double seconds(Duration duration) { return static_cast<double>(duration.count()) / 1000; }

}  // namespace

Report::Report(std::shared_ptr<const rules::RuleSet> rules, Range range, Finished finished)
    : rules_(std::move(rules)), range_(range), finished_(std::move(finished)) {
  for (const rules::Group& group : rules_->groups)
    for (const rules::Rule& rule : group.rules) {
      tallies_.emplace_back();
      tallies_.back().rule = &rule;
      tallies_.back().name = rule.name;
    }
}

void Report::take(const std::vector<rules::Transition>& transitions) {
  for (const rules::Transition& transition : transitions) {
    const Alert& alert = transition.alert;
    if (transition.at >= range_.until || alert.state == AlertState::kPending) continue;
    if (alert.state == AlertState::kFiring) {
      firing_.insert_or_assign(alert.fingerprint, alert);
    } else {
      firing_.erase(alert.fingerprint);
      end(alert);
    }
  }
}

void Report::finish(std::optional<core::Time> first, std::uint64_t events,
                    std::optional<core::Time> until, std::uint64_t late) {
  late_ = late;
  whole_ = !until;
  if (until) range_.until = std::clamp(*until, range_.since, range_.until);
  first_ = first;
  events_ = events;
  for (const auto& [fingerprint, alert] : firing_) {
    end(alert);
    ++tally_of(alert.rule).going_on;
  }
  firing_.clear();
  for (RuleTally& tally : tallies_)
    tally.short_of_past = first_ && tally.rule != nullptr && tally.rule->enabled &&
                          *first_ > range_.since - reach(*tally.rule);
}

void Report::Tally::add(const Alert& alert, const Range& range) {
  const core::Time from = std::max(alert.starts_at, range.since);
  const core::Time to = std::min(alert.ends_at.value_or(range.until), range.until);
  firing += std::chrono::floor<Duration>(std::max(to - from, core::Time::duration(0)));
  if (alert.starts_at < range.since) return;
  ++fired;
  first = fired == 1 ? alert.starts_at : std::min(first, alert.starts_at);
  last = std::max(last, alert.starts_at);
}

void Report::end(const Alert& alert) {
  if (alert.ends_at && *alert.ends_at < range_.since) return;
  RuleTally& tally = tally_of(alert.rule);
  tally.all.add(alert, range_);
  const std::string group = group_text(alert.by);
  if (tally.groups.size() < kMostGroups || tally.groups.contains(group))
    tally.groups[group].add(alert, range_);
  finished_(alert);
}

Report::RuleTally& Report::tally_of(const std::string& rule) {
  const auto found = std::ranges::find(tallies_, rule, &RuleTally::name);
  if (found != tallies_.end()) return *found;
  tallies_.emplace_back();
  tallies_.back().name = rule;
  return tallies_.back();
}

std::vector<std::pair<std::string, Report::Tally>> Report::top(const RuleTally& tally) const {
  std::vector<std::pair<std::string, Tally>> groups(tally.groups.begin(), tally.groups.end());
  std::ranges::stable_sort(groups, [](const auto& a, const auto& b) {
    return std::pair(a.second.fired, a.second.firing) > std::pair(b.second.fired, b.second.firing);
  });
  groups.resize(std::min(groups.size(), kTopGroups));
  return groups;
}

std::string Report::as_text() const {
  std::size_t width = 4;
  for (const RuleTally& tally : tallies_) width = std::max(width, tally.name.size());
  std::string out = fmt::format("{} to {}, {} events\n\n{:<{}}  {:>6}  {:>10}  {:<20}  {}\n",
                                whole_seconds(range_.since), whole_seconds(range_.until), events_,
                                "rule", width, "fired", "for", "first", "last");
  std::string never, disabled, incomplete;
  for (const RuleTally& tally : tallies_) {
    if (tally.rule != nullptr && !tally.rule->enabled) {
      disabled += (disabled.empty() ? "" : ", ") + tally.name;
      continue;
    }
    if (tally.short_of_past)
      incomplete += fmt::format("{}{} ({})", incomplete.empty() ? "" : ", ", tally.name,
                                span_text(reach(*tally.rule)));
    if (tally.all.fired == 0 && tally.all.firing == Duration(0)) {
      never += (never.empty() ? "" : ", ") + tally.name;
      continue;
    }
    out += fmt::format("{:<{}}  {:>6}  {:>10}  {:<20}  {}{}\n", tally.name, width, tally.all.fired,
                       span_text(tally.all.firing),
                       tally.all.fired == 0 ? "before" : whole_seconds(tally.all.first),
                       tally.all.fired == 0 ? "before" : whole_seconds(tally.all.last),
                       tally.going_on > 0 ? fmt::format("  {} still fire", tally.going_on) : "");
    for (const auto& [group, of] : top(tally))
      if (!group.empty())
        out += fmt::format("{:<{}}  {:>6}  {:>10}  {}\n", "", width, of.fired, span_text(of.firing),
                           group);
    if (tally.groups.size() > kTopGroups)
      out += fmt::format("{:<{}}  {:>6}  {:>10}  and {}{} more\n", "", width, "", "",
                         tally.groups.size() == kMostGroups ? "at least " : "",
                         tally.groups.size() - kTopGroups);
  }
  if (!never.empty()) out += "\nnever fired: " + never + "\n";
  if (!disabled.empty()) out += "\nnot enabled: " + disabled + "\n";
  if (late_ > 0)
    out += fmt::format(
        "\n{} events came too late for their windows, as they did then, and were left out. Of "
        "history "
        "that was imported, ask a running agent (--url): it gives events by their time\n",
        late_);
  if (!incomplete.empty())
    out += fmt::format("\nThe events begin at {}, later than these look back to: {}\n",
                       whole_seconds(*first_), incomplete);
  return out;
}

std::string Report::as_json() const {
  std::string out;
  out += fmt::format(
      R"("since":"{}","until":"{}","complete":{},"events":{},"late_events":{},"first_event":)",
      core::format_time(range_.since), core::format_time(range_.until), whole_, events_, late_);
  out += first_ ? fmt::format("\"{}\"", core::format_time(*first_)) : "null";
  core::append_key(out, "rules");
  out += '[';
  for (const RuleTally& tally : tallies_) {
    core::append_comma(out);
    out += '{';
    core::append_member(out, "rule", tally.name);
    out += fmt::format(
        R"(,"enabled":{},"fired":{},"firing_seconds":{},"still_firing":{},"windows_complete":{})",
        tally.rule == nullptr || tally.rule->enabled, tally.all.fired, seconds(tally.all.firing),
        tally.going_on, !tally.short_of_past);
    if (tally.all.fired > 0) {
      core::append_member(out, "first", core::format_time(tally.all.first));
      core::append_member(out, "last", core::format_time(tally.all.last));
    }
    out += '}';
  }
  return out + "]";
}

std::string span_text(Duration duration) {
  std::string out;
  int units = 0;
  for (const auto& [unit, length] :
       {std::pair("d", Duration(86'400'000)), std::pair("h", Duration(3'600'000)),
        std::pair("m", Duration(60'000)), std::pair("s", Duration(1'000))}) {
    if (units == 2) break;
    if (duration >= length || units > 0) {
      ++units;
      if (duration >= length) out += fmt::format("{}{}", duration / length, unit);
    }
    duration %= length;
  }
  return out.empty() ? "0s" : out;
}

void append_alert_json(std::string& out, const Alert& alert) {
  out += '{';
  core::append_member(out, "rule", alert.rule);
  core::append_member(out, "fingerprint", alert.fingerprint);
  append_labels(out, "by", alert.by);
  append_labels(out, "labels", alert.labels);
  append_labels(out, "annotations", alert.annotations);
  core::append_member(out, "starts_at", core::format_time(alert.starts_at));
  core::append_key(out, "ends_at");
  out += alert.ends_at ? fmt::format("\"{}\"", core::format_time(*alert.ends_at)) : "null";
  core::append_key(out, "value");
  if (alert.value)
    core::append_json_number(out, *alert.value);
  else
    out += "null";
  out += '}';
}

}  // namespace kcloud::backtest
