#include "exporters/influxdb/line_protocol.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/exporters/influxdb/fixtures.h"

namespace kcloud::influxdb {
namespace {

using testing::add_event;
using testing::kNoon;
using testing::Value;

// A time with all nine digits, so that no tie-breaker is added.
constexpr std::int64_t kExact = kNoon + 123'456'789;

class LineProtocol : public ::testing::Test {
 protected:
  std::string line(const core::Event& event) {
    std::string out;
    adjusted_ += encoder_.append(event, out);
    return out;
  }
  std::string id(const core::Event& event) { return "id=\"" + core::to_string(event.id) + "\""; }

  core::Catalogue catalogue_ = testing::make_catalogue();
  core::EventBatch batch_;
  LineEncoder encoder_{{{"agent_cluster", "seoul"}}, 3};
  std::uint64_t adjusted_ = 0;
};

TEST_F(LineProtocol, WritesTagsFieldsTypesAndTime) {
  auto& event = add_event(
      batch_, catalogue_, "decision", "a", kExact,
      {{"scheduler", "meta"}, {"execution_time_ms", std::int64_t{245}}, {"power_watts", 1200.0}});
  event.cluster = "gpu-cluster-01";
  event.workload = "ml-training-job-123";
  event.reason = "최적 전력 효율성";
  event.source = "kcloud";
  EXPECT_EQ(line(event),
            "decision,agent=agent-1,agent_cluster=seoul,cluster=gpu-cluster-01,collector=webhook,"
            "scheduler=meta " +
                id(event) +
                ",execution_time_ms=245i,power_watts=1200,workload=\"ml-training-job-123\","
                "reason=\"최적 전력 효율성\",source=\"kcloud\" 1736942400123456789\n");
  EXPECT_EQ(adjusted_, 0u);
}

TEST_F(LineProtocol, FieldsByType) {
  const struct {
    const char* name;
    const char* type;
    std::map<std::string, Value> values;
    const char* want;  // after the id; empty: nothing
  } cases[] = {
      {"integer", "decision", {{"execution_time_ms", std::int64_t{-5}}}, ",execution_time_ms=-5i"},
      {"largest integer",
       "decision",
       {{"execution_time_ms", std::numeric_limits<std::int64_t>::max()}},
       ",execution_time_ms=9223372036854775807i"},
      {"smallest integer",
       "decision",
       {{"execution_time_ms", std::numeric_limits<std::int64_t>::min()}},
       ",execution_time_ms=-9223372036854775808i"},
      {"a real that is whole stays a float",
       "decision",
       {{"power_watts", std::int64_t{3}}},
       ",power_watts=3"},
      {"large real", "decision", {{"power_watts", 1e300}}, ",power_watts=1e+300"},
      {"shortest real", "decision", {{"power_watts", 0.1}}, ",power_watts=0.1"},
      {"not a number", "decision", {{"power_watts", std::numeric_limits<double>::quiet_NaN()}}, ""},
      {"infinite", "decision", {{"power_watts", std::numeric_limits<double>::infinity()}}, ""},
      {"a real in an integer field", "decision", {{"execution_time_ms", 1.5}}, ""},
      {"a text in an integer field", "decision", {{"execution_time_ms", "x"}}, ""},
      {"true", "inefficiency", {{"urgent", true}}, ",urgent=true"},
      {"false", "inefficiency", {{"urgent", false}}, ",urgent=false"},
      {"json",
       "inefficiency",
       {{"evidence", R"({"a":"b\\c"})"}},
       R"(,evidence="{\"a\":\"b\\\\c\"}")"},
      {"empty text", "inefficiency", {{"evidence", ""}}, ",evidence=\"\""},
      {"a field named time", "inefficiency", {{"time", "x"}}, ",time_=\"x\""},
  };
  for (const auto& test : cases) {
    const auto& event = add_event(batch_, catalogue_, test.type, test.name, kExact, test.values);
    const auto text = line(event);
    const auto start = text.find(' ') + 1;
    EXPECT_EQ(text.substr(start, text.rfind(' ') - start), id(event) + test.want) << test.name;
  }
}

TEST_F(LineProtocol, EmptyTagsAreLeftOut) {
  auto& event = add_event(batch_, catalogue_, "decision", "a", kExact, {{"scheduler", ""}});
  event.agent = "";
  event.collector = "";
  EXPECT_TRUE(line(event).starts_with("decision,agent_cluster=seoul id="));
}

TEST_F(LineProtocol, UnknownTypesCarryTheCommonFieldsOnly) {
  auto& event = add_event(batch_, catalogue_, "my type", "a", kExact);
  event.severity = "high";
  EXPECT_EQ(line(event), "my\\ type,agent=agent-1,agent_cluster=seoul,collector=webhook " +
                             id(event) + ",severity=\"high\" 1736942400123456789\n");
}

TEST_F(LineProtocol, TagValuesOverTheCapBecomeOther) {
  for (const char* cluster : {"a", "b", "c", "d", "a"}) {
    auto& event = add_event(batch_, catalogue_, "decision", cluster, kExact);
    event.cluster = cluster;
    const bool capped = std::string(cluster) == "d";
    EXPECT_NE(line(event).find(capped ? ",cluster=other," : ",cluster=" + std::string(cluster)),
              std::string::npos);
  }
  EXPECT_EQ(adjusted_, 1u);
}

TEST_F(LineProtocol, UnknownTypesAreCappedAsMeasurements) {
  for (const char* type : {"t1", "t2", "t3", "t4"}) {
    const auto& event = add_event(batch_, catalogue_, type, type, kExact);
    EXPECT_TRUE(line(event).starts_with(std::string(type) == "t4" ? "other," : type));
  }
  EXPECT_EQ(adjusted_, 1u);
}

TEST_F(LineProtocol, TheSameEventIsTheSameLineAgain) {
  std::string first, second;
  for (int i = 0; i < 10; ++i) add_event(batch_, catalogue_, "decision", std::to_string(i), kExact);
  std::uint64_t moved = 0;
  for (const auto& event : batch_.events) moved += encoder_.append(event, first);
  EXPECT_EQ(moved, 9u);
  for (const auto& event : batch_.events) encoder_.append(event, second);
  EXPECT_EQ(first, second);
}

}  // namespace
}  // namespace kcloud::influxdb
