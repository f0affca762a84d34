// docs/rules.md: its examples load, its error is the one that is told, it names every function.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "rules/function.h"
#include "rules_files.h"

namespace kcloud::rules {
namespace {

using testing::HasSubstr;

std::string page() {
  std::ifstream in(KCLOUD_SOURCE_DIR "/docs/rules.md");
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// What stands between the first `open` from `at` on and the next `close`; moves `at` behind it.
std::string between(const std::string& text, const std::string& open, const std::string& close,
                    std::size_t& at) {
  const std::size_t begin = text.find(open, at);
  if (begin == text.npos) return {};
  const std::size_t end = text.find(close, begin + open.size());
  at = end + close.size();
  return text.substr(begin + open.size(), end - begin - open.size());
}

TEST(RulesPage, ExamplesLoad) {
  const std::string text = page();
  std::size_t at = 0;
  int count = 0;
  for (std::string example = between(text, "\n```yaml\n", "\n```\n", at); !example.empty();
       example = between(text, "\n```yaml\n", "\n```\n", at)) {
    EXPECT_EQ(all(load_text(example).problems), "") << example;
    ++count;
  }
  EXPECT_EQ(count, 3);
}

TEST(RulesPage, ShowsWhatIsTold) {
  const std::string text = page();
  std::size_t at = 0;
  const std::string file = between(text, "<<'END'\n", "END\n", at);
  const std::string shown = between(text, "\n```\nmy-rules", "2 problems", at);
  std::string told;
  for (const auto& problem : load({{"my-rules/cost.yaml", file}}, built_in_catalogue()).problems)
    told += with_line(problem, file) + "\n";
  EXPECT_EQ("my-rules" + shown, told);
}

TEST(RulesPage, NamesEveryFunction) {
  const std::string text = page();
  for (const auto& function : functions())
    EXPECT_THAT(text, HasSubstr("`" + std::string(function.name))) << function.name;
}

}  // namespace
}  // namespace kcloud::rules
