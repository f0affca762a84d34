#include "exporters/forward/failover.h"

#include <gtest/gtest.h>

namespace kcloud::forward {
namespace {

using std::chrono::seconds;

constexpr Failover::Time kStart{seconds(1'000)};

TEST(Failover, StaysWithTheFirstWhileItIsWell) {
  Failover failover(3, seconds(60));
  EXPECT_EQ(failover.pick(kStart), 0u);
  failover.succeeded();
  EXPECT_EQ(failover.pick(kStart + seconds(100)), 0u);
}

TEST(Failover, TriesEachOnceBeforeItWaits) {
  Failover failover(3, seconds(60));
  EXPECT_TRUE(failover.failed(kStart));
  EXPECT_EQ(failover.pick(kStart), 1u);
  EXPECT_TRUE(failover.failed(kStart));
  EXPECT_EQ(failover.pick(kStart), 2u);
  EXPECT_FALSE(failover.failed(kStart));
  EXPECT_EQ(failover.pick(kStart), 0u);
}

TEST(Failover, ReturnsToTheFirstAfterAWhileAndAgainIfThatFails) {
  Failover failover(2, seconds(60));
  failover.failed(kStart);
  failover.succeeded();
  EXPECT_EQ(failover.pick(kStart + seconds(59)), 1u);
  EXPECT_EQ(failover.pick(kStart + seconds(60)), 0u);
  EXPECT_TRUE(failover.failed(kStart + seconds(60)));
  failover.succeeded();
  EXPECT_EQ(failover.pick(kStart + seconds(119)), 1u);
  EXPECT_EQ(failover.pick(kStart + seconds(120)), 0u);
}

TEST(Failover, OneUpstreamIsAlwaysTheOne) {
  Failover failover(1, seconds(60));
  EXPECT_FALSE(failover.failed(kStart));
  EXPECT_EQ(failover.pick(kStart), 0u);
}

}  // namespace
}  // namespace kcloud::forward
