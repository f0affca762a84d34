#include "agent/delivery/pacing.h"

#include <gtest/gtest.h>

#include <limits>

namespace kcloud::delivery {
namespace {

using core::Delivery;
using std::chrono::milliseconds;
using Change = Pacing::Change;

constexpr std::uint32_t kMost = std::numeric_limits<std::uint32_t>::max();

Gather::Clock::time_point at(int ms) { return Gather::Clock::time_point(milliseconds(ms)); }

TEST(Gather, WaitsForTheFirstEvent) {
  Gather gather(100, milliseconds(1000));
  const auto wait = gather.next(5, 5, at(0));
  ASSERT_TRUE(wait);
  EXPECT_EQ(wait->beyond, 5u);
}

TEST(Gather, AFullBatchIsReadAtOnce) {
  Gather gather(100, milliseconds(1000));
  EXPECT_FALSE(gather.next(0, 100, at(0)));
}

TEST(Gather, ASmallBatchWaitsUntilItsFirstEventIsOldEnough) {
  Gather gather(100, milliseconds(1000));
  const auto first = gather.next(0, 1, at(0));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->beyond, 99u) << "woken by the hundredth event";
  EXPECT_EQ(first->timeout, milliseconds(1000));
  const auto second = gather.next(0, 40, at(300));
  ASSERT_TRUE(second);
  EXPECT_EQ(second->timeout, milliseconds(700));
  EXPECT_FALSE(gather.next(0, 40, at(1000)));
}

TEST(Gather, WhatABatchCutByBytesLeftOverDoesNotWaitAgain) {
  Gather gather(100, milliseconds(1000));
  ASSERT_TRUE(gather.next(0, 40, at(0)));
  ASSERT_FALSE(gather.next(0, 40, at(1000)));
  EXPECT_FALSE(gather.next(10, 45, at(1001))) << "10 were read, 30 have waited long enough";
  EXPECT_TRUE(gather.next(40, 45, at(1002))) << "these five have not";
  Gather full(100, milliseconds(1000));
  ASSERT_FALSE(full.next(0, 120, at(0)));
  EXPECT_FALSE(full.next(30, 120, at(1)));
}

class PacingTest : public ::testing::Test {
 protected:
  PacingTest() {
    config_.backoff_initial = milliseconds(100);
    config_.backoff_max = milliseconds(1000);
    config_.hold_interval = milliseconds(5000);
  }
  config::DeliveryConfig config_;
};

TEST_F(PacingTest, SuccessDoesNotWait) {
  Pacing pacing(config_);
  const auto step = pacing.on(Delivery::delivered(), kMost);
  EXPECT_EQ(step.phase, Phase::kDelivering);
  EXPECT_EQ(step.change, Change::kNone);
  EXPECT_EQ(step.wait.count(), 0);
}

TEST_F(PacingTest, RetriesBackOffAndSayItOnce) {
  Pacing pacing(config_);
  int said = 0;
  for (const int want : {100, 200, 400, 800, 1000, 1000}) {
    const auto step = pacing.on(Delivery::retry("down"), kMost);
    EXPECT_EQ(step.wait, milliseconds(want));
    EXPECT_EQ(step.phase, Phase::kRetrying);
    said += step.change == Change::kRetrying ? 1 : 0;
  }
  EXPECT_EQ(said, 1);
  EXPECT_EQ(pacing.attempts(), 6u);
  EXPECT_EQ(pacing.on(Delivery::delivered(), 0).change, Change::kRecovered);
  EXPECT_EQ(pacing.on(Delivery::delivered(), 0).change, Change::kNone);
  EXPECT_EQ(pacing.on(Delivery::retry("down"), kMost).wait, milliseconds(100));
}

TEST_F(PacingTest, RetryAfterIsObeyedWithinReason) {
  const struct {
    milliseconds asked;
    milliseconds want;
  } cases[] = {{milliseconds(0), milliseconds(100)},
               {milliseconds(7000), milliseconds(7000)},
               {std::chrono::hours(24 * 365), std::chrono::hours(1)}};
  for (const auto& [asked, want] : cases) {
    Pacing pacing(config_);
    EXPECT_EQ(pacing.on(Delivery::retry("503", asked), kMost).wait, want);
  }
}

TEST_F(PacingTest, AHoldIsTriedAgainAtItsIntervalAndSaidOnce) {
  Pacing pacing(config_);
  const auto first = pacing.on(Delivery::hold("401"), kMost);
  EXPECT_EQ(first.change, Change::kHolding);
  EXPECT_EQ(first.wait, milliseconds(5000));
  const auto second = pacing.on(Delivery::hold("401"), kMost);
  EXPECT_EQ(second.change, Change::kNone);
  EXPECT_EQ(second.wait, milliseconds(5000));
  EXPECT_EQ(pacing.on(Delivery::retry("down"), kMost).change, Change::kRetrying);
  EXPECT_EQ(pacing.on(Delivery::hold("401"), kMost).change, Change::kHolding);
  EXPECT_EQ(pacing.on(Delivery::bisect("400"), kMost).change, Change::kRecovered);
}

}  // namespace
}  // namespace kcloud::delivery
