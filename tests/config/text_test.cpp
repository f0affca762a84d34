#include "config/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "config/yaml.h"
#include "environment.h"

namespace kcloud::config {
namespace {

Text value_of(const std::string& yaml, const std::string& key = "k") {
  Problems problems;
  Section root = Section::parse(yaml, "f.yaml", problems);
  Text text;
  root.read(key, text);
  EXPECT_EQ(all(problems), "");
  return text;
}

struct Case {
  std::string name;
  std::string yaml;
  std::string word;  // in the value
  Place want;
};

TEST(Text, PlaceOfAWordInEveryStyle) {
  const std::vector<Case> cases = {
      {"plain", "k: one two\n", "two", {1, 8}},
      {"plain over lines", "k: one\n   two\n  three\n", "three", {3, 3}},
      {"plain with an empty line", "k: one\n\n   two\n", "two", {3, 4}},
      {"single quotes", "k: 'one two'\n", "two", {1, 9}},
      {"doubled quotes", "k: 'it''s two'\n", "two", {1, 11}},
      {"doubled quote itself", "k: 'it''s two'\n", "'", {1, 7}},
      {"single quotes over lines", "k: 'one\n    two'\n", "two", {2, 5}},
      {"double quotes", "k: \"one two\"\n", "two", {1, 9}},
      {"escaped quotes", R"(k: "a \"b\" two")", "two", {1, 13}},
      {"escaped line end", "k: \"one\\n two\"\n", "two", {1, 11}},
      {"escaped break", "k: \"one \\\n   two\"\n", "two", {2, 4}},
      {"escaped character", "k: \"\\uD55C\\u00e9 two\"\n", "two", {1, 18}},
      {"escaped tab", "k: \"a\\tb\"\n", "b", {1, 8}},
      {"literal", "k: |\n  one\n  two\n", "two", {3, 3}},
      {"literal, first word", "k: |\n  one\n  two\n", "one", {2, 3}},
      {"literal more indented", "k: |\n  one\n    two\n", "two", {3, 5}},
      {"literal, stripped and commented", "k: |-  # why\n    one\n    two\n", "two", {3, 5}},
      {"literal with an indicator", "k: |2\n    one\n  two\n", "one", {2, 5}},
      {"folded", "k: >\n  one\n  two\n", "two", {3, 3}},
      {"folded with empty lines", "k: >-\n\n  one\n\n\n  two\n", "two", {6, 3}},
      {"folded more indented", "k: >-\n  one\n    two\n  three\n", "three", {4, 3}},
      {"behind Korean", "k: 한국 two\n", "two", {1, 11}},
      {"Korean itself", "k: |\n  한 국\n", "국", {2, 7}},
      {"Windows line ends", "a: b\r\nk: >-\r\n  one\r\n  two\r\n", "two", {4, 3}},
      {"in a flow mapping", "a: {b: c}\nx: {k: 'one two'}\n", "two", {2, 13}},
      {"a hash within", "k: |\n  # one\n  two\n", "two", {3, 3}},
  };
  for (const auto& [name, yaml, word, want] : cases) {
    SCOPED_TRACE(name);
    Text text;
    if (yaml.find("x: {") != yaml.npos) {
      Problems problems;
      Section::parse(yaml, "f.yaml", problems).section("x").read("k", text);
    } else {
      text = value_of(yaml);
    }
    const std::size_t at = text.value().find(word);
    ASSERT_NE(at, std::string::npos) << text.value();
    EXPECT_EQ(text.place(at).line, want.line);
    EXPECT_EQ(text.place(at).column, want.column);
  }
}

TEST(Text, EndStandsBehindTheLastCharacter) {
  const Text text = value_of("k: |\n  one\n  two\n\n");
  EXPECT_EQ(text.place(text.value().size()), (Place{3, 6}));
  EXPECT_EQ(text.start(), (Place{1, 4}));
  EXPECT_EQ(value_of("k: ''\n").place(0), (Place{1, 5}));
}

// What yaml-cpp makes of random scalars and what stands at the places agree, character by
// character.
TEST(Text, EveryCharacterStandsAtItsPlace) {
  std::mt19937 random(7);
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  const std::vector<std::string> words = {"one", "a(b)", "x.y{z", "한국", "é", "'", "\"", "\\", "|",
                                          ">",   "5m]",  "==",    "#",    "%", "&", "@",  "a:b"};
  int compared = 0;
  for (int round = 0; round < 3'000; ++round) {
    const char style = "|>'\""[below(4)];
    std::string yaml = std::string("first: 1\nk: ") + style;
    if (style == '|' || style == '>') {
      yaml += below(2) == 0 ? "-" : "";
      const std::string indent(static_cast<std::size_t>(1 + below(4)), ' ');
      for (int line = 1 + below(4); line > 0; --line) {
        yaml += std::string(static_cast<std::size_t>(below(3)), '\n') + "\n" + indent + "w";
        for (int word = below(4); word > 0; --word)
          yaml += std::string(static_cast<std::size_t>(below(3)), ' ') + words[below(17)];
      }
    } else {
      for (int word = 1 + below(6); word > 0; --word) {
        std::string text = words[below(17)];
        if (style == '\'' && text == "'") text = "''";
        if (style == '"' && (text == "\"" || text == "\\")) text = "\\" + text;
        yaml += text + (below(4) == 0 ? "\n   " : below(3) == 0 ? "  " : "");
        if (style == '"' && below(5) == 0) yaml += below(2) == 0 ? "\\t" : "\\n";
      }
      yaml += style;
    }
    yaml += "\nlast: 1\n";
    SCOPED_TRACE(yaml);
    const Text text = value_of(yaml);
    const Source source(yaml);
    std::size_t last = 0;
    for (std::size_t i = 0; i < text.value().size(); ++i) {
      const char c = text.value()[i];
      if (c == ' ' || c == '\n' || c == '\t') continue;
      const std::size_t at = source.offset(text.place(i));
      const char raw = yaml[at];
      ASSERT_GT(at, last) << i;
      last = at;
      ASSERT_TRUE(raw == c || (raw == '\\' && yaml[at + 1] == c)) << i;
      ++compared;
    }
    ASSERT_FALSE(testing::Test::HasFailure());
  }
  EXPECT_GT(compared, 10'000);
}

TEST(Text, ItemsAreTextsAndMappings) {
  Problems problems;
  Section root = Section::parse("k:\n  - one\n  - not: two\n  - [three]\n", "f.yaml", problems);
  auto items = root.items("k");
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(std::get<Text>(items[0]).value(), "one");
  Text two;
  std::get<Section>(items[1]).read("not", two);
  EXPECT_EQ(two.start(), (Place{3, 10}));
  root.finish();
  EXPECT_EQ(all(problems), "f.yaml:4:5: error: k[2]: expected text or a mapping, found a list\n");
}

TEST(Text, WithoutAnEnvironmentNothingIsReplaced) {
  EXPECT_EQ(value_of("k: a${B}$\n").value(), "a${B}$");
}

}  // namespace
}  // namespace kcloud::config
