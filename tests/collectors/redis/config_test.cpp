#include "collectors/redis/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <sstream>

#include "core/json.h"
#include "tests/config/plugin_options.h"

namespace kcloud::redis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const std::map<std::string, std::string> kVariables = {{"REDIS_PASSWORD", "hush"}};

config::ReadOptions<Config> read(const std::string& text) {
  return config::read_options(parse, text, kVariables);
}

TEST(RedisConfig, DefaultsNeedNoKey) {
  const auto [config, problems] = read("{}");
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_EQ(config, Config{});
  EXPECT_THAT(config.patterns, ElementsAre("kcloud:events:*"));
}

TEST(RedisConfig, ReadsEveryKey) {
  const auto [config, problems] = read(R"(
mode: stream
addresses: ["[::1]:6380", redis.example:6379]
username: logger
password: ${REDIS_PASSWORD}
database: 3
connect_timeout: 1s
timeout: 2s
streams: [a, b]
group: g
consumer: c
field: payload
start: $
claim_idle: 5m
channel_types: {a: scheduling, "kcloud:events:alerts:*": ""}
)");
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_EQ(config.password.value, "hush");
  EXPECT_EQ(config.start, "$");
  EXPECT_EQ(config.claim_idle, std::chrono::minutes(5));
  EXPECT_EQ(config.channel_types.at("a"), "scheduling");
  EXPECT_EQ(config.channel_types.at("kcloud:events:alerts:*"), "");
  EXPECT_EQ(config.channel_types.at("scheduling_events"), "scheduling_decision");
  EXPECT_EQ(parse_address(config.addresses[0]).host, "::1");
  EXPECT_EQ(parse_address(config.addresses[1]).port, 6379);
  const auto lists = read("{mode: list, lists: filebeat, reliable: false, consumer: c}");
  EXPECT_THAT(lists.problems, IsEmpty());
  EXPECT_FALSE(lists.config.reliable);
  const auto pubsub = read("{channels: [], patterns: [a*], buffer_bytes: 8MiB, ping_interval: 1s}");
  EXPECT_THAT(pubsub.problems, IsEmpty());
  EXPECT_EQ(pubsub.config.buffer_bytes, 8u << 20);
}

TEST(RedisConfig, ProblemsNameThePlaceAndTheWayOut) {
  const struct {
    const char* text;
    const char* want;
  } cases[] = {
      {"mode: push", "pubsub, stream, list"},
      {"addresses: []", "127.0.0.1:6379"},
      {"addresses: [redis]", "expected host:port"},
      {"addresses: ['redis://u:p@host:6379']", "options of their own"},
      {"addresses: ['host:0']", "expected host:port"},
      {"addresses: ['::1:6379']", "[::1]:6379"},
      {"username: a", "needs `password`"},
      {"channels: [a*]", "belongs in `patterns`"},
      {"channels: [a, a]", "'a' is there twice"},
      {"{channels: [], patterns: []}", "must name one"},
      {"mode: stream", "must name one at least"},
      {"{mode: stream, streams: ['']}", "must not be empty"},
      {"{mode: stream, streams: [s], start: now}", "0, $"},
      {"{mode: stream, streams: [s], group: ''}", "must not be empty"},
      {"{mode: stream, streams: [s], channels: [a]}", "only for `mode: pubsub`"},
      {"{mode: list, lists: [l], group: g}", "only for `mode: stream`"},
      {"consumer: me", "only for `mode: stream` and `mode: list`"},
      {"{mode: list, lists: [l], claim_idle: 1ms}", "expected a duration"},
      {"chanels: [a]", "did you mean 'channels'?"},
  };
  for (const auto& [text, want] : cases) {
    const auto problems = read(text).problems;
    ASSERT_FALSE(problems.empty()) << text;
    EXPECT_THAT(problems, ::testing::Contains(HasSubstr(want))) << text;
    EXPECT_THAT(problems[0], ::testing::StartsWith("test.yaml:1:")) << text;
  }
}

TEST(RedisConfig, ShowsEveryKeyOfTheModeAndNoSecret) {
  Config config;
  config.password.value = "hush";
  const std::string shown = show(config);
  EXPECT_THAT(shown, Not(HasSubstr("hush")));
  EXPECT_EQ(core::json_text_at(shown, "password"), "***");
  EXPECT_EQ(core::json_text_at(shown, "ping_interval"), "10s");
  EXPECT_EQ(core::json_text_at(shown, "channel_types.scheduling_events"), "scheduling_decision");
  EXPECT_EQ(core::json_text_at(shown, "group"), "");
  config.mode = "stream";
  EXPECT_EQ(core::json_text_at(show(config), "group"), "kcloud-logger");
  config.mode = "list";
  EXPECT_EQ(core::json_text_at(show(config), "reliable"), "true");
}

TEST(RedisConfig, TheSampleIsRead) {
  std::ifstream in(std::string(KCLOUD_SOURCE_DIR) + "/collectors/redis/sample.yaml");
  std::stringstream text;
  text << in.rdbuf();
  config::Problems problems;
  const auto config = config::parse_config(text.str(), "sample.yaml", {{plugin()}, {}},
                                           config::fake_environment(kVariables), problems);
  for (const auto& problem : problems) ADD_FAILURE() << problem.to_string();
  ASSERT_EQ(config.collectors.size(), 3u);
  const auto& streams = *static_cast<const Config*>(config.collectors[1].options.get());
  EXPECT_EQ(streams.mode, "stream");
  EXPECT_EQ(streams.channel_types.at("team_events"), "scheduling");
}

// Its values are the defaults, but for the keys that have none.
TEST(RedisConfig, TheReferenceShowsTheDefaultsOfEveryKey) {
  std::string text = "collectors:\n";
  std::istringstream lines{std::string(config::embedded_reference_config())};
  const std::regex option("^( *)#((  )*[a-z].*)$");
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line == "exporters:") inside = false;
    if (inside) text += std::regex_replace(line, option, "$1$2") + "\n";
    if (line == "collectors:") inside = true;
  }
  const auto any = [](config::Section& section) -> std::shared_ptr<const void> {
    section.ignore_rest();
    return nullptr;
  };
  config::Problems problems;
  const auto config = config::parse_config(
      text, "reference", {{plugin(), {"kafka", any, {}, {}}, {"file", any, {}, {}}}, {}},
      config::fake_environment(kVariables), problems);
  for (const auto& problem : problems) ADD_FAILURE() << problem.to_string();
  std::string shown;
  for (const auto& collector : config.collectors) {
    if (collector.type != "redis") continue;
    Config defaults;
    const auto& read = *static_cast<const Config*>(collector.options.get());
    defaults.mode = read.mode;
    defaults.streams = read.streams;
    defaults.lists = read.lists;
    EXPECT_EQ(show(read), show(defaults));
    shown += show(read);
  }
  for (const char* key : {"claim_idle", "buffer_bytes", "reliable"}) {
    EXPECT_THAT(shown, HasSubstr(key)) << "a mode without an example";
    EXPECT_THAT(text, HasSubstr(std::string(key) + ":"));
  }
}

TEST(RedisConfig, PluginComparesWithSecrets) {
  const auto redis = plugin();
  Config one, other;
  EXPECT_TRUE(redis.equal(&one, &other));
  other.password.value = "x";
  EXPECT_FALSE(redis.equal(&one, &other));
}

}  // namespace
}  // namespace kcloud::redis
