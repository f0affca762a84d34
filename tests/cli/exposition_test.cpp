#include "agent/cli/exposition.h"

#include <gtest/gtest.h>

#include <cmath>

namespace kcloud::cli {
namespace {

using Buckets = std::vector<std::pair<double, double>>;

constexpr std::string_view kText =
    "# HELP events_total Events\n"
    "# TYPE events_total counter\n"
    "events_total{collector=\"webhook\",publisher=\"a\"} 3\n"
    "events_total{ collector = \"webhook\" , publisher=\"b, \\\"}\\n\\\\\" , } 4 1700000000000\r\n"
    "  events_total{collector=\"kafka\"}\t1e2\n"
    "\n"
    "plain 0.5\n"
    "empty{} 7\n"
    "ack_bucket{le=\"0.1\"} 2\n"
    "ack_bucket{le=\"+Inf\"} 5\n"
    "up_inf +Inf\n"
    "nan_one NaN";

TEST(Exposition, SumsSamplesByLabel) {
  const Exposition parsed = Exposition::parse(kText);
  EXPECT_EQ(parsed.sum("events_total"), 107);
  EXPECT_EQ(parsed.sum("events_total", "collector", "webhook"), 7);
  EXPECT_EQ(parsed.sum("events_total", "publisher", "b, \"}\n\\"), 4);
  EXPECT_EQ(parsed.sum("events_total", "collector", "redis"), std::nullopt);
  EXPECT_EQ(parsed.sum("plain"), 0.5);
  EXPECT_EQ(parsed.sum("empty"), 7);
  EXPECT_EQ(parsed.sum("events"), std::nullopt);
  EXPECT_TRUE(std::isinf(*parsed.sum("up_inf")));
  EXPECT_TRUE(std::isnan(*parsed.sum("nan_one")));
}

TEST(Exposition, ListsTheValuesOfALabel) {
  const Exposition parsed = Exposition::parse(kText);
  EXPECT_EQ(parsed.values("events_total", "collector"),
            (std::vector<std::string>{"webhook", "kafka"}));
  EXPECT_EQ(parsed.text("events_total", "publisher"), "a");
  EXPECT_EQ(parsed.text("missing", "publisher"), "");
}

TEST(Exposition, ReadsBuckets) {
  EXPECT_EQ(Exposition::parse(kText).buckets("ack"),
            (Buckets{{0.1, 2}, {std::numeric_limits<double>::infinity(), 5}}));
}

TEST(Exposition, PassesOverWhatIsNoSample) {
  for (const char* line : {"", "name", "name{", "name{a} 1", "name{a=} 1", "name{a=\"b} 1",
                           "name{a=\"b\"", "{a=\"b\"} 1", "name one", "name 1x", "name{a=\"\\"}) {
    const Exposition parsed = Exposition::parse(std::string(line) + "\ngood 1\n");
    EXPECT_EQ(parsed.sum("name"), std::nullopt) << line;
    EXPECT_EQ(parsed.sum("good"), 1) << line;
  }
}

TEST(Quantile, InterpolatesInsideABucket) {
  const double inf = std::numeric_limits<double>::infinity();
  const Buckets before = {{0.1, 10}, {0.2, 20}, {inf, 20}};
  struct {
    const char* name;
    double q;
    Buckets before, now;
    double want;
  } cases[] = {
      {"half of the second bucket", 0.5, before, {{0.1, 10}, {0.2, 30}, {inf, 30}}, 0.15},
      {"the first bucket begins at zero", 0.5, before, {{0.1, 20}, {0.2, 30}, {inf, 30}}, 0.05},
      {"all of the first", 0.99, {}, {{0.1, 100}, {0.2, 100}, {inf, 100}}, 0.099},
      {"beyond the last bound", 0.99, before, {{0.1, 10}, {0.2, 20}, {inf, 21}}, inf},
      {"began anew", 0.5, before, {{0.1, 4}, {0.2, 4}, {inf, 4}}, 0.05},
  };
  for (const auto& one : cases) {
    const double got = quantile(one.q, one.before, one.now);
    if (std::isinf(one.want)) {
      EXPECT_TRUE(std::isinf(got)) << one.name;
    } else {
      EXPECT_NEAR(got, one.want, 1e-9) << one.name;
    }
  }
  EXPECT_TRUE(std::isnan(quantile(0.5, before, before)));
  EXPECT_TRUE(std::isnan(quantile(0.5, {}, {})));
}

TEST(Growth, BeginsAnewWithACounterThatShrank) {
  EXPECT_EQ(growth(10, 15), 5);
  EXPECT_EQ(growth(10, 3), 3);
  EXPECT_EQ(growth(10, 10), 0);
}

}  // namespace
}  // namespace kcloud::cli
