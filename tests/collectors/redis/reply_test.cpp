#include "collectors/redis/reply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kcloud::redis {
namespace {

using ::testing::HasSubstr;

TEST(EntryId, IsReadAndWritten) {
  const struct {
    const char* text;
    bool good;
  } cases[] = {{"1736937000000-0", true},
               {"0-1", true},
               {"18446744073709551615-18446744073709551615", true},
               {"18446744073709551616-0", false},
               {"1736937000000", false},
               {"-1", false},
               {"1-", false},
               {"1-2-3", false},
               {"", false},
               {"a-b", false}};
  for (const auto& [text, good] : cases) {
    const auto id = parse_entry_id(text);
    EXPECT_EQ(id.has_value(), good) << text;
    if (id) {
      EXPECT_EQ(to_string(*id), text);
    }
  }
}

TEST(EntryId, IsATimeWhereItCanBe) {
  EXPECT_EQ(core::format_time(*entry_time({1'736'937'000'123, 4})), "2025-01-15T10:30:00.123Z");
  EXPECT_FALSE(entry_time({1, 1}));
  EXPECT_FALSE(entry_time({18'446'744'073'709'551'615ull, 0}));
}

TEST(Explain, ErrorsCarryAHint) {
  const struct {
    const char* error;
    const char* hint;
  } cases[] = {
      {"NOAUTH Authentication required.", "`password`"},
      {"WRONGPASS invalid username-password pair or user is disabled.", "`username`"},
      {"NOPERM this user has no permissions to run the 'subscribe' command", "ACL SETUSER"},
      {"WRONGTYPE Operation against a key holding the wrong kind of value", "`streams`"},
      {"LOADING Redis is loading the dataset in memory", "tried again"},
      {"READONLY You can't write against a read only replica.", "primary"},
      {"MOVED 3999 127.0.0.1:6381", "node that has the key"},
      {"ERR DB index is out of range", "`database`"},
      {"ERR unknown command 'XAUTOCLAIM', with args beginning with:", "6.2"},
  };
  for (const auto& [error, hint] : cases) {
    EXPECT_THAT(explain(error), ::testing::StartsWith(error));
    EXPECT_THAT(explain(error), HasSubstr(hint));
  }
  EXPECT_EQ(explain("ERR something else"), "ERR something else");
}

}  // namespace
}  // namespace kcloud::redis
