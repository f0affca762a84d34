#include "agent/cli/styled.h"

#include <gtest/gtest.h>

#include "agent/cli/terminal.h"

namespace kcloud::cli {
namespace {

std::string plain(const Line& line) { return to_terminal(line, false); }

std::vector<std::string> plain(const std::vector<Line>& lines) {
  std::vector<std::string> out;
  for (const Line& line : lines) out.push_back(plain(line));
  return out;
}

TEST(DisplayWidth, CountsColumns) {
  struct {
    const char* text;
    std::size_t want;
  } cases[] = {{"", 0},       {"abc", 3},          {"전력", 4},     {"e\u0301", 1},
               {"→ é", 3},    {"█▇", 2},           {"a\x1b[2J", 5}, {"\xff\xfe", 2},
               {"한\xed", 3}, {"日本語 text", 11}, {"\u200b", 0}};
  for (const auto& one : cases) EXPECT_EQ(display_width(one.text), one.want) << one.text;
}

TEST(Fit, CutsBetweenCharacters) {
  struct {
    const char* text;
    std::size_t width;
    const char* want;
  } cases[] = {{"abc", 3, "abc"},
               {"abcd", 3, "ab…"},
               {"abc", 1, "…"},
               {"abc", 0, ""},
               {"최적 전력", 9, "최적 전력"},
               {"최적 전력", 8, "최적 전…"},
               {"최적 전력", 4, "최…"},
               {"최적", 3, "최…"},
               {"최적", 2, "…"},
               {"a\x1b[2Jb", 9, "a [2Jb"},
               {"a\xff", 2, "a?"},
               {"a\nb", 3, "a b"},
               {"", 0, ""},
               {"", 5, ""}};
  for (const auto& one : cases) {
    EXPECT_EQ(fit(one.text, one.width), one.want) << one.text << " in " << one.width;
    EXPECT_LE(display_width(fit(one.text, one.width)), one.width) << one.text;
  }
}

TEST(PlainKeys, PassOverArrowsAndFunctionKeys) {
  EXPECT_EQ(plain_keys("q"), "q");
  EXPECT_EQ(plain_keys("\x1b[Ah\x1bOPp\x1b[15~+"), "hp+");
  EXPECT_EQ(plain_keys("\x1b"), "\x1b");
  EXPECT_EQ(plain_keys("\x1b["), "");
  EXPECT_EQ(plain_keys("\x1b[1;5"), "");
}

TEST(Pad, FillsToTheWidth) {
  EXPECT_EQ(pad("전력", 6), "전력  ");
  EXPECT_EQ(pad("7", 3, true), "  7");
  EXPECT_EQ(pad("전력", 3), "전…");
  EXPECT_EQ(pad("전력", 2), "… ");
}

TEST(Cut, KeepsTheFirstColumns) {
  const Line line = {{"ab", Style::kBold}, {"전력"}, {"cd"}};
  EXPECT_EQ(plain(cut(line, 8)), "ab전력cd");
  EXPECT_EQ(plain(cut(line, 7)), "ab전력…");
  EXPECT_EQ(plain(cut(line, 5)), "ab전…");
  EXPECT_EQ(plain(cut(line, 0)), "");
}

TEST(ToTerminal, ColoursOnlyWhenWanted) {
  const Line line = {{"a", Style::kBad}, {"b"}};
  EXPECT_EQ(to_terminal(line, true), "\x1b[1;31ma\x1b[0mb");
  EXPECT_EQ(to_terminal(line, false), "ab");
}

TEST(Flow, StartsALineWhenAPieceDoesNotFit) {
  const std::vector<Line> pieces = {{{"aaa"}}, {{"b"}, {"b"}}, {{"전력"}}};
  EXPECT_EQ(plain(flow(pieces, 80, 9)), (std::vector<std::string>{"aaa  bb  전력"}));
  EXPECT_EQ(plain(flow(pieces, 12, 9)), (std::vector<std::string>{"aaa  bb", "전력"}));
  EXPECT_EQ(plain(flow(pieces, 4, 9)), (std::vector<std::string>{"aaa", "bb", "전력"}));
  EXPECT_EQ(plain(flow(pieces, 4, 2)), (std::vector<std::string>{"aaa", "bb"}));
}

TEST(Table, LeavesOutTheLeastImportantColumns) {
  const std::vector<Column> columns = {
      {"NAME", false, 0, 5}, {"state", false}, {"rate", true, 1}, {"errors", true, 2}};
  const std::vector<Line> rows = {{{"전력-influx"}, {"idle"}, {"1,234"}, {"0"}},
                                  {{"b"}, {"holding"}, {"5"}, {"12"}}};
  EXPECT_EQ(plain(table(columns, rows, 80)),
            (std::vector<std::string>{"NAME         state     rate  errors",
                                      "전력-influx  idle     1,234       0",
                                      "b            holding      5      12"}));
  EXPECT_EQ(plain(table(columns, rows, 33)),
            (std::vector<std::string>{"NAME       state     rate  errors",
                                      "전력-inf…  idle     1,234       0",
                                      "b          holding      5      12"}));
  EXPECT_EQ(plain(table(columns, rows, 20)),
            (std::vector<std::string>{"NAME         state  ", "전력-influx  idle   ",
                                      "b            holding"}));
}

}  // namespace
}  // namespace kcloud::cli
