#include "agent/delivery/batch_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <set>

namespace kcloud::delivery {
namespace {

using core::Delivery;
using ::testing::ElementsAre;

std::vector<core::Event> make_events(std::size_t count) {
  std::vector<core::Event> events(count);
  for (std::size_t i = 0; i < count; ++i) events[i].seq = i + 1;
  return events;
}

std::vector<std::uint64_t> refused_seqs(const BatchPlan& plan) {
  std::vector<std::uint64_t> seqs;
  for (const auto& item : plan.refused()) seqs.push_back(item.event->seq);
  std::ranges::sort(seqs);
  return seqs;
}

// A sink that refuses any range with a poisoned event in it; counts what it stored and was asked.
struct Sink {
  std::set<std::uint64_t> poison;
  bool points = false;  // names suspects
  std::multiset<std::uint64_t> stored;
  int requests = 0;

  Delivery deliver(std::span<const core::Event> events) {
    ++requests;
    Delivery answer = Delivery::bisect("poison");
    for (std::size_t i = 0; i < events.size(); ++i)
      if (poison.contains(events[i].seq)) answer.suspects.push_back(i);
    if (answer.suspects.empty()) {
      for (const auto& event : events) stored.insert(event.seq);
      return Delivery::delivered();
    }
    if (points && answer.suspects.size() == events.size()) {
      auto all = Delivery::delivered();
      for (std::size_t i = 0; i < events.size(); ++i) all.rejected.push_back({i, "poison"});
      return all;
    }
    if (!points) answer.suspects.clear();
    return answer;
  }

  BatchPlan run(std::vector<core::Event>& events) {
    BatchPlan plan(events);
    while (!plan.done()) plan.apply(deliver(plan.next()));
    return plan;
  }
};

TEST(BatchPlan, AnEmptyBatchIsDone) {
  std::vector<core::Event> none;
  EXPECT_TRUE(BatchPlan(none).done());
}

TEST(BatchPlan, ACleanBatchIsOneRequest) {
  auto events = make_events(1000);
  Sink sink;
  EXPECT_TRUE(sink.run(events).refused().empty());
  EXPECT_EQ(sink.requests, 1);
  EXPECT_EQ(sink.stored.size(), 1000u);
}

TEST(BatchPlan, OnePoisonedOfAThousandIsFoundInLogarithmicallyManyRequests) {
  for (const std::uint64_t bad : {1u, 2u, 499u, 500u, 501u, 1000u}) {
    auto events = make_events(1000);
    Sink sink{{bad}};
    const auto plan = sink.run(events);
    EXPECT_THAT(refused_seqs(plan), ElementsAre(bad));
    EXPECT_EQ(plan.refused().front().reason, "poison");
    EXPECT_EQ(sink.stored.size(), 999u);
    EXPECT_LE(sink.requests, 21);
  }
}

TEST(BatchPlan, HundredsOfRandomPoisonings) {
  std::mt19937 random(1);
  for (int round = 0; round < 500; ++round) {
    const std::size_t count = 1 + random() % 300;
    auto events = make_events(count);
    Sink sink;
    sink.points = round % 2 == 0;
    for (std::size_t k = random() % 8; k > 0; --k) sink.poison.insert(1 + random() % count);
    const auto plan = sink.run(events);
    EXPECT_EQ(refused_seqs(plan),
              std::vector<std::uint64_t>(sink.poison.begin(), sink.poison.end()));
    EXPECT_EQ(sink.stored.size() + sink.poison.size(), count) << "each exactly once";
    EXPECT_EQ(std::set(sink.stored.begin(), sink.stored.end()).size(), sink.stored.size());
    const double depth = std::ceil(std::log2(static_cast<double>(count))) + 1;
    EXPECT_LE(sink.requests, 1 + 2 * depth * static_cast<double>(sink.poison.size()));
  }
}

TEST(BatchPlan, AWholeTypeRefusedCostsThreeRequests) {
  auto events = make_events(2000);
  Sink sink;
  sink.points = true;
  for (std::uint64_t seq = 1; seq <= 2000; seq += 2) sink.poison.insert(seq);
  const auto plan = sink.run(events);
  EXPECT_EQ(plan.refused().size(), 1000u);
  EXPECT_EQ(sink.stored.size(), 1000u);
  EXPECT_EQ(sink.requests, 3);
}

TEST(BatchPlan, ItemsTheSinkNamesAreRefusedAndTheRestIsDone) {
  auto events = make_events(5);
  BatchPlan plan(events);
  plan.apply(Delivery::delivered({{3, "b"}, {1, "a"}, {3, "again"}}));
  EXPECT_TRUE(plan.done());
  EXPECT_THAT(refused_seqs(plan), ElementsAre(2, 4));
}

TEST(BatchPlan, RetryAndHoldKeepTheRange) {
  auto events = make_events(4);
  BatchPlan plan(events);
  plan.apply(Delivery::bisect("x"));
  for (const auto& answer : {Delivery::retry("down"), Delivery::hold("401")}) {
    plan.apply(answer);
    ASSERT_FALSE(plan.done());
    EXPECT_EQ(plan.next().size(), 2u);
    EXPECT_EQ(plan.next().front().seq, 1u);
  }
}

TEST(BatchPlan, AnItemOutsideTheRangeIsAnErrorAndLosesNothing) {
  auto events = make_events(2);
  BatchPlan plan(events);
  EXPECT_THROW(plan.apply(Delivery::delivered({{2, "x"}})), std::logic_error);
  auto suspecting = Delivery::bisect("x");
  suspecting.suspects = {9};
  EXPECT_THROW(plan.apply(suspecting), std::logic_error);
  EXPECT_EQ(plan.next().size(), 2u);
  EXPECT_TRUE(plan.refused().empty());
}

}  // namespace
}  // namespace kcloud::delivery
