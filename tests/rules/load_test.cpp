#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "rules_files.h"

namespace kcloud::rules {
namespace {

TEST(DefaultRules, LoadWithoutAProblem) {
  std::vector<RuleFile> files;
  for (const auto& entry :
       std::filesystem::directory_iterator(KCLOUD_SOURCE_DIR "/rules/defaults")) {
    std::ifstream in(entry.path());
    std::stringstream text;
    text << in.rdbuf();
    files.push_back({entry.path().filename(), text.str()});
  }
  const Loaded loaded = load(files, built_in_catalogue());
  EXPECT_EQ(all(loaded.problems), "");
  ASSERT_TRUE(loaded.rules);
  EXPECT_EQ(loaded.rules->groups.size(), 5u);
}

}  // namespace
}  // namespace kcloud::rules
