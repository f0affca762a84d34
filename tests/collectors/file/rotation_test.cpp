#include "collectors/file/rotation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/environment.h"

namespace kcloud::file {
namespace {

using testing::ElementsAre;

TEST(RotationNames, Table) {
  const std::pair<const char*, const char*> good[] = {
      {"app.log.1", "app.log"},
      {"app.log.12.gz", "app.log"},
      {"app.log.gz", "app.log"},
      {"app.log-20250115", "app.log"},
      {"app.log-20250115.gz", "app.log"},
      {"app.log-20250115-1736937000", "app.log"},
      {"app-20250115.log", "app.log"},
      {"app-20250115.log.gz", "app.log"},
      {"app.1.log", "app.log"},
      {"app-2025-01-15T10-30-00.000.log", "app.log"},
      {"0.log.20250115-101500", "0.log"},
      {"0.log.20250115-101500.gz", "0.log"},
      {"app.log.old", "app.log"},
      {"app.log-2025011510.backup", "app.log"},
      {"app_1", "app"}};
  for (const auto& [name, base] : good) EXPECT_TRUE(is_rotation_of(name, base)) << name;
  const std::pair<const char*, const char*> bad[] = {
      {"app.log", "app.log"},       {"app.logger", "app.log"},   {"app.log.tmp", "app.log"},
      {"app.log.", "app.log"},      {"app.log1", "app.log"},     {"app.log.swp", "app.log"},
      {"app-debug.log", "app.log"}, {"xapp.log.1", "app.log"},   {"app2.log", "app.log"},
      {"1.log", "0.log"},           {"app.log.1.xz", "app.log"}, {"", "app.log"}};
  for (const auto& [name, base] : bad) EXPECT_FALSE(is_rotation_of(name, base)) << name;
}

TEST(Globs, MatchPathsOrNames) {
  EXPECT_TRUE(matches("*.log", "/a/b/c.log"));
  EXPECT_TRUE(matches("/a/*/c.log", "/a/b/c.log"));
  EXPECT_FALSE(matches("/a/*.log", "/a/b/c.log"));
  EXPECT_FALSE(matches("*.log", "/a/b.log/c"));
}

TEST(FindFiles, FollowsLinksAndLeavesOutTheRest) {
  const test_support::TemporaryDirectory directory;
  const std::string root = directory.path();
  std::filesystem::create_directories(root + "/one");
  std::filesystem::create_directories(root + "/two/dir.log");
  std::ofstream(root + "/one/a.log") << "x";
  std::ofstream(root + "/two/b.log") << "xy";
  std::ofstream(root + "/two/b.log.gz") << "x";
  std::ofstream(root + "/two/no.log") << "x";
  std::filesystem::create_symlink(root + "/two/b.log", root + "/one/link.log");
  std::filesystem::create_symlink(root + "/nowhere", root + "/one/dangling.log");
  std::vector<std::string> problems;
  const auto found =
      find_files({root + "/*/*.log", root + "/*/*.gz", root + "/one/a.log"}, {"no.*"}, problems);
  std::vector<std::string> paths;
  for (const auto& match : found) paths.push_back(match.path.substr(root.size()));
  EXPECT_THAT(paths, ElementsAre("/one/a.log", "/one/link.log", "/two/b.log"));
  EXPECT_EQ(found[1].state.key, found[2].state.key);
  EXPECT_EQ(found[1].state.size, 2u);
  EXPECT_TRUE(problems.empty());
}

TEST(Folders, AreThoseOnTheWay) {
  const test_support::TemporaryDirectory directory;
  const std::string root = directory.path();
  std::filesystem::create_directories(root + "/a/x");
  std::filesystem::create_directories(root + "/b/x");
  EXPECT_THAT(folders_of(root + "/a/x/*.log"), ElementsAre(root + "/a/x"));
  EXPECT_THAT(folders_of(root + "/*/x/*.log"),
              ElementsAre(root, root + "/a", root + "/a/x", root + "/b", root + "/b/x"));
  EXPECT_THAT(folders_of(root + "/not/yet/*.log"), ElementsAre(root));
}

}  // namespace
}  // namespace kcloud::file
