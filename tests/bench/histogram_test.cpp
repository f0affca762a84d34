#include "bench/loadgen/histogram.h"

#include <gtest/gtest.h>

namespace kcloud::bench {
namespace {

using std::chrono::nanoseconds;

TEST(Histogram, IsZeroWhenEmpty) { EXPECT_EQ(Histogram().quantile(0.99), nanoseconds(0)); }

TEST(Histogram, IsExactForSmallValues) {
  Histogram histogram;
  for (int i = 1; i <= 50; ++i) histogram.record(nanoseconds(i));
  EXPECT_EQ(histogram.quantile(0.5), nanoseconds(25));
  EXPECT_EQ(histogram.max(), nanoseconds(50));
}

TEST(Histogram, IsRightWithinTwoPercent) {
  Histogram histogram;
  for (std::int64_t i = 1; i <= 100'000; ++i) histogram.record(nanoseconds(i * 1'000));
  for (const double q : {0.01, 0.5, 0.9, 0.99, 0.999}) {
    const auto got = static_cast<double>(histogram.quantile(q).count());
    const double want = q * 100'000 * 1'000;
    EXPECT_NEAR(got, want, want * 0.017) << q;
  }
}

TEST(Histogram, NeverSaysMoreThanTheLargest) {
  Histogram histogram;
  histogram.record(std::chrono::hours(1000));
  histogram.record(nanoseconds(-5));
  EXPECT_EQ(histogram.quantile(1), std::chrono::hours(1000));
  EXPECT_EQ(histogram.quantile(0.5), nanoseconds(0));
}

}  // namespace
}  // namespace kcloud::bench
