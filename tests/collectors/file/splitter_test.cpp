#include "collectors/file/splitter.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace kcloud::file {
namespace {

using Lines = std::vector<std::string>;

// As the collector does it: `chunk` bytes from the offset on; more when they hold no whole line.
Lines read_in_chunks(const std::string& text, std::size_t chunk, std::size_t max_line) {
  Lines lines;
  std::size_t offset = 0, most = chunk;
  bool skipping = false;
  while (true) {
    Splitter splitter(std::string_view(text).substr(offset, most), max_line, skipping);
    while (const auto line = splitter.next())
      lines.push_back((line->too_long ? "!" : "") + std::string(line->text));
    skipping = splitter.skipping();
    offset += splitter.consumed();
    if (splitter.consumed() > 0) {
      most = chunk;
    } else if (offset + most >= text.size()) {
      break;
    } else {
      ++most;
    }
  }
  Splitter splitter(std::string_view(text).substr(offset), max_line, skipping);
  if (const auto line = splitter.rest())
    lines.push_back((line->too_long ? "!" : "") + std::string(line->text));
  return lines;
}

TEST(Splitter, EveryChunkingGivesTheSame) {
  struct Case {
    std::string text;
    Lines lines;
  };
  const Case cases[] = {{"", {}},
                        {"a", {"a"}},
                        {"a\nbc\n", {"a", "bc"}},
                        {"a\r\n\r\n\n b\n", {"a", " b"}},
                        {"a\n\nlast", {"a", "last"}},
                        {std::string("\0\0\0a\n\0b\0c\n\0\0", 12), {"a", std::string("b\0c", 3)}},
                        {"0123456789\nx\n", {"0123456789", "x"}},
                        {"0123456789A\nx\n", {"!0123456789", "x"}},
                        {"x\n0123456789ABCDEF0123456789\ny\nz", {"x", "!0123456789", "y", "z"}},
                        {"0123456789ABCDEF", {"!0123456789"}}};
  for (const auto& one : cases)
    for (std::size_t chunk = 1; chunk <= one.text.size() + 1; ++chunk)
      EXPECT_EQ(read_in_chunks(one.text, chunk, 10), one.lines) << one.text << " by " << chunk;
}

TEST(Splitter, SaysWhereALineBegins) {
  Splitter splitter(std::string_view("rest\n\nab\ncd", 11), 100, true);
  const auto line = splitter.next();
  ASSERT_TRUE(line);
  EXPECT_EQ(line->at, 6u);
  EXPECT_EQ(line->text, "ab");
  EXPECT_FALSE(splitter.next());
  EXPECT_EQ(splitter.consumed(), 9u);
}

}  // namespace
}  // namespace kcloud::file
