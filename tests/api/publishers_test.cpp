#include "agent/api/publishers.h"

#include <gtest/gtest.h>

namespace kcloud::api {

namespace {

using namespace std::chrono_literals;

constexpr auto kTaken = std::nullopt;

TokenBucket bucket(std::uint32_t per_second, std::uint32_t burst) {
  TokenBucket made;
  made.configure({per_second, burst});
  return made;
}

}  // namespace

TEST(TokenBucket, WithoutAQuotaTakesAll) {
  TokenBucket open = bucket(0, 0);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(open.take(1'000'000, {}), kTaken);
}

TEST(TokenBucket, TakesTheBurstThenTheRate) {
  TokenBucket limited = bucket(10, 50);
  const TokenBucket::Time start{1000s};
  EXPECT_EQ(limited.take(50, start), kTaken);
  EXPECT_EQ(limited.take(1, start), 1s);
  EXPECT_EQ(limited.take(1, start + 99ms), 1s);
  EXPECT_EQ(limited.take(1, start + 100ms), kTaken);
  EXPECT_EQ(limited.take(30, start + 100ms), 3s);
  EXPECT_EQ(limited.take(50, start + 1h), kTaken);
  EXPECT_EQ(limited.take(1, start + 1h), 1s);
}

TEST(TokenBucket, TheBurstIsASecondsWorthUnlessGiven) {
  TokenBucket limited = bucket(10, 0);
  const TokenBucket::Time start{1000s};
  EXPECT_EQ(limited.take(10, start), kTaken);
  EXPECT_EQ(limited.take(10, start), 1s);
  EXPECT_EQ(limited.take(10, start + 1s), kTaken);
}

TEST(TokenBucket, MoreThanTheBurstIsTakenWhenFullAndPaidOff) {
  TokenBucket limited = bucket(10, 20);
  const TokenBucket::Time start{1000s};
  EXPECT_EQ(limited.take(100, start), kTaken);
  EXPECT_EQ(limited.take(1, start), 9s);  // 8.1
  EXPECT_EQ(limited.take(100, start + 9s), 1s);
  EXPECT_EQ(limited.take(100, start + 10s), kTaken);
}

TEST(TokenBucket, ARetryAfterThatLongSucceeds) {
  for (const std::uint32_t rate : {1u, 3u, 7u, 999u, 1'000'000'000u}) {
    for (const std::uint64_t events : {1ull, 2ull, 5ull, 1000ull, 1'000'000ull}) {
      TokenBucket limited = bucket(rate, 5);
      TokenBucket::Time now{12345678901234ns};
      for (int i = 0; i < 200; ++i) {
        if (const auto wait = limited.take(events, now)) {
          EXPECT_GE(*wait, 1s);
          now += *wait;
          ASSERT_EQ(limited.take(events, now), kTaken) << rate << " " << events;
        }
        now += 17ms;
      }
    }
  }
}

TEST(TokenBucket, HoldsTheRateOverTime) {
  TokenBucket limited = bucket(300, 300);
  const TokenBucket::Time start{1000s};
  std::uint64_t taken = 0;
  for (auto now = start; now < start + 100s; now += 1ms) taken += limited.take(1, now) ? 0 : 1;
  EXPECT_NEAR(static_cast<double>(taken), 300 * 101, 2);
}

TEST(TokenBucket, TellsWhenItIsEmptyTakesDebtsAndGivesBack) {
  TokenBucket limited = bucket(10, 20);
  const TokenBucket::Time start{1000s};
  EXPECT_EQ(bucket(0, 0).empty_for(start), kTaken);
  EXPECT_EQ(limited.empty_for(start), kTaken);
  EXPECT_EQ(limited.take(20, start), kTaken);
  EXPECT_EQ(limited.empty_for(start), 2s);  // for another 20
  EXPECT_EQ(limited.empty_for(start + 100ms), kTaken);
  limited.pay(30, start);
  EXPECT_EQ(limited.empty_for(start), 5s);
  limited.give_back(50);
  EXPECT_EQ(limited.take(20, start), kTaken);
}

TEST(Publishers, KeepTheirCountsAndDebtsAcrossConfigurations) {
  Publishers publishers;
  const TokenBucket::Time start{1000s};
  publishers.configure({{"anonymous", {}}, {"a", {10, 10}}, {"b", {}}});
  Publisher* a = &publishers.at(1);
  EXPECT_EQ(a->bucket.take(10, start), kTaken);
  a->accepted = 10;
  publishers.configure({{"anonymous", {}}, {"c", {}}, {"a", {5, 10}}});
  EXPECT_EQ(&publishers.at(2), a);
  EXPECT_EQ(a->accepted, 10u);
  EXPECT_EQ(a->bucket.take(10, start), 1s);
  EXPECT_EQ(publishers.all().size(), 4u);
}

}  // namespace kcloud::api
