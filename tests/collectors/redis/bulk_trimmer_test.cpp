#include "collectors/redis/bulk_trimmer.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

namespace kcloud::redis {
namespace {

constexpr std::size_t kLimit = 100;

std::string bulk(const std::string& text) {
  return fmt::format("${}\r\n{}\r\n", text.size(), text);
}

std::string trimmed(std::string_view input, std::size_t step) {
  BulkTrimmer trimmer(kLimit);
  std::string out;
  for (std::size_t at = 0; at < input.size(); at += step) {
    trimmer.feed(input.substr(at, step), [&](std::string_view piece) { out += piece; });
  }
  return out;
}

TEST(BulkTrimmer, PassesWhatFits) {
  const std::string input = "+OK\r\n:12\r\n-ERR $500\r\n$-1\r\n$0\r\n\r\n*-1\r\n*2\r\n" +
                            bulk("$999999\r\n*5\r\n") + bulk(std::string(kLimit, 'x')) + ":1\r\n";
  for (std::size_t step : {1, 2, 3, 7, 1000}) EXPECT_EQ(trimmed(input, step), input) << step;
}

TEST(BulkTrimmer, CutsWhatDoesNotFitAndKeepsItsSize) {
  const std::string giant(54'321, 'y');
  const std::string just_over(kLimit + 1, 'z');
  const std::string input = "*3\r\n" + bulk("a") + bulk(giant) + bulk(just_over) + "+next\r\n";
  const std::string want = "*3\r\n" + bulk("a") +
                           bulk(std::string(81, 'y') + "00000000000000054321") +
                           bulk(std::string(81, 'z') + "00000000000000000101") + "+next\r\n";
  for (std::size_t step : {1, 2, 5, 64, 4096, 100'000}) {
    EXPECT_EQ(trimmed(input, step), want) << step;
  }
  const std::string cut = std::string(81, 'y') + "00000000000000054321";
  const auto text = original_text(cut, kLimit);
  EXPECT_TRUE(text.cut());
  EXPECT_EQ(text.size, 54'321u);
  EXPECT_EQ(text.bytes, std::string(81, 'y'));
  EXPECT_FALSE(original_text("whole", kLimit).cut());
  EXPECT_FALSE(original_text(std::string(kLimit, '1'), kLimit).cut());
}

TEST(BulkTrimmer, WhatIsNoRedisPassesInBoundedPieces) {
  std::mt19937 random(3);
  for (int i = 0; i < 2'000; ++i) {
    std::string input;
    for (std::size_t left = random() % 300; left > 0; --left) {
      input += "$*+-:0123456789\r\n\n\0ab"[random() % 21];
    }
    EXPECT_EQ(trimmed(input, 1), trimmed(input, 1000));
  }
  const std::string endless = "$" + std::string(10'000, '7');
  EXPECT_EQ(trimmed(endless, 100), endless);
}

}  // namespace
}  // namespace kcloud::redis
