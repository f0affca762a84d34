#include "agent/cli/rules_test_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "agent/backtest/drive.h"
#include "config/scalar.h"
#include "core/json.h"
#include "rules/program.h"

namespace kcloud::cli {
namespace {

using rules::Alert;
using rules::AlertState;
using rules::Labels;
using rules::Transition;

constexpr double kTolerance = 0.01;

std::string duration_text(rules::Duration duration) {
  // 90s rather than 1m30s is what one unit can say; up to a minute that is exact enough to read.
  std::string out;
  for (const auto& [unit, length] : {std::pair("d", rules::Duration(86'400'000)),
                                     {"h", rules::Duration(3'600'000)},
                                     {"m", rules::Duration(60'000)},
                                     {"s", rules::Duration(1'000)},
                                     {"ms", rules::Duration(1)}}) {
    if (duration >= length) out += fmt::format("{}{}", duration / length, unit);
    duration %= length;
  }
  return out.empty() ? "0s" : out;
}

std::string labels_text(const Labels& labels) {
  std::string out;
  for (const auto& [name, value] : labels) {
    if (name == "alertname") continue;
    out += (out.empty() ? "" : ", ") + name + "=";
    core::append_json_string(out, value);
  }
  return "{" + out + "}";
}

bool contains(const Labels& all, const Labels& wanted) {
  return std::ranges::all_of(wanted, [&](const auto& pair) {
    const auto found = all.find(pair.first);
    return found != all.end() && found->second == pair.second;
  });
}

// What the alert is not as expected in; empty: nothing.
std::string difference(const Expectation& expected, const Alert& alert, core::Time start) {
  std::string out;
  const auto differs = [&](const std::string& what) { out += (out.empty() ? "" : "; ") + what; };
  if (!contains(alert.labels, expected.labels)) differs("other labels");
  if (expected.exact) {
    Labels rest = alert.labels;
    rest.erase("alertname");
    for (const auto& [name, value] : expected.labels) rest.erase(name);
    if (!rest.empty()) differs("more labels: " + labels_text(rest));
  }
  for (const auto& [name, text] : expected.annotations) {
    const auto found = alert.annotations.find(name);
    if (found == alert.annotations.end())
      differs(fmt::format("no annotation {}", name));
    else if (found->second != text)
      differs(fmt::format("{} is '{}'", name, found->second));
  }
  if (expected.value && (!alert.value || std::abs(*alert.value - *expected.value) >
                                             kTolerance * std::abs(*expected.value)))
    differs("another value");
  if (expected.since && alert.starts_at != start + *expected.since) differs("another time");
  return out;
}

std::string described(const Alert& alert, core::Time start) {
  const auto since = std::chrono::floor<rules::Duration>(alert.starts_at - start);
  std::string out = fmt::format("{} {} {} since {}", rules::to_string(alert.state), alert.rule,
                                labels_text(alert.labels), duration_text(since));
  if (alert.ends_at)
    out += fmt::format(" until {}",
                       duration_text(std::chrono::floor<rules::Duration>(*alert.ends_at - start)));
  if (alert.value) out += fmt::format(", value {:.6g}", *alert.value);
  return out;
}

// What is looked at: when the rule has been evaluated up to the expectation's time. A rule that an
// event fires on its arrival needs no more than that time.
core::Time frontier_of(const Expectation& expected, core::Time start, const rules::RuleSet& rules) {
  const core::Time at = start + expected.at;
  for (const rules::Group& group : rules.groups)
    for (const rules::Rule& rule : group.rules)
      if (rule.name == expected.rule) {
        const auto program = rule.expr ? rules::compile(*rule.expr) : rules::Program();
        return program.eager || program.on_event ? at : at + group.max_delay;
      }
  return at;
}

// The newest state of each alert up to a time; of those that fire, what `active` then said of them.
std::vector<const Alert*> at_time(const std::vector<Transition>& transitions,
                                  const std::vector<Alert>& active, core::Time time) {
  std::map<std::string, const Transition*> newest;
  for (const Transition& transition : transitions) {
    if (transition.at > time || transition.alert.state == AlertState::kPending) continue;
    const Transition*& known = newest[transition.alert.fingerprint];
    if (known == nullptr || transition.at >= known->at) known = &transition;
  }
  std::vector<const Alert*> alerts;
  for (const auto& [fingerprint, transition] : newest) {
    const Alert& told = transition->alert;
    const auto now = std::ranges::find_if(active, [&](const Alert& alert) {
      return alert.fingerprint == told.fingerprint && alert.state == told.state &&
             alert.starts_at == told.starts_at;
    });
    alerts.push_back(now == active.end() ? &told : &*now);
  }
  return alerts;
}

AlertState wanted_state(const Expectation& expected) {
  return expected.kind == Expectation::Kind::kResolved ? AlertState::kResolved
                                                       : AlertState::kFiring;
}

bool is_met(const Expectation& expected, const std::vector<const Alert*>& alerts, core::Time start,
            std::vector<std::string>& got) {
  std::uint64_t fits = 0;
  bool disturbed = false;  // something fires that must not
  for (const Alert* alert : alerts) {
    if (expected.rule != "*" && alert->rule != expected.rule) continue;
    const std::string other = difference(expected, *alert, start);
    got.push_back(described(*alert, start) + (other.empty() ? "" : ": " + other));
    if (alert->state == wanted_state(expected) && other.empty()) ++fits;
    const bool named = contains(alert->labels, expected.labels);
    if (expected.kind == Expectation::Kind::kResolved && named &&
        alert->state == AlertState::kFiring)
      disturbed = true;
  }
  if (expected.kind == Expectation::Kind::kNone) return fits == 0;
  return !disturbed && (expected.count ? fits == *expected.count : fits > 0);
}

std::shared_ptr<const rules::RuleSet> enabled_for(
    const TestCase& test, const std::shared_ptr<const rules::RuleSet>& rules) {
  std::set<std::string> named;
  for (const Expectation& expected : test.expect) named.insert(expected.rule);
  auto copy = std::make_shared<rules::RuleSet>(*rules);
  for (rules::Group& group : copy->groups)
    for (rules::Rule& rule : group.rules)
      if (named.contains(rule.name)) rule.enabled = true;
  return copy;
}

}  // namespace

TestResult run_test(const TestCase& test, core::Time start,
                    const std::shared_ptr<const rules::RuleSet>& rules) {
  TestResult result;
  const auto problem = [&](std::size_t index, const std::string& message) {
    result.problems.push_back(fmt::format("events[{}]: {}", index, message));
  };
  const core::EventBatch batch = arrivals(test.events, start, *rules->catalogue, problem);
  backtest::Drive drive(enabled_for(test, rules));
  std::vector<Transition> transitions;
  std::vector<std::vector<Alert>> active(test.expect.size());
  for (std::size_t i = 0; i < test.expect.size(); ++i)
    drive.look_at(frontier_of(test.expect[i], start, *rules),
                  [&active, i](const rules::Engine& engine) { active[i] = engine.active(); });
  drive.begin(start, transitions);
  for (const core::Event& event : batch.events) drive.add(event, transitions);
  core::Time last = start;
  for (const Expectation& expected : test.expect) last = std::max(last, start + expected.at);
  drive.finish(last, transitions);
  for (std::size_t i = 0; i < test.expect.size(); ++i) {
    const Expectation& expected = test.expect[i];
    std::vector<std::string> got;
    if (!is_met(expected, at_time(transitions, active[i], start + expected.at), start, got))
      result.failures.push_back({&expected, std::move(got)});
  }
  return result;
}

std::string to_string(const Expectation& expected) {
  constexpr const char* kKinds[] = {"firing", "resolved", "none of"};
  std::string out = fmt::format("{} {}", kKinds[static_cast<std::size_t>(expected.kind)],
                                expected.rule == "*" ? "the rules" : expected.rule);
  if (!expected.labels.empty() || expected.exact) out += " " + labels_text(expected.labels);
  if (expected.exact) out += " exactly";
  for (const auto& [name, text] : expected.annotations) out += fmt::format(", {} '{}'", name, text);
  if (expected.value) out += fmt::format(", value {:.6g}", *expected.value);
  if (expected.since) out += ", since " + duration_text(*expected.since);
  if (expected.count) out += fmt::format(", {} of them", *expected.count);
  return out + " at " + duration_text(expected.at);
}

}  // namespace kcloud::cli
