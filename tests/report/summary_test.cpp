#include "agent/report/summary.h"

#include "tests/report/fixture.h"

namespace kcloud::report {
namespace {

using std::chrono::seconds;

TEST(Counts, AreBounded) {
  Counts counts;
  for (std::size_t i = 0; i < 2 * Counts::kMost; ++i) counts.add(std::to_string(i));
  counts.add("1", 5);
  EXPECT_EQ(counts.all().size(), Counts::kMost + 1);
  EXPECT_EQ(counts.all().at("(other)"), Counts::kMost);
  EXPECT_EQ(counts.most_first()[1], std::pair(std::string("1"), std::uint64_t{6}));
}

TEST(Histogram, HasLocalHoursOfAShortPeriod) {
  Histogram histogram(at("2025-01-15T10:30:00Z"), at("2025-01-15T13:00:00Z"),
                      core::Zone("Asia/Kolkata"));
  ASSERT_EQ(histogram.begins().size(), 3U);
  EXPECT_TRUE(histogram.hours());
  EXPECT_EQ(histogram.begins()[0], at("2025-01-15T10:30:00Z"));  // 16:00 there
  histogram.add(at("2025-01-15T11:29:59Z"));
  histogram.add(at("2025-01-15T11:30:00Z"));
  histogram.add(at("2025-01-15T12:59:59Z"));
  EXPECT_EQ(histogram.counts(), (std::vector<std::uint64_t>{1, 1, 1}));
}

TEST(Histogram, HasLocalDaysOverAChangeOfTheClock) {
  const Histogram histogram(at("2025-03-28T12:00:00Z"), at("2025-04-02T12:00:00Z"),
                            core::Zone("Europe/Berlin"));
  ASSERT_EQ(histogram.begins().size(), 6U);
  EXPECT_EQ(histogram.begins()[2], at("2025-03-29T23:00:00Z"));
  EXPECT_EQ(histogram.begins()[3], at("2025-03-30T22:00:00Z"));
}

TEST(Histogram, JoinsDaysOfALongPeriod) {
  const Histogram histogram(at("2024-01-01T00:00:00Z"), at("2034-01-01T00:00:00Z"), core::Zone());
  EXPECT_LE(histogram.begins().size(), 62U);
  EXPECT_EQ(histogram.days(), 59);
}

TEST(Gaps, AreMissingHeartbeatsWithinThePeriod) {
  const auto begin = at("2025-01-15T10:00:00Z");
  Gaps gaps(begin, begin + seconds(1000), seconds(60));
  gaps.add(begin - seconds(500));
  gaps.add(begin + seconds(50));   // began before the period
  gaps.add(begin + seconds(140));  // just in time
  gaps.add(begin + seconds(139));  // the clock was set back
  gaps.add(begin + seconds(600));
  gaps.finish(begin + seconds(2000));  // goes on behind the period
  ASSERT_EQ(gaps.count(), 3U);
  EXPECT_EQ(gaps.list()[0].from, begin);
  EXPECT_EQ(gaps.list()[0].to, begin + seconds(50));
  EXPECT_EQ(gaps.list()[1].from, begin + seconds(140));
  EXPECT_EQ(gaps.list()[2].to, begin + seconds(1000));
  EXPECT_EQ(gaps.total(), seconds(50 + 460 + 400));
}

TEST(Gaps, OfSeveralChainsNameTheirs) {
  const auto begin = at("2025-01-15T10:00:00Z");
  Gaps gaps(begin, begin + seconds(1000), seconds(60));
  core::ChainId one{1};
  core::ChainId other{2};
  gaps.begin(one, "node-1");
  gaps.add(begin);
  gaps.finish(begin + seconds(200));
  gaps.begin(other, "");
  gaps.add(begin + seconds(900));  // the other's last is none before it
  gaps.finish(begin + seconds(1000));
  ASSERT_EQ(gaps.count(), 2U);
  EXPECT_EQ(gaps.list()[0].chain, one);
  EXPECT_EQ(gaps.list()[0].agent, "node-1");
  EXPECT_EQ(gaps.list()[1].chain, other);
  EXPECT_EQ(gaps.list()[1].from, begin + seconds(900));
}

TEST(Gaps, AreNoneWithoutAChain) {
  Gaps gaps(at("2025-01-15T10:00:00Z"), at("2025-01-16T10:00:00Z"), seconds(60));
  gaps.finish(at("2025-01-16T10:00:00Z"));
  EXPECT_EQ(gaps.count(), 0U);
}

}  // namespace
}  // namespace kcloud::report
