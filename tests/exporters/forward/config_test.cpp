#include "exporters/forward/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tests/config/plugin_options.h"

namespace kcloud::forward {
namespace {

using ::testing::HasSubstr;

config::ReadOptions<Config> read(const std::string& text) {
  return config::read_options(parse, text, {{"KCLOUD_FORWARD_TOKEN", "hush"}});
}

TEST(ForwardConfig, TheSampleIsValidAndShowsNoSecret) {
  std::ifstream file(KCLOUD_SOURCE_DIR "/exporters/forward/sample.yaml");
  std::stringstream text;
  text << file.rdbuf();
  config::Problems problems;
  const auto config =
      config::parse_config(text.str(), "sample.yaml", {{}, {plugin()}},
                           config::fake_environment({{"KCLOUD_FORWARD_TOKEN", "hush"}}), problems);
  for (const auto& problem : problems) ADD_FAILURE() << problem.to_string();
  ASSERT_EQ(config.exporters.size(), 1u);
  const auto& options = *static_cast<const Config*>(config.exporters[0].options.get());
  EXPECT_EQ(options.upstreams.size(), 2u);
  EXPECT_EQ(options.token.value, "hush");
  EXPECT_THAT(show(options), HasSubstr(R"("token":"***")"));
  EXPECT_THAT(show(options), HasSubstr(R"("failback":"1m")"));
}

TEST(ForwardConfig, MistakesAreNamedAtTheirPlace) {
  const struct {
    const char* options;
    const char* problem;
  } cases[] = {
      {"token: t", "`upstreams` must name at least one agent"},
      {"upstreams: [\"ftp://h\"]", "'ftp://h': expected http://host:port"},
      {"upstreams: [\"http://\"]", "expected http://host:port"},
      {"upstreams: [\"http://h?x=1\"]", "expected no query"},
      {"upstreams: [\"http://u:p@h\"]", "expected no user"},
      {"upstreams: [\"http://h\", \"http://h/\"]", "'http://h' is there twice"},
      {"upstreams: \"http://h\", token: a, token_file: b", "stands beside `token`"},
      {"upstreams: \"http://h\", key_file: b", "belong together"},
      {"upstreams: \"http://h\", compression: zstd", "expected one of gzip, none"},
      {"upstreams: \"http://h\", upstream: x", "did you mean 'upstreams'"},
  };
  for (const auto& c : cases) {
    const auto found = read(std::string("{") + c.options + "}").problems;
    EXPECT_THAT(::testing::PrintToString(found), HasSubstr(c.problem)) << c.options;
    EXPECT_EQ(::testing::PrintToString(found).find(":p@"), std::string::npos);
  }
}

}  // namespace
}  // namespace kcloud::forward
