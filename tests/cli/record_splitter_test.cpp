#include "agent/cli/record_splitter.h"

#include <gtest/gtest.h>

#include <string>

namespace kcloud::cli {
namespace {

struct Got {
  std::string text;
  std::uint64_t line;
  char kind;  // '.', 'L'arge, 'U'nfinished
  bool operator==(const Got&) const = default;
};
void PrintTo(const Got& got, std::ostream* out) {
  *out << got.line << got.kind << "'" << got.text << "'";
}
using Gots = std::vector<Got>;

// Feeds `text` in pieces of `piece` bytes, as a reader does.
Gots split(std::string_view text, std::size_t piece, std::size_t max = 40, std::size_t limit = 2) {
  RecordSplitter splitter(max, 5, 1);
  std::string buffer;
  Gots got;
  bool last = false;
  while (!last) {
    buffer += text.substr(0, piece);
    text.remove_prefix(std::min(piece, text.size()));
    last = text.empty();
    std::vector<Record> records;
    do {
      records.clear();
      const std::size_t used = splitter.split(buffer, last, limit, records);
      for (const auto& record : records) {
        got.push_back({buffer.substr(record.at, record.size), record.line,
                       record.too_large    ? 'L'
                       : record.unfinished ? 'U'
                                           : '.'});
      }
      buffer.erase(0, used);
    } while (records.size() == limit);
    EXPECT_LE(buffer.size(), max + piece);
  }
  EXPECT_TRUE(buffer.empty()) << buffer;
  return got;
}

void expect_split(std::string_view text, const Gots& wanted) {
  for (const std::size_t piece : {1U, 2U, 3U, 7U, 1000U}) {
    EXPECT_EQ(split(text, piece), wanted) << piece << " bytes at a time: " << text;
  }
}

TEST(RecordSplitter, Lines) {
  expect_split("", {});
  expect_split("\n \r\n\t\n", {});
  expect_split("{\"a\":1}\r\n\n{\"b\":[{}]}\n", {{"{\"a\":1}", 1, '.'}, {"{\"b\":[{}]}", 3, '.'}});
  expect_split("{\"a\":1}", {{"{\"a\":1}", 1, '.'}});
}

TEST(RecordSplitter, ObjectsBehindEachOtherAndOverLines) {
  expect_split("{}{} {}\n{}", {{"{}", 1, '.'}, {"{}", 1, '.'}, {"{}", 1, '.'}, {"{}", 2, '.'}});
  expect_split("{\n  \"a\": {\n  }\n}\n{}\n", {{"{\n  \"a\": {\n  }\n}", 1, '.'}, {"{}", 5, '.'}});
  expect_split("{\"a\":1\n}", {{"{\"a\":1\n}", 1, '.'}});
}

TEST(RecordSplitter, StringsHideBracketsAndQuotes) {
  expect_split(R"({"a":"}\"{"}{"\\":"}"})",
               {{R"({"a":"}\"{"})", 1, '.'}, {R"({"\\":"}"})", 1, '.'}});
}

TEST(RecordSplitter, ABrokenLineCostsItselfAlone) {
  expect_split("{\"a\":\"\n{\"b\":1}\n", {{"{\"a\":\"", 1, '.'}, {"{\"b\":1}", 2, '.'}});
  expect_split("{\"a\":\"\\\n{}\n", {{"{\"a\":\"\\", 1, '.'}, {"{}", 2, '.'}});
  expect_split("{\"a\":{\n{\"b\":1}\n", {{"{\"a\":{", 1, '.'}, {"{\"b\":1}", 2, '.'}});
  expect_split("no\n{}\n[1,2]\n}",
               {{"no", 1, '.'}, {"{}", 2, '.'}, {"[1,2]", 3, '.'}, {"}", 4, '.'}});
  expect_split("{\"a\":1}}\n{}", {{"{\"a\":1}", 1, '.'}, {"}", 1, '.'}, {"{}", 2, '.'}});
}

TEST(RecordSplitter, TheEndInsideARecordIsTold) {
  expect_split("{}\n{\"a\":", {{"{}", 1, '.'}, {"{\"a\":", 2, 'U'}});
  expect_split("{}\n{\"a\":\"x\n", {{"{}", 1, '.'}, {"{\"a\":\"x", 2, '.'}});
}

TEST(RecordSplitter, WhatIsTooLargeIsCutAndPassedOver) {
  const std::string large(1000, 'x');
  for (const std::size_t piece : {1U, 7U, 30U}) {
    EXPECT_EQ(split("{\"a\":\"" + large + "\"}\n{}\nno\n", piece),
              (Gots{{"{\"a\":", 1, 'L'}, {"{}", 2, '.'}, {"no", 3, '.'}}));
    EXPECT_EQ(split(large + "\n{}", piece), (Gots{{"xxxxx", 1, 'L'}, {"{}", 2, '.'}}));
    EXPECT_EQ(split(large, piece), (Gots{{"xxxxx", 1, 'L'}}));
  }
  // Over several lines: up to the next line that begins with `{`.
  std::string lines = "{\n";
  for (int i = 0; i < 50; ++i) lines += "  \"a\": {},\n";
  EXPECT_EQ(split(lines + "}\n{}", 7), (Gots{{"{\n  \"", 1, 'L'}, {"{}", 53, '.'}}));
}

}  // namespace
}  // namespace kcloud::cli
