#include "agent/analytics/objectives.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kcloud::analytics {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> problems_of(const std::string& objectives) {
  config::Problems problems;
  const auto config = config::parse_config("analytics:\n  objectives:\n" + objectives, "test.yaml",
                                           {}, config::Environment::system(), problems);
  if (problems.empty()) read_objectives(config.analytics, *config.catalogue, "test.yaml", problems);
  std::vector<std::string> texts;
  for (const auto& problem : problems) texts.push_back(problem.to_string());
  return texts;
}

TEST(Objectives, ThatAreRightAreTaken) {
  EXPECT_THAT(problems_of(R"yaml(
    quick: {kind: latency, at_most: 100, target: 0.99}
    moves: {kind: latency, type: relocation, field: downtime_seconds, at_most: 5, target: 0.9}
    up: {kind: availability, target: 0.999}
    npu: {kind: events, total: scheduling_decision, good: 'scheduling_decision{cluster =~ "npu.*"}', target: 0.5}
)yaml"),
              IsEmpty());
}

TEST(Objectives, ThatAreWrongAreNamedWithTheirPlace) {
  EXPECT_THAT(problems_of("    quick: {kind: latency, at_most: 100, target: 1}\n"),
              ElementsAre(HasSubstr("test.yaml:3:")));
  EXPECT_THAT(problems_of("    quick: {kind: latency, target: 0.9}\n"),
              ElementsAre(HasSubstr("at_most")));
  EXPECT_THAT(problems_of("    quick: {kind: speed, target: 0.9}\n"),
              ElementsAre(HasSubstr("availability")));
  EXPECT_THAT(problems_of("    quick: {kind: latency, field: colour, at_most: 1, target: 0.9}\n"),
              ElementsAre(HasSubstr("'colour' is no measure of scheduling_decision")));
  EXPECT_THAT(problems_of("    npu: {kind: events, total: scheduling_decision, target: 0.9}\n"),
              ElementsAre(HasSubstr("`good`")));
  EXPECT_THAT(problems_of("    npu:\n      kind: events\n      target: 0.9\n"
                          "      total: scheduling_decision\n"
                          "      good: scheduling_decision{clustr == \"x\"}\n"),
              ElementsAre(::testing::AllOf(HasSubstr("test.yaml:7:33"), HasSubstr("clustr"))));
  EXPECT_THAT(problems_of("    npu: {kind: events, total: scheduling_decision, good: "
                          "workload_relocation, target: 0.9}\n"),
              ElementsAre(HasSubstr("expected one event type")));
}

}  // namespace
}  // namespace kcloud::analytics
