#include <gtest/gtest.h>
#include <hiredis/hiredis.h>

#include <memory>
#include <random>
#include <set>

#include "collectors/redis/glob.h"
#include "tests/support/redis_server.h"

namespace kcloud::redis {
namespace {

// A subscriber with one pattern receives or does not: PUBLISH says how many did.
TEST(GlobAgainstRedis, PublishReachesJustTheMatchingPatterns) {
  test_support::RedisServer server;
  std::mt19937 random(7);
  const auto word = [&random](std::string_view letters, std::size_t longest) {
    std::string text;
    for (std::size_t left = 1 + random() % longest; left > 0; --left) {
      text += letters[random() % letters.size()];
    }
    return text;
  };
  std::set<std::string> patterns{"[", "[^", "[a-]", "[\\", "a\\", "**", "[]a]", "[^]a]"};
  while (patterns.size() < 3'000) patterns.insert(word("ab:*?[]^-\\c", 8));
  const std::unique_ptr<redisContext, void (*)(redisContext*)> subscriber(
      redisConnect("127.0.0.1", server.port()), redisFree);
  for (const auto& pattern : patterns) {
    redisAppendCommand(subscriber.get(), "PSUBSCRIBE %b", pattern.data(), pattern.size());
  }
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    void* reply = nullptr;
    ASSERT_EQ(redisGetReply(subscriber.get(), &reply), REDIS_OK);
    freeReplyObject(reply);
  }
  for (int i = 0; i < 400; ++i) {
    const std::string channel = i == 0 ? "" : word("ab:c-]^\\*", 7);
    long long want = 0;
    for (const auto& pattern : patterns) want += glob_match(pattern, channel) ? 1 : 0;
    EXPECT_EQ(server.number({"PUBLISH", channel, "x"}), want) << channel;
  }
}

}  // namespace
}  // namespace kcloud::redis
