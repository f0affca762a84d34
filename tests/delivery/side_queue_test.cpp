#include "agent/delivery/side_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace kcloud::delivery {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct SideQueueTest : ::testing::Test {
  SideQueue queue;
  std::vector<std::string> answers;

  SideJob job(const std::string& name) {
    return {std::make_shared<core::EventBatch>(), [this, name](const SideResult& result) {
              answers.push_back(name + ": " + (result.answered ? "answered" : result.reason));
            }};
  }
  bool push(const std::string& name) {
    SideJob pushed = job(name);
    return queue.push(pushed);
  }
};

TEST_F(SideQueueTest, GivesJobsInTheirOrder) {
  EXPECT_FALSE(queue.take());
  ASSERT_TRUE(push("a"));
  ASSERT_TRUE(push("b"));
  queue.take()->done({true, {}, {}});
  queue.take()->done({true, {}, {}});
  EXPECT_FALSE(queue.take());
  EXPECT_THAT(answers, ElementsAre("a: answered", "b: answered"));
}

TEST_F(SideQueueTest, AFullOneLeavesTheJobToItsOwner) {
  int taken = 0;
  while (taken < 100 && push("x")) ++taken;
  EXPECT_EQ(taken, 4);
  SideJob one = job("more");
  EXPECT_FALSE(queue.push(one));
  ASSERT_TRUE(one.done) << "it is still there to be answered";
  EXPECT_THAT(answers, IsEmpty());
  queue.take();
  EXPECT_TRUE(queue.push(one));
}

TEST_F(SideQueueTest, AWaitEndsWithAnArrivalAndOnlyThen) {
  const auto first = queue.arrival();
  EXPECT_FALSE(first.stop_requested());
  push("a");
  EXPECT_TRUE(first.stop_requested());
  EXPECT_TRUE(queue.arrival().stop_requested()) << "it waits still";
  push("b");
  queue.take();
  EXPECT_TRUE(queue.arrival().stop_requested()) << "another waits";
  queue.take();
  EXPECT_FALSE(queue.arrival().stop_requested());
}

TEST_F(SideQueueTest, AwakeItNeverLetsWait) {
  const auto token = queue.arrival();
  queue.wake();
  EXPECT_TRUE(token.stop_requested());
  EXPECT_TRUE(queue.arrival().stop_requested());
}

TEST_F(SideQueueTest, ClosedItAnswersWhatWaitsAndTakesNothing) {
  push("a");
  push("b");
  queue.close();
  EXPECT_THAT(answers, ElementsAre("a: the exporter stops", "b: the exporter stops"));
  EXPECT_FALSE(push("c"));
  EXPECT_FALSE(queue.take());
  queue.close();
  EXPECT_EQ(answers.size(), 2u);
}

// Answers come from outside of the lock: who is told may push at once.
TEST_F(SideQueueTest, WhoIsToldAtTheEndMayPush) {
  bool pushed = true;
  SideJob last{std::make_shared<core::EventBatch>(),
               [&](const SideResult&) { pushed = push("again"); }};
  ASSERT_TRUE(queue.push(last));
  queue.close();
  EXPECT_FALSE(pushed);
}

TEST(SideQueue, EachJobIsTakenOrAnsweredOnceWhoeverPushes) {
  SideQueue queue;
  std::atomic<int> pushed{0}, done{0};
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 2000; ++n) {
        SideJob job{std::make_shared<core::EventBatch>(), [&](const SideResult&) { ++done; }};
        if (queue.push(job)) ++pushed;
      }
    });
  }
  std::jthread taker([&](std::stop_token stop) {
    while (!stop.stop_requested())
      if (auto job = queue.take()) job->done({true, {}, {}});
  });
  threads.clear();
  taker.request_stop();
  taker.join();
  queue.close();
  EXPECT_GT(pushed, 0);
  EXPECT_EQ(done, pushed);
}

}  // namespace
}  // namespace kcloud::delivery
