#include "agent/cli/rules_test_file.h"

#include <gmock/gmock.h>

#include "config/config.h"

namespace kcloud::cli {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

const core::Catalogue& catalogue() {
  static const auto made = [] {
    config::Problems problems;
    return config::parse_catalogue(std::string(config::embedded_event_types()), "event-types.yaml",
                                   problems);
  }();
  return *made;
}

TestFile parse(const std::string& text, config::Problems& problems) {
  return parse_test_file(text, "rules/power_test.yaml", catalogue(), problems);
}

core::EventBatch events_of(const TestFile& file) {
  return arrivals(file.tests.at(0).events, file.start, catalogue(),
                  [](std::size_t index, const std::string& message) {
                    ADD_FAILURE() << index << ": " << message;
                  });
}

constexpr const char* kWhole = R"(version: 1
rules: [power.yaml, ../shared.yaml]
start: 2025-03-01T08:00:00Z
tests:
  - name: a spike
    events:
      - at: 1m
        type: scheduling
        fields: {scheduler: s-1, workload: "w-{n}", cluster: gpu-1, power_watts: 1.5k, alternatives: 0}
        repeat: {every: 30s, count: 3}
      - at: 0s
        late: 10m
        collector: kafka
        body: '{"event_type": "policy_change", "action": "updated", "policy": "p", "actor": "kim"}'
    expect:
      - {at: 5m, firing: PowerSpike, labels: {cluster: gpu-1}, exact: true, value: 2000, since: 4m, count: 1}
      - {at: 1h, resolved: PowerSpike}
      - {at: 0s, none: "*"}
)";

TEST(RulesTestFile, IsReadWhole) {
  config::Problems problems;
  const TestFile file = parse(kWhole, problems);
  ASSERT_TRUE(problems.empty()) << problems.front().to_string();
  EXPECT_THAT(file.rules, ElementsAre("power.yaml", "../shared.yaml"));
  ASSERT_EQ(file.tests.size(), 1u);
  const TestCase& test = file.tests[0];
  EXPECT_EQ(test.name, "a spike");
  EXPECT_EQ(test.place.line, 5);
  ASSERT_EQ(test.expect.size(), 3u);
  EXPECT_EQ(test.expect[0].kind, Expectation::Kind::kFiring);
  EXPECT_EQ(test.expect[0].at, minutes(5));
  EXPECT_EQ(test.expect[0].labels.at("cluster"), "gpu-1");
  EXPECT_TRUE(test.expect[0].exact);
  EXPECT_EQ(test.expect[0].value, 2000);
  EXPECT_EQ(test.expect[0].since, minutes(4));
  EXPECT_EQ(test.expect[0].count, 1u);
  EXPECT_EQ(test.expect[1].kind, Expectation::Kind::kResolved);
  EXPECT_EQ(test.expect[2].kind, Expectation::Kind::kNone);
  EXPECT_EQ(test.expect[2].place.line, 18);
}

TEST(RulesTestFile, GivesEventsInTheOrderOfTheirArrival) {
  config::Problems problems;
  const TestFile file = parse(kWhole, problems);
  const auto batch = events_of(file);
  ASSERT_EQ(batch.events.size(), 4u);
  for (std::size_t i = 0; i < 3; ++i) {
    const core::Event& event = batch.events[i];
    EXPECT_EQ(event.time, file.start + minutes(1) + seconds(30) * static_cast<int>(i));
    EXPECT_EQ(event.received, event.time);
    EXPECT_EQ(event.workload, "w-" + std::to_string(i));
    EXPECT_EQ(event.cluster, "gpu-1");
    EXPECT_EQ(event.source, "s-1");
    EXPECT_EQ(event.fields[*event.type->slot("power_watts")].real, 1500);
    EXPECT_EQ(event.fields[*event.type->slot("alternatives")].integer, 0);
    EXPECT_EQ(event.fields[*event.type->slot("outcome")].text, "success");
  }
  const core::Event& late = batch.events[3];
  EXPECT_EQ(late.time, file.start);
  EXPECT_EQ(late.received, file.start + minutes(10));
  EXPECT_EQ(late.actor, "kim");
  EXPECT_EQ(late.collector, "kafka");
}

TEST(RulesTestFile, FieldsOfOnePlaceArePutTogether) {
  config::Problems problems;
  const TestFile file = parse(R"(version: 1
tests:
  - name: t
    events:
      - {at: 0s, type: scheduling, fields: {best_alternative_cost: 3.5, alternatives: 2}}
      - {at: 1s, type: workload_relocation, fields: {to_cluster: npu-1}}
    expect: [{at: 0s, none: A}]
)",
                              problems);
  ASSERT_TRUE(problems.empty()) << problems.front().to_string();
  EXPECT_THAT(file.rules, ElementsAre("power.yaml"));
  const auto batch = events_of(file);
  const core::Event& decision = batch.events.at(0);
  EXPECT_EQ(decision.fields[*decision.type->slot("alternatives")].integer, 2);
  EXPECT_EQ(decision.fields[*decision.type->slot("best_alternative_cost")].real, 3.5);
  EXPECT_FALSE(decision.workload.empty());  // required, and nobody cares which
  EXPECT_EQ(batch.events.at(1).cluster, "npu-1");
}

TEST(RulesTestFile, SaysWhatIsWrongAndWhere) {
  constexpr const char* kTest = "version: 1\ntests:\n  - name: t\n";
  const struct {
    const char* name;
    std::string text;
    const char* want;
  } kCases[] = {
      {"no version", "tests: [{name: t, expect: [{at: 1s, none: A}]}]\n",
       "`version: 1` is missing"},
      {"unknown key", "version: 1\ntest: []\n", ":2:1: error: "},
      {"no test", "version: 1\n", "there are no tests"},
      {"no expectation", kTest, "a test expects something"},
      {"no time", std::string(kTest) + "    expect: [{firing: A}]\n", ":4:"},
      {"two kinds", std::string(kTest) + "    expect: [{at: 1s, firing: A, none: B}]\n",
       "exactly one of `firing`, `resolved` and `none`"},
      {"any rule fires", std::string(kTest) + "    expect: [{at: 1s, firing: '*'}]\n",
       "name a rule"},
      {"unknown type",
       std::string(kTest) +
           "    events: [{at: 1s, type: schedulin}]\n    expect: [{at: 1s, none: A}]\n",
       "did you mean 'scheduling'?"},
      {"unknown field",
       std::string(kTest) +
           "    events:\n      - at: 1s\n        type: scheduling\n        fields:\n"
           "          exection_time_ms: 5\n    expect: [{at: 1s, none: A}]\n",
       ":8:29: error: tests[0].events[0].fields.exection_time_ms: event type 'scheduling_decision' "
       "has "
       "no field 'exection_time_ms' (did you mean 'execution_time_ms'?)"},
      {"bad value",
       std::string(kTest) + "    events: [{at: 1s, type: scheduling, fields: {gpu: many}}]\n"
                            "    expect: [{at: 1s, none: A}]\n",
       "many"},
      {"bad body",
       std::string(kTest) + "    events: [{at: 1s, body: '{\"event_type\": 1'}]\n"
                            "    expect: [{at: 1s, none: A}]\n",
       ":4:"},
      {"body and type",
       std::string(kTest) + "    events: [{at: 1s, type: scheduling, body: '{}'}]\n"
                            "    expect: [{at: 1s, none: A}]\n",
       "either `body`, a JSON text, or `type`"},
      {"no count",
       std::string(kTest) + "    events: [{at: 1s, type: scheduling, repeat: {every: 1s}}]\n"
                            "    expect: [{at: 1s, none: A}]\n",
       "`count` is missing"},
  };
  for (const auto& c : kCases) {
    config::Problems problems;
    parse(c.text, problems);
    std::string all;
    for (const auto& problem : problems) all += problem.to_string() + "\n";
    EXPECT_THAT(all, HasSubstr(c.want)) << c.name;
    EXPECT_THAT(all, HasSubstr("rules/power_test.yaml:")) << c.name;
  }
}

TEST(RulesTestFile, NamesRulesThatThereAre) {
  config::Problems problems;
  const TestFile file = parse(kWhole, problems);
  rules::RuleSet rules;
  rules.groups.emplace_back().rules.emplace_back().name = "PowerSpikes";
  check_rule_names(file, rules, problems);
  ASSERT_EQ(problems.size(), 2u);
  EXPECT_EQ(problems[0].line, 16);
  EXPECT_THAT(problems[0].message, HasSubstr("no rule 'PowerSpike' (did you mean 'PowerSpikes'?)"));
}

}  // namespace
}  // namespace kcloud::cli
