#include "agent/cli/progress.h"

#include <gtest/gtest.h>

#include "agent/cli/demo.h"

namespace kcloud::cli {
namespace {

Progress halfway() {
  Progress progress;
  progress.accepted = 490;
  progress.duplicates = 10;
  progress.goal = 1000;
  progress.elapsed = std::chrono::seconds(25);
  return progress;
}

TEST(Progress, ShowsABarWithTheTimeLeft) {
  EXPECT_EQ(progress_line(halfway(), 54), "[█████████·········]  50 %  500/1000  20/s  25 s left");
}

TEST(Progress, LeavesTheBarOutWhereItDoesNotFit) {
  EXPECT_EQ(progress_line(halfway(), 30), " 50 %  500/1000  20/s  25 s left");
}

TEST(Progress, NeverPassesAHundredPercent) {
  Progress progress = halfway();
  progress.accepted = 5000;
  EXPECT_EQ(progress_line(progress, 0), "100 %  5010/1000  200/s");
}

TEST(Progress, CountsWithoutAGoal) {
  Progress progress = halfway();
  progress.goal = 0;
  progress.rejected = 2;
  EXPECT_EQ(progress_line(progress, 80), "502 events  20/s  2 rejected");
}

TEST(Progress, ShowsNoRateBeforeTimeHasPassed) {
  Progress progress;
  progress.goal = 10;
  EXPECT_EQ(progress_line(progress, 0), "  0 %  0/10  0/s");
}

TEST(Progress, SumsUp) {
  EXPECT_EQ(summary(halfway()), "490 accepted, 10 duplicates, 0 rejected in 25.0 s (20 events/s)");
}

TEST(Demo, PutsMoreEventsIntoARequestAtHighRates) {
  EXPECT_EQ(events_per_request(0.5), 1u);
  EXPECT_EQ(events_per_request(20), 1u);
  EXPECT_EQ(events_per_request(200), 10u);
  EXPECT_EQ(events_per_request(100'000), 500u);
}

TEST(Demo, RefusesARateThatIsNone) {
  DemoOptions options;
  options.rate = 0;
  EXPECT_EQ(demo(options), 2);
  options.rate = -5;
  EXPECT_EQ(demo(options), 2);
}

}  // namespace
}  // namespace kcloud::cli
