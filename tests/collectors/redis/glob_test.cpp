#include "collectors/redis/glob.h"

#include <gtest/gtest.h>

#include <string>

namespace kcloud::redis {
namespace {

// What redis-server 7.0 does; glob_server_test.cpp asks it.
TEST(Glob, MatchesAsRedisDoes) {
  const struct {
    std::string_view pattern, text;
    bool want;
  } cases[] = {
      {"kcloud:events:*", "kcloud:events:metrics:updated", true},
      {"kcloud:events:*", "kcloud:events:", true},
      {"kcloud:events:*", "kcloud:events", false},
      {"kcloud:events:*", "KCLOUD:events:x", false},
      {"kcloud:events:cluster:*:metrics", "kcloud:events:cluster:gpu:01:metrics", true},
      {"kcloud:events:cluster:*:metrics", "kcloud:events:cluster::metrics", true},
      {"kcloud:events:cluster:*:metrics", "kcloud:events:cluster:gpu:metrics2", false},
      {"*", "", false},
      {"", "", true},
      {"", "a", false},
      {"a", "", false},
      {"**", "a", true},
      {"a*b*c", "axxbyyc", true},
      {"a*b*c", "axxbyycz", false},
      {"*a", "aaaa", true},
      {"a**", "a", true},
      {"?", "a", true},
      {"?", "ab", false},
      {"a?c", "a\0c", false},
      {"h[ae]llo", "hello", true},
      {"h[ae]llo", "hillo", false},
      {"h[^e]llo", "hallo", true},
      {"h[^e]llo", "hello", false},
      {"h[a-c]llo", "hbllo", true},
      {"h[c-a]llo", "hbllo", true},
      {"h[a-c]llo", "hdllo", false},
      {"[a-]x", "]x", false},
      {"[a-]", "b", false},
      {"[a", "a", true},
      {"[a", "b", false},
      {"[", "[", false},
      {"[^", "a", true},
      {"[]", "]", false},
      {"[^]", "a", true},
      {"[\\]]", "]", true},
      {"[\\", "\\", true},
      {"a\\*c", "a*c", true},
      {"a\\*c", "abc", false},
      {"a\\", "a\\", true},
      {"\\a", "a", true},
  };
  for (const auto& [pattern, text, want] : cases) {
    EXPECT_EQ(glob_match(pattern, text), want) << pattern << " against " << text;
  }
}

TEST(Glob, TakesLinearlyManyStepsForManyStars) {
  std::string pattern;
  for (int i = 0; i < 200; ++i) pattern += "*a";
  EXPECT_FALSE(glob_match(pattern + "b", std::string(50'000, 'a')));
}

TEST(Glob, KnowsWhatIsAPattern) {
  EXPECT_FALSE(is_glob("kcloud:events:metrics"));
  for (const char* text : {"a*", "a?", "[a]", "a\\b"}) EXPECT_TRUE(is_glob(text)) << text;
}

}  // namespace
}  // namespace kcloud::redis
