// Ranges and steps of requests.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/analytics/calls.h"
#include "agent/api/analytics_query.h"
#include "config/config.h"

namespace kcloud::analytics {
namespace {

using ::testing::ElementsAre;

core::Time at(const char* text) { return core::parse_time(text, core::Zone())->time; }

class QueryTest : public ::testing::Test {
 protected:
  api::AnalyticsQuery parse(const http::Parameters& parameters) {
    return api::parse_analytics_query(parameters, Kind::kScheduling, at("2026-03-10T10:37:12.5Z"),
                                      "Asia/Seoul", *catalogue);
  }
  std::vector<std::string> edges(const http::Parameters& parameters) {
    const auto parsed = parse(parameters);
    EXPECT_EQ(parsed.error, "");
    std::vector<std::string> texts;
    for (const auto time : step_edges(parsed.request)) texts.push_back(core::format_time(time));
    return texts;
  }

  config::Problems problems;
  std::shared_ptr<const core::Catalogue> catalogue =
      config::load_catalogue({}, config::Environment::system(), problems);
};

TEST_F(QueryTest, ARangeThatEndsNowTakesInTheMinuteThatGoesOn) {
  const auto long_one = parse({{"time_range", "7d"}}).request;
  EXPECT_EQ(long_one.since, at("2026-03-03T10:00:00Z"));
  EXPECT_EQ(long_one.until, at("2026-03-10T10:38:00Z"));
  EXPECT_EQ(parse({{"time_range", "1h"}}).request.since, at("2026-03-10T09:37:00Z"));
  EXPECT_EQ(parse({}).request.since, long_one.since);
}

TEST_F(QueryTest, TimesAreAsTheyWereWritten) {
  const auto request = parse({{"since", "2026-03-01T00:00:00"},
                              {"until", "2026-03-02T10:37:00.001Z"},
                              {"zone", "UTC"}})
                           .request;
  EXPECT_EQ(request.since, at("2026-03-01T00:00:00Z"));
  EXPECT_EQ(request.until, at("2026-03-02T10:37:00.001Z"));
  EXPECT_EQ(parse({{"since", "2026-03-01T00:00:00"}}).request.since, at("2026-02-28T15:00:00Z"));
}

TEST_F(QueryTest, StepsBeginWhereTheCalendarHasThem) {
  EXPECT_THAT(
      edges({{"since", "2026-03-01T03:00:00Z"}, {"until", "2026-03-03T00:00:00Z"}, {"step", "1d"}}),
      ElementsAre("2026-03-01T03:00:00Z", "2026-03-01T15:00:00Z", "2026-03-02T15:00:00Z",
                  "2026-03-03T00:00:00Z"));
  EXPECT_THAT(
      edges({{"since", "2026-03-01T03:20:00Z"}, {"until", "2026-03-01T16:00:00Z"}, {"step", "6h"}}),
      ElementsAre("2026-03-01T03:20:00Z", "2026-03-01T09:00:00Z", "2026-03-01T15:00:00Z",
                  "2026-03-01T16:00:00Z"));
  // The clocks of Berlin went forward on the 29th: its day has 23 hours.
  EXPECT_THAT(edges({{"since", "2026-03-28T23:00:00Z"},
                     {"until", "2026-03-31T00:00:00Z"},
                     {"step", "1d"},
                     {"zone", "Europe/Berlin"}}),
              ElementsAre("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", "2026-03-30T22:00:00Z",
                          "2026-03-31T00:00:00Z"));
}

TEST_F(QueryTest, FiguresGoByEitherName) {
  const auto parsed = parse({{"metrics", "avg_latency,p95_latency_ms,avg_latency_ms"}});
  EXPECT_THAT(parsed.request.metrics, ElementsAre("avg_latency_ms", "p95_latency_ms"));
}

TEST_F(QueryTest, BaselinesAreOfThreeKinds) {
  EXPECT_EQ(parse({{"compare_baseline", "true"}}).request.baseline.with, Baseline::With::kPrevious);
  const auto fixed = parse({{"compare_baseline", "2026-01-01T00:00:00Z/2026-02-01T00:00:00Z"}});
  EXPECT_EQ(fixed.request.baseline.with, Baseline::With::kFixed);
  EXPECT_EQ(fixed.request.baseline.until, at("2026-02-01T00:00:00Z"));
  EXPECT_EQ(parse({{"compare_baseline", "policy:power-saving"}}).request.baseline.policy,
            "power-saving");
  EXPECT_NE(parse({{"compare_baseline", "2026-01-01T00:00:00Z"}}).error, "");
  EXPECT_NE(parse({{"step", "1h"}, {"step", "1d"}}).error, "");
}

}  // namespace
}  // namespace kcloud::analytics
