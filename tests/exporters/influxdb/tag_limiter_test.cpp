#include "exporters/influxdb/tag_limiter.h"

#include <gtest/gtest.h>

#include <string>

namespace kcloud::influxdb {
namespace {

TEST(TagLimiter, AdmitsUpToTheCapAndThenOnlyWhatItKnows) {
  TagLimiter limiter(2);
  const auto key = limiter.add_key();
  EXPECT_TRUE(limiter.admit(key, "a"));
  EXPECT_TRUE(limiter.admit(key, "b"));
  EXPECT_FALSE(limiter.admit(key, "c"));
  EXPECT_TRUE(limiter.admit(key, "a"));
}

TEST(TagLimiter, KeysAreCountedApart) {
  TagLimiter limiter(1);
  const auto one = limiter.add_key();
  const auto two = limiter.add_key();
  EXPECT_TRUE(limiter.admit(one, "a"));
  EXPECT_TRUE(limiter.admit(two, "b"));
  EXPECT_FALSE(limiter.admit(two, "a"));
}

TEST(TagLimiter, AMillionValuesStayAtTheCap) {
  TagLimiter limiter(1000);
  const auto key = limiter.add_key();
  int admitted = 0;
  for (int i = 0; i < 1'000'000; ++i) admitted += limiter.admit(key, std::to_string(i)) ? 1 : 0;
  EXPECT_EQ(admitted, 1000);
}

}  // namespace
}  // namespace kcloud::influxdb
