#include "collectors/file/fingerprint.h"

#include <gtest/gtest.h>

#include <string>

namespace kcloud::file {
namespace {

TEST(Head, GrowsWithTheFile) {
  const std::string text(1000, 'x');
  const Head little = head_of("abc");
  EXPECT_EQ(little.length, 3u);
  EXPECT_TRUE(fits(little, "abcdef"));
  EXPECT_FALSE(fits(little, "ab"));
  EXPECT_FALSE(fits(little, "abX"));
  EXPECT_TRUE(fits(Head{}, "anything"));
  EXPECT_EQ(head_of(text).length, Head::kMaxHead);
  EXPECT_EQ(head_of(text), head_of(text.substr(0, Head::kMaxHead)));
}

TEST(Place, TellsFilesWithTheSameBeginningApart) {
  const std::string one = std::string(500, 'x') + "one", other = std::string(500, 'x') + "two";
  EXPECT_EQ(head_of(one), head_of(other));
  const Place place = place_at(one.size(), one);
  EXPECT_EQ(place.tail_length, Place::kMaxTail);
  EXPECT_TRUE(fits(place, one));
  EXPECT_FALSE(fits(place, other));
  EXPECT_FALSE(fits(place, "one"));
  EXPECT_TRUE(fits(place_at(3, "abc"), "abc"));
  EXPECT_TRUE(fits(Place{}, ""));
}

}  // namespace
}  // namespace kcloud::file
