#include "core/json.h"

#include <gtest/gtest.h>

#include <cmath>

namespace kcloud::core {
namespace {

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string number(double value) {
  std::string out;
  append_json_number(out, value);
  return out;
}

TEST(Json, EscapesWhatMustBeAndLeavesTheRest) {
  EXPECT_EQ(quoted("최적 전력 효율성"), "\"최적 전력 효율성\"");
  EXPECT_EQ(quoted("a\"b\\c\n\t\r\b\f"), R"("a\"b\\c\n\t\r\b\f")");
  EXPECT_EQ(quoted(std::string_view("\x01\x1f\0", 3)), R"("\u0001\u001f\u0000")");
  EXPECT_EQ(quoted(""), "\"\"");
}

TEST(Json, BytesThatAreNoUtf8AreReplaced) {
  EXPECT_EQ(quoted("a\xff"
                   "b"),
            "\"a\uFFFDb\"");
  EXPECT_EQ(quoted("\xed\xa0\x80"), "\"\uFFFD\uFFFD\uFFFD\"");
  EXPECT_EQ(quoted("\xed\x95"), "\"\uFFFD\uFFFD\"");
  EXPECT_EQ(quoted("한\xed\x95"
                   "글\n"),
            "\"한\uFFFD\uFFFD글\\n\"");
  EXPECT_EQ(quoted("\xc3"), "\"\uFFFD\"");
}

TEST(Json, NumbersReadBackTheSame) {
  for (const double value : {15.6, 0.1, 1e22, -3.5e-10, 0.0, 1200.0})
    EXPECT_EQ(std::stod(number(value)), value);
  EXPECT_EQ(number(15.6), "15.6");
  EXPECT_EQ(number(NAN), "null");
  EXPECT_EQ(number(INFINITY), "null");
}

TEST(Json, TextAtWalksObjectsAndArrays) {
  const std::string_view json = R"({"a":{"b":["x",{"c":"한글"}]},"n":1.5,"t":true})";
  EXPECT_EQ(json_text_at(json, "a.b.1.c"), "한글");
  EXPECT_EQ(json_text_at(json, "a.b.0"), "x");
  EXPECT_EQ(json_text_at(json, "n"), "1.5");
  EXPECT_EQ(json_text_at(json, "t"), "true");
  EXPECT_EQ(json_text_at(json, "a.x"), "");
  EXPECT_EQ(json_text_at("{", "a"), "");
  EXPECT_EQ(json_text_at(R"({"a.b":{"c":1}})", {"a.b", "c"}), "1");
  EXPECT_EQ(json_text_at(R"({"a.b":{"c":1}})", {"a.b", "x"}), "");
  EXPECT_EQ(json_text_at("{", {"a"}), "");
}

}  // namespace
}  // namespace kcloud::core
