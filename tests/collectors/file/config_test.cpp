#include "collectors/file/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "core/json.h"
#include "tests/config/plugin_options.h"

namespace kcloud::file {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

config::ReadOptions<Config> read(const std::string& text) {
  return config::read_options(parse, text);
}

TEST(FileConfig, DefaultsNeedPathsAlone) {
  const auto [config, problems] = read("paths: /var/log/*.log");
  EXPECT_THAT(problems, IsEmpty());
  Config expected;
  expected.paths = {"/var/log/*.log"};
  EXPECT_EQ(config, expected);
}

TEST(FileConfig, ReadsEveryKeyAndShowsIt) {
  const auto [config, problems] = read(
      "paths: [/a/*.log, b.log]\nexclude: ['*.debug.log']\nstart: end\nwatch: poll\n"
      "poll_interval: 250ms\nrotate_wait: 2s\nformat: cri\nother_lines: dead_letter\n"
      "path_types: {/z/*: alert, /a/*: scheduling}\nmax_line_bytes: 64KiB\nmax_open_files: 9\n");
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_THAT(config.path_types,
              ElementsAre(std::pair("/z/*", "alert"), std::pair("/a/*", "scheduling")));
  EXPECT_EQ(show(config),
            R"({"paths":["/a/*.log","b.log"],"exclude":["*.debug.log"],"start":"end",)"
            R"("watch":"poll","poll_interval":"250ms","rotate_wait":"2s","format":"cri",)"
            R"("other_lines":"dead_letter","path_types":{"/z/*":"alert","/a/*":"scheduling"},)"
            R"("max_line_bytes":65536,"max_open_files":9})");
}

TEST(FileConfig, ProblemsNameTheirPlace) {
  const std::pair<const char*, const char*> cases[] = {
      {"start: end", "needs `paths`"},
      {"paths: []", "test.yaml:1:1: error: paths: needs `paths`"},
      {"paths: /var/log/", "names no file"},
      {"paths: '/var/**/a.log'", "`**` is not known"},
      {"paths: a.log\nformat: xml", "test.yaml:2:"},
      {"paths: a.log\nmax_open_files: 0", "max_open_files"},
      {"paths: a.log\nmax_line_bytes: 10", "max_line_bytes"},
      {"paths: a.log\npoll_interval: 1ms", "poll_interval"},
      {"paths: a.log\npath_types: {/a: ''}", "must name an event type"},
      {"paths: a.log\npath: b.log", "path"}};
  for (const auto& [text, problem] : cases) {
    const auto found = read(text).problems;
    ASSERT_EQ(found.size(), 1u) << text;
    EXPECT_THAT(found[0], HasSubstr(problem)) << text;
  }
}

TEST(FileConfig, SampleIsRead) {
  std::ifstream file(KCLOUD_SOURCE_DIR "/collectors/file/sample.yaml");
  std::ostringstream text;
  text << file.rdbuf();
  config::Problems problems;
  config::Environment environment;
  environment.variable = environment.file = [](const std::string&) { return std::nullopt; };
  const auto config =
      config::parse_config(text.str(), "sample.yaml", {{plugin()}, {}}, environment, problems);
  for (const auto& problem : problems) ADD_FAILURE() << problem.to_string();
  ASSERT_EQ(config.collectors.size(), 2u);
  EXPECT_EQ(static_cast<const Config*>(config.collectors[1].options.get())->start, "end");
}

TEST(FileConfig, PluginComparesOptions) {
  const auto one = read("paths: a.log").config, other = read("paths: b.log").config;
  EXPECT_TRUE(plugin().equal(&one, &one));
  EXPECT_FALSE(plugin().equal(&one, &other));
}

}  // namespace
}  // namespace kcloud::file
