#include "agent/cli/rules_test_run.h"

#include <gmock/gmock.h>

#include "agent/cli/rules_test.h"
#include "config/config.h"
#include "rules/load.h"

namespace kcloud::cli {
namespace {

using testing::HasSubstr;

std::shared_ptr<const core::Catalogue> catalogue() {
  config::Problems problems;
  return config::parse_catalogue(std::string(config::embedded_event_types()), "event-types.yaml",
                                 problems);
}

constexpr const char* kRules = R"(version: 1
groups:
  - name: scheduling
    interval: 10s
    max_delay: 30s
    labels: {team: scheduler}
    rules:
      - alert: Slow
        expr: avg(scheduling_decision.execution_time_ms[5m]) > 500
        by: [scheduler]
        for: 2m
        annotations: {summary: "{{ $labels.scheduler }} is slow"}
      - alert: Silent
        expr: absent(scheduling_decision[10m])
        enabled: false
      - alert: Failed
        expr: scheduling_decision{outcome = "failure"}
        by: [cluster]
)";

// The result of a test with these events and expectations, as `rules test` prints it.
std::string tell(const std::string& events, const std::string& expect) {
  const auto loaded = rules::load({{"rules.yaml", kRules}}, catalogue());
  for (const auto& problem : loaded.problems) ADD_FAILURE() << problem.to_string();
  config::Problems problems;
  TestedFile tested;
  tested.file = parse_test_file(
      "version: 1\ntests:\n  - name: t\n    events:\n" + events + "    expect:\n" + expect,
      "rules_test.yaml", *loaded.rules->catalogue, problems);
  for (const auto& problem : problems) ADD_FAILURE() << problem.to_string();
  for (const TestCase& test : tested.file.tests)
    tested.results.push_back(run_test(test, tested.file.start, loaded.rules));
  return as_text({tested});
}

const std::string kSlow =
    "      - at: 1s\n        type: scheduling\n        fields: {scheduler: s-1, execution_time_ms: "
    "800}\n"
    "        repeat: {every: 1s, count: 600}\n";
const std::string kFailure =
    "      - {at: 90s, type: scheduling, fields: {cluster: gpu-1, outcome: failure, "
    "execution_time_ms: 1}}\n";

TEST(RulesTestRun, SeesWhatFiresWhenAndWhatEnds) {
  EXPECT_THAT(tell(kSlow, R"(
      - {at: 1m, none: Slow}
      - {at: 3m, firing: Slow, labels: {scheduler: s-1}, value: 800, since: 2m10s}
      - {at: 3m, firing: Slow, labels: {scheduler: s-1, team: scheduler}, exact: true, count: 1}
      - {at: 3m, firing: Slow, annotations: {summary: s-1 is slow}}
      - {at: 3m, none: Slow, labels: {scheduler: s-2}}
      - {at: 1h, resolved: Slow}
      - {at: 1h, none: "*"}
)"),
              HasSubstr("1 test, 0 failed"));
}

TEST(RulesTestRun, AnEventFiresAtItsTime) {
  EXPECT_THAT(tell(kFailure, R"(
      - {at: 89s, none: "*"}
      - {at: 90s, firing: Failed, labels: {cluster: gpu-1}, since: 90s}
      - {at: 10m, resolved: Failed}
)"),
              HasSubstr("1 test, 0 failed"));
}

TEST(RulesTestRun, ARuleThatIsNamedIsEnabled) {
  EXPECT_THAT(tell(kFailure, R"(
      - {at: 12m, firing: Silent}
)"),
              HasSubstr("1 test, 0 failed"));
  EXPECT_THAT(tell(kFailure, R"(
      - {at: 30m, none: "*"}
)"),
              HasSubstr("1 test, 0 failed"));
}

TEST(RulesTestRun, SaysWhatCameInstead) {
  const std::string said = tell(kSlow + kFailure, R"(
      - {at: 3m, none: Slow}
      - {at: 3m, firing: Slow, labels: {scheduler: s-2}}
      - {at: 3m, firing: Slow, labels: {scheduler: s-1}, exact: true}
      - {at: 3m, firing: Slow, value: 700}
      - {at: 3m, firing: Slow, since: 2m}
      - {at: 3m, firing: Slow, count: 2}
      - {at: 3m, firing: Slow, annotations: {summary: x}}
      - {at: 3m, resolved: Slow}
      - {at: 1m, firing: Slow}
      - {at: 1m, none: "*"}
)");
  EXPECT_THAT(said, HasSubstr("FAIL  rules_test.yaml:3: t\n"));
  EXPECT_THAT(said, HasSubstr("expected none of Slow at 3m\n      got firing Slow "
                              "{scheduler=\"s-1\", team=\"scheduler\"} since 2m10s, value 800\n"));
  EXPECT_THAT(said, HasSubstr("expected firing Slow {scheduler=\"s-2\"} at 3m"));
  EXPECT_THAT(said, HasSubstr("value 800: other labels\n"));
  EXPECT_THAT(said, HasSubstr("more labels: {team=\"scheduler\"}"));
  EXPECT_THAT(said, HasSubstr("another value"));
  EXPECT_THAT(said, HasSubstr("another time"));
  EXPECT_THAT(said, HasSubstr("2 of them"));
  EXPECT_THAT(said, HasSubstr("summary is 's-1 is slow'"));
  EXPECT_THAT(said, HasSubstr("expected resolved Slow at 3m"));
  EXPECT_THAT(said, HasSubstr("expected firing Slow at 1m\n      got nothing\n"));
  EXPECT_THAT(said, HasSubstr("1 test, 1 failed"));
  EXPECT_EQ(said.find("expected none of the rules at 1m"), std::string::npos);
}

TEST(RulesTestRun, CoverageNeedsAFiringAndAQuietCase) {
  const auto expects = [](std::initializer_list<std::pair<Expectation::Kind, const char*>> all) {
    TestedFile tested;
    tested.file.tests.emplace_back();
    for (const auto& [kind, rule] : all) {
      Expectation expectation;
      expectation.kind = kind;
      expectation.rule = rule;
      tested.file.tests.back().expect.push_back(expectation);
    }
    return std::vector{tested};
  };
  using Kind = Expectation::Kind;
  EXPECT_EQ(as_text(uncovered({"A", "B", "C"}, expects({{Kind::kFiring, "A"},
                                                        {Kind::kNone, "A"},
                                                        {Kind::kFiring, "B"},
                                                        {Kind::kNone, "*"}}))),
            "not covered: B has no test that expects `none` of it\nnot covered: C has no test\n");
  EXPECT_EQ(as_text(uncovered({"A"}, expects({{Kind::kNone, "A"}}))),
            "not covered: A has no test that expects it firing\n");
}

}  // namespace
}  // namespace kcloud::cli
