#include <gmock/gmock.h>

#include "core/decode.h"

namespace kcloud::core {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Shape = Split::Shape;

TEST(Split, OneObject) {
  const Split split = split_json(" {\"a\": [1, \"}\"]}\r\n", false);
  EXPECT_EQ(split.shape, Shape::kObject);
  EXPECT_THAT(split.elements, ElementsAre("{\"a\": [1, \"}\"]}"));
}

TEST(Split, ArrayElements) {
  const Split split =
      split_json("\xEF\xBB\xBF[ {\"a\":\"\\\"]\"} ,\n{\"b\":[{}]}, 3, \"x,y\" ]\n", false);
  EXPECT_EQ(split.shape, Shape::kArray);
  EXPECT_THAT(split.elements, ElementsAre("{\"a\":\"\\\"]\"}", "{\"b\":[{}]}", "3", "\"x,y\""));
  EXPECT_THAT(split_json("[]", false).elements, IsEmpty());
  EXPECT_EQ(split_json("[ ]", false).error, "");
}

TEST(Split, LinesAndConcatenatedObjects) {
  EXPECT_THAT(split_json("{\"a\":1}\n\n{\"b\":2}\r\n", true).elements,
              ElementsAre("{\"a\":1}", "{\"b\":2}"));
  const Split split = split_json("{\"a\":1}{\"b\":2}\n{\"c\":3}", false);
  EXPECT_EQ(split.shape, Shape::kLines);
  EXPECT_THAT(split.elements, ElementsAre("{\"a\":1}", "{\"b\":2}", "{\"c\":3}"));
}

TEST(Split, ABrokenLineStaysOneLine) {
  EXPECT_THAT(split_json("{\"a\":\n{\"b\":2}\nrubbish\n", true).elements,
              ElementsAre("{\"a\":", "{\"b\":2}", "rubbish"));
}

TEST(Split, SaysWhereAndWhatWasFound) {
  const struct {
    const char* text;
    const char* want;
  } cases[] = {
      {"", "empty"},
      {"  \n", "empty"},
      {"hello", "expected '{' or '[' at byte 0: found 'h'"},
      {"[1,]", "an element of the array is missing at byte 3: found ']'"},
      {"[,1]", "an element of the array is missing at byte 1: found ','"},
      {"[{\"a\":1}", "expected ']' at byte 8: found the end of the text"},
      {"[{\"a\":1", "not closed"},
      {"[1}", "expected ',' or ']' at byte 2: found '}'"},
      {"[1] x", "text behind the array at byte 4: found 'x'"},
      {"{\"a\":1} x", "expected '{' at byte 8: found 'x'"},
      {"{\"a\":\"", "not closed"},
      {"\x01", "found byte 0x01"},
  };
  for (const auto& [text, want] : cases) {
    const Split split = split_json(text, false);
    EXPECT_THAT(split.error, HasSubstr(want)) << text;
    EXPECT_THAT(split.elements, IsEmpty()) << text;
  }
}

TEST(Split, StopsBehindTheMostThatIsAskedFor) {
  for (const char* text : {"[1,2,3]", "{}{}{}", "{}\n{}\n{}\n"}) {
    const bool lines = text[2] == '\n';
    EXPECT_EQ(split_json(text, lines, 3).elements.size(), 3U) << text;
    EXPECT_FALSE(split_json(text, lines, 3).too_many) << text;
    EXPECT_TRUE(split_json(text, lines, 2).too_many) << text;
    EXPECT_THAT(split_json(text, lines, 2).elements, IsEmpty()) << text;
  }
}

TEST(Split, DeepNestingIsLinearAndDoesNotRecurse) {
  const std::string deep = std::string(1'000'000, '[') + std::string(1'000'000, ']');
  EXPECT_EQ(split_json(deep, false).elements.size(), 1U);
  EXPECT_THAT(split_json(std::string(1'000'000, '['), false).error, HasSubstr("not closed"));
}

}  // namespace
}  // namespace kcloud::core
