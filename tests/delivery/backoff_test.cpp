#include "core/backoff.h"

#include <gtest/gtest.h>

#include <limits>

namespace kcloud::core {
namespace {

using std::chrono::milliseconds;

constexpr std::uint32_t kMost = std::numeric_limits<std::uint32_t>::max();

TEST(Backoff, TheCeilingDoublesUpToTheMaximum) {
  Backoff backoff({milliseconds(100), milliseconds(1000)});
  for (const int want : {100, 200, 400, 800, 1000, 1000, 1000})
    EXPECT_EQ(backoff.next(kMost), milliseconds(want));
}

TEST(Backoff, JitterReachesFromHalfTheCeilingToAllOfIt) {
  for (const auto& [random, want] : {std::pair{0u, 100}, {kMost / 2, 150}, {kMost, 200}}) {
    Backoff backoff({milliseconds(200), milliseconds(1000)});
    EXPECT_NEAR(static_cast<double>(backoff.next(random).count()), want, 1);
  }
}

TEST(Backoff, ResetBeginsAnew) {
  Backoff backoff({milliseconds(100), milliseconds(1000)});
  backoff.next(kMost);
  backoff.next(kMost);
  EXPECT_EQ(backoff.attempts(), 2u);
  backoff.reset();
  EXPECT_EQ(backoff.attempts(), 0u);
  EXPECT_EQ(backoff.next(kMost), milliseconds(100));
}

TEST(Backoff, NeverOverflows) {
  Backoff backoff({milliseconds(1), milliseconds(std::numeric_limits<std::int64_t>::max() / 4)});
  milliseconds last{0};
  for (int i = 0; i < 200; ++i) {
    const auto wait = backoff.next(kMost);
    EXPECT_GE(wait, last);
    last = wait;
  }
}

TEST(Backoff, AnInitialAboveTheMaximumIsTheMaximum) {
  Backoff backoff({milliseconds(5000), milliseconds(1000)});
  EXPECT_EQ(backoff.next(kMost), milliseconds(1000));
}

}  // namespace
}  // namespace kcloud::core
