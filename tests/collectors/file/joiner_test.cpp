#include "collectors/file/joiner.h"

#include <gtest/gtest.h>

namespace kcloud::file {
namespace {

LogRecord record(std::string_view text, bool partial, bool from_stderr = false) {
  return {core::from_nanos(static_cast<std::int64_t>(text.size())), from_stderr, partial, text};
}

TEST(Joiner, JoinsEachStreamForItself) {
  Joiner joiner;
  EXPECT_FALSE(joiner.add(record("a", true), 10, 100));
  EXPECT_TRUE(joiner.begins_at(10));
  EXPECT_FALSE(joiner.add(record("xx", true, true), 20, 100));
  EXPECT_FALSE(joiner.add(record("bb", true), 30, 100));
  EXPECT_FALSE(joiner.begins_at(30));
  EXPECT_EQ(joiner.oldest(), 10u);
  auto line = joiner.add(record("ccc", false), 40, 100);
  ASSERT_TRUE(line);
  EXPECT_EQ(line->text, "abbccc");
  EXPECT_EQ(line->offset, 10u);
  EXPECT_EQ(core::to_nanos(line->time), 1);
  EXPECT_EQ(joiner.oldest(), 20u);
  line = joiner.add(record("", false, true), 50, 100);
  ASSERT_TRUE(line);
  EXPECT_EQ(line->text, "xx");
  EXPECT_FALSE(joiner.oldest());
}

TEST(Joiner, IsBounded) {
  Joiner joiner;
  EXPECT_FALSE(joiner.add(record("0123456", true), 0, 10));
  EXPECT_FALSE(joiner.add(record("789AB", true), 1, 10));
  const auto line = joiner.add(record("C", false), 2, 10);
  ASSERT_TRUE(line);
  EXPECT_TRUE(line->too_long);
  EXPECT_EQ(line->text, "0123456789");
  const auto single = joiner.add(record("0123456789ABC", false), 3, 10);
  ASSERT_TRUE(single);
  EXPECT_TRUE(single->too_long);
}

TEST(Joiner, GivesWhatIsThere) {
  Joiner joiner;
  EXPECT_FALSE(joiner.add(record("a", true), 0, 10));
  EXPECT_FALSE(joiner.add(record("b", true, true), 1, 10));
  EXPECT_EQ(joiner.rest()->text, "a");
  EXPECT_EQ(joiner.rest()->text, "b");
  EXPECT_FALSE(joiner.rest());
}

}  // namespace
}  // namespace kcloud::file
