// Sentences of docs/rules-semantics.md that random rules and events found the engine not to keep
// to, each as a test of its own.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "config/config.h"
#include "core/decode.h"
#include "rules/engine.h"
#include "rules/load.h"
#include "tests/rules/random_rules.h"

namespace kcloud::rules {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;

const core::Time kStart = core::from_nanos(1'750'000'020'000'000'000);  // a whole minute

std::shared_ptr<const core::Catalogue> catalogue() {
  config::Problems problems;
  return config::parse_catalogue(RuleWriter::event_types(), "types.yaml", problems);
}

// One group of rules, ticking every 30 s without delay.
class Meaning : public testing::Test {
 protected:
  void rules(const std::string& text) {
    const std::string file =
        "version: 1\ngroups:\n  - name: g\n    interval: 30s\n    max_delay: 0s\n" + text;
    const Loaded loaded = load({{"rules.yaml", file}}, catalogue_);
    for (const auto& problem : loaded.problems) ADD_FAILURE() << with_line(problem, file);
    rules_ = loaded.rules;
    engine_.emplace(rules_);
  }

  void event(seconds at, const std::string& members) {
    core::TransportHints hints;
    hints.received = hints.time.emplace(kStart + at);
    hints.collector = "test";
    std::vector<core::FieldError> errors;
    std::vector<std::string_view> warnings;
    ASSERT_TRUE(decoder_.decode("{" + members + "}", hints, batch_, errors, warnings));
    engine_->add(batch_.events.back(), transitions_);
  }

  void advance(seconds to) { engine_->advance(kStart + to, transitions_); }

  // `60s Rule firing`, with the `by` values behind the rule.
  std::vector<std::string> said() {
    std::vector<std::string> lines;
    for (const Transition& transition : transitions_) {
      std::string by;
      for (const auto& [name, value] : transition.alert.by) by += " " + value;
      const auto at = std::chrono::duration_cast<milliseconds>(transition.at - kStart).count();
      lines.push_back(fmt::format("{}s {}{} {}", static_cast<double>(at) / 1000,
                                  transition.alert.rule, by, to_string(transition.alert.state)));
    }
    transitions_.clear();
    return lines;
  }

  const std::shared_ptr<const core::Catalogue> catalogue_ = catalogue();
  core::Decoder decoder_{*catalogue_, {}};
  core::EventBatch batch_;
  std::shared_ptr<const RuleSet> rules_;
  std::optional<Engine> engine_;
  std::vector<Transition> transitions_;
};

// "What would be one more, at a tick or on arrival, is refused and counted, and RuleOverflow fires
// at that T"
TEST_F(Meaning, ASequenceThatIsRefusedIsToldAtTheTick) {
  rules(R"(    limit: 1
    rules:
      - alert: Pair
        sequence: [alpha, beta]
        within: 5m
        by: [workload]
)");
  for (const char* workload : {"1", "2"}) {
    event(seconds(5), fmt::format(R"("event_type":"alpha","workload":"{}")", workload));
    event(seconds(7), fmt::format(R"("event_type":"beta","workload":"{}")", workload));
  }
  advance(seconds(30));
  EXPECT_THAT(said(), ElementsAre("7s Pair 1 firing", "30s RuleOverflow Pair g firing"));
  advance(seconds(300));
  EXPECT_THAT(said(), ElementsAre());
  advance(seconds(330));
  EXPECT_THAT(said(), ElementsAre("330s Pair 1 resolved", "330s RuleOverflow Pair g resolved"));
}

// "warming up (missing) until max(L / 2, 3·w) has passed between the group's first t and T − w"
TEST_F(Meaning, ABaselineHasWarmedUpAlsoWhenNothingComes) {
  rules(R"(    rules:
      - alert: Usual
        expr: count(alpha[30s]) < 1 and count(beta[30s]) >= baseline(count(beta[30s]), 10m)
        by: [workload]
)");
  event(seconds(5), R"("event_type":"alpha","workload":"1")");
  advance(seconds(330));
  EXPECT_THAT(said(), ElementsAre());
  // 300 s after 5 s and 30 s more.
  advance(seconds(360));
  EXPECT_THAT(said(), ElementsAre("360s Usual 1 firing"));
}

}  // namespace
}  // namespace kcloud::rules
