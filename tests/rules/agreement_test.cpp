// The engine against brute force: random rule files over random streams. KCLOUD_RULES_SEEDS says
// how many, KCLOUD_RULES_SEED which one alone.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <random>

#include "config/config.h"
#include "rules/engine.h"
#include "rules/load.h"
#include "tests/rules/brute_force.h"
#include "tests/rules/random_events.h"
#include "tests/rules/random_rules.h"

namespace kcloud::rules {
namespace {

using brute::BruteForce;
using brute::Outcome;

std::shared_ptr<const core::Catalogue> catalogue() {
  static const auto made = [] {
    config::Problems problems;
    auto parsed = config::parse_catalogue(RuleWriter::event_types(), "types.yaml", problems);
    for (const auto& problem : problems) ADD_FAILURE() << problem.to_string();
    return parsed;
  }();
  return made;
}

std::shared_ptr<const RuleSet> rules_of(const std::string& text) {
  const RuleFile file{"rules.yaml", text};
  const Loaded loaded = load({file}, catalogue());
  for (const auto& problem : loaded.problems) ADD_FAILURE() << with_line(problem, text);
  return loaded.rules;
}

std::vector<Outcome> outcomes(const std::vector<Transition>& transitions) {
  std::vector<Outcome> out;
  const auto ms = [](core::Time time) { return core::to_nanos(time) / 1'000'000; };
  for (const Transition& transition : transitions) {
    const Alert& alert = transition.alert;
    if (alert.state == AlertState::kPending) continue;
    out.push_back(
        {alert.rule, alert.by, alert.state, ms(transition.at), ms(alert.starts_at), alert.value});
  }
  return out;
}

bool near(const brute::Number& a, const brute::Number& b) {
  if (!a || !b) return !a && !b;
  return std::abs(*a - *b) <= 0.0101 * std::abs(*b) + 1e-9;
}

bool same(const Outcome& a, const Outcome& b) {
  return !(a < b) && !(b < a) && near(a.value, b.value);
}

// Those of `all` that `others` have not.
std::string listed(const std::vector<Outcome>& all, const std::vector<Outcome>& others) {
  std::string out;
  for (const Outcome& one : all)
    if (std::none_of(others.begin(), others.end(), [&](const Outcome& o) { return same(one, o); }))
      out += "  " + to_string(one) + "\n";
  return out.empty() ? "  nothing\n" : out;
}

// What is done to the engine between two inputs, and must not show.
enum class Cut : std::uint8_t { kNone, kRestart, kReload };

class Pair {
 public:
  explicit Pair(std::shared_ptr<const RuleSet> rules)
      : rules_(std::move(rules)), engine_(rules_), brute_(*rules_) {}

  // The first difference as text; empty: none.
  std::string give(const Input& input) {
    std::vector<Transition> transitions;
    std::vector<Outcome> wanted;
    if (input.event != nullptr) {
      engine_.add(*input.event, transitions);
      brute_.add(*input.event, wanted);
    } else {
      engine_.advance(input.frontier, transitions);
      brute_.advance(input.frontier, wanted);
    }
    auto got = outcomes(transitions);
    std::sort(got.begin(), got.end());
    std::sort(wanted.begin(), wanted.end());
    said_ += wanted.size();
    if (std::equal(got.begin(), got.end(), wanted.begin(), wanted.end(), same)) return {};
    return fmt::format("only the engine:\n{}only brute force:\n{}", listed(got, wanted),
                       listed(wanted, got));
  }

  void cut(Cut how, core::Time now) {
    if (how == Cut::kRestart) {
      const std::string snapshot = engine_.snapshot();
      engine_ = Engine(rules_);
      EXPECT_TRUE(engine_.restore(snapshot));
    } else if (how == Cut::kReload) {
      std::vector<Transition> none;
      engine_.replace(std::make_shared<RuleSet>(*rules_), now, none);
      EXPECT_TRUE(none.empty());
      EXPECT_EQ(engine_.wants_past(), Duration(0));
    }
  }

  std::size_t said() const { return said_; }

 private:
  std::shared_ptr<const RuleSet> rules_;
  Engine engine_;
  BruteForce brute_;
  std::size_t said_ = 0;
};

std::string told(const Input& input) {
  if (input.event == nullptr) return "at the frontier " + core::format_time(input.frontier);
  return fmt::format("with the event of {}, received {}, {}: {}",
                     core::format_time(input.event->time), core::format_time(input.event->received),
                     input.event->collector, input.event->body);
}

// Whether they agree, with a cut at every tenth input or so.
bool agree(std::uint32_t seed, Cut cut, std::size_t* said) {
  const std::string text = RuleWriter(seed).file();
  const auto rules = rules_of(text);
  if (!rules) return false;
  const Stream stream = random_stream(*catalogue(), seed, 300);
  std::mt19937 random(seed);
  Pair pair(rules);
  core::Time now;
  for (std::size_t i = 0; i < stream.inputs.size(); ++i) {
    const Input& input = stream.inputs[i];
    now = input.event != nullptr ? input.event->received : input.frontier;
    const auto difference = pair.give(input);
    if (!difference.empty()) {
      ADD_FAILURE() << "seed " << seed << ", input " << i << ", " << told(input) << "\n"
                    << difference << "the rules:\n"
                    << text;
      return false;
    }
    if (random() % 10 == 0) pair.cut(cut, now);
  }
  *said += pair.said();
  return true;
}

constexpr std::uint32_t kMostShown = 5;  // seeds that differ

std::uint32_t number(const char* variable, std::uint32_t otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr ? static_cast<std::uint32_t>(std::strtoul(text, nullptr, 10)) : otherwise;
}

void agree_for_all(Cut cut) {
  const std::uint32_t only = number("KCLOUD_RULES_SEED", 0);
  const std::uint32_t first = only != 0 ? only : 1;
  const std::uint32_t last = only != 0 ? only : number("KCLOUD_RULES_SEEDS", 20);
  std::size_t said = 0;
  std::uint32_t different = 0;
  for (std::uint32_t seed = first; seed <= last && different < kMostShown; ++seed)
    if (!agree(seed, cut, &said)) ++different;
  EXPECT_TRUE(said > 0 || first == last) << "no rule ever fires";
}

TEST(Agreement, TheEngineSaysWhatBruteForceSays) { agree_for_all(Cut::kNone); }

TEST(Agreement, AlsoWhenItIsRestartedInBetween) { agree_for_all(Cut::kRestart); }

TEST(Agreement, AlsoWhenTheSameRulesAreReloadedInBetween) { agree_for_all(Cut::kReload); }

}  // namespace
}  // namespace kcloud::rules
