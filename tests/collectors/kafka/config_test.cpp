#include "collectors/kafka/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "collectors/kafka/properties.h"
#include "core/json.h"
#include "tests/config/plugin_options.h"

namespace kcloud::kafka {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

const std::map<std::string, std::string> kVariables = {{"KAFKA_PASSWORD", "hush"}};

config::ReadOptions<Config> read(const std::string& text) {
  return config::read_options(parse, text, kVariables);
}

TEST(KafkaConfig, DefaultsNeedNoKey) {
  const auto [config, problems] = read("{}");
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_THAT(config.brokers, ElementsAre("127.0.0.1:9092"));
  EXPECT_THAT(config.topics, ElementsAre("kcloud-events"));
  EXPECT_EQ(config.group, "kcloud-logger");
  EXPECT_EQ(config.auto_offset_reset, "earliest");
}

TEST(KafkaConfig, ReadsEveryKey) {
  const auto [config, problems] = read(R"(
brokers: [a:9092, b:9093]
topics: [one, "^two-.*"]
group: g
group_instance_id: i
auto_offset_reset: latest
topic_types: {one: scheduling, "^two-.*": policy}
options: {sasl.password: "${KAFKA_PASSWORD}", session.timeout.ms: 6000, socket.keepalive.enable: true}
)");
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_THAT(config.brokers, ElementsAre("a:9092", "b:9093"));
  EXPECT_THAT(config.topics, ElementsAre("one", "^two-.*"));
  EXPECT_EQ(config.group, "g");
  EXPECT_EQ(config.group_instance_id, "i");
  EXPECT_EQ(config.auto_offset_reset, "latest");
  EXPECT_THAT(config.topic_types,
              ElementsAre(Pair("^two-.*", "policy"), Pair("one", "scheduling")));
  EXPECT_THAT(config.options,
              ElementsAre(Pair("sasl.password", "hush"), Pair("session.timeout.ms", "6000"),
                          Pair("socket.keepalive.enable", "true")));
}

TEST(KafkaConfig, SaysWhatIsWrongAndWhere) {
  const struct {
    const char* name;
    const char* input;
    const char* want;
  } cases[] = {
      {"no brokers", "brokers: []", "test.yaml:1:1: error: brokers: must name a broker"},
      {"broker list in one", "brokers: ['a:1,b:2']", "expected host:port, found 'a:1,b:2'"},
      {"no topics", "topics: []", "topics: must name a topic"},
      {"bad topic", "topics: [a b]", "'a b' is no topic"},
      {"dots", "topics: ['..']", "'..' is no topic"},
      {"bad pattern", "topics: ['^(a']", "'^(a' is no regular expression"},
      {"group", "group: ''", "group: must not be empty"},
      {"reset", "auto_offset_reset: none", "earliest"},
      {"type pattern", "topic_types: {'^[': policy}", "no regular expression"},
      {"type empty", "topic_types: {a: ''}", "topic_types.a: must name an event type"},
      {"owned", "topics: a\noptions:\n  enable.auto.commit: true",
       "test.yaml:3:23: error: options.enable.auto.commit: offsets are committed after the "
       "journal's commit"},
      {"own key", "options: {group.id: g}", "options.group.id: use `group`"},
      {"unknown", "options: {no.such: 1}", "has no such property"},
      {"value", "options: {session.timeout.ms: soon}", "session.timeout.ms"},
      {"code", "options: {plugin.library.paths: x.so}", "no code is loaded"},
      {"callback", "options: {rebalance_cb: x}", "rebalance_cb"},
      {"unknown key", "topic: a", "unknown key 'topic'"},
  };
  for (const auto& one : cases)
    EXPECT_THAT(read(one.input).problems, ElementsAre(HasSubstr(one.want))) << one.name;
}

TEST(KafkaConfig, NeverShowsSecrets) {
  const auto shown = show(read(R"(
options:
  sasl.username: someone
  sasl.password: ${KAFKA_PASSWORD}
  ssl.key.password: ${KAFKA_PASSWORD}
  ssl.key.pem: ${KAFKA_PASSWORD}
  ssl.keystore.password: ${KAFKA_PASSWORD}
  ssl.ca.location: /etc/ca.pem
)")
                              .config);
  EXPECT_THAT(shown, Not(HasSubstr("hush")));
  EXPECT_EQ(core::json_text_at(shown, {"options", "sasl.password"}), "***");
  EXPECT_EQ(core::json_text_at(shown, {"options", "ssl.ca.location"}), "/etc/ca.pem");
  EXPECT_EQ(core::json_text_at(shown, {"group"}), "kcloud-logger");
  EXPECT_THAT(check_property("sasl.oauthbearer.method", "hush"), Not(HasSubstr("hush")));
}

TEST(KafkaConfig, EqualAlsoBySecrets) {
  const auto plugin = kafka::plugin();
  Config one, other;
  one.options["sasl.password"] = "a";
  other.options["sasl.password"] = "a";
  EXPECT_TRUE(plugin.equal(&one, &other));
  other.options["sasl.password"] = "b";
  EXPECT_FALSE(plugin.equal(&one, &other));
}

TEST(KafkaConfig, WhatTheCollectorOwnsComesLast) {
  Config config;
  config.brokers = {"a:1", "b:2"};
  config.options["fetch.max.bytes"] = "1000000";
  const auto all = properties(config, "agent-1");
  EXPECT_THAT(all, Contains(Pair("bootstrap.servers", "a:1,b:2")));
  EXPECT_THAT(all, Contains(Pair("client.id", "agent-1")));
  EXPECT_THAT(all, Contains(Pair("enable.auto.offset.store", "false")));
  EXPECT_THAT(all, Not(Contains(Pair("group.instance.id", testing::_))));
  const auto last = std::find_if(all.rbegin(), all.rend(),
                                 [](const auto& one) { return one.first == "fetch.max.bytes"; });
  EXPECT_EQ(last->second, "1000000");
  for (const auto& [name, value] : all) EXPECT_EQ(check_property(name, value), "") << name;
}

// The reference's example is the defaults, and names every key.
TEST(KafkaConfig, ReferenceHasTheDefaults) {
  std::istringstream lines{std::string(config::embedded_reference_config())};
  std::string line, block, allowed = read("zzzz: 1").problems.at(0);
  while (std::getline(lines, line) && line != "  #kcloud-kafka:") continue;
  std::getline(lines, line);
  EXPECT_EQ(line, "  #  type: kafka");
  while (std::getline(lines, line) && line.starts_with("  #"))
    if (line.starts_with("  #  "))
      block += line.substr(5) + "\n";
    else if (!line.starts_with("  # "))
      break;
  const auto [config, problems] = read(block);
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_EQ(config, Config{}) << block;
  block = "\n" + block;
  std::istringstream keys(allowed.substr(allowed.find("allowed: ") + 9));
  int count = 0;
  for (std::string key; keys >> key; ++count) {
    if (key.ends_with(',')) key.pop_back();
    EXPECT_THAT(block, HasSubstr("\n" + key + ": "));
  }
  EXPECT_EQ(count, 7);
}

TEST(KafkaConfig, SampleIsRead) {
  std::ifstream file(std::string(KCLOUD_SOURCE_DIR) + "/collectors/kafka/sample.yaml");
  std::stringstream text;
  text << file.rdbuf();
  config::Problems problems;
  const auto config = config::parse_config(text.str(), "sample.yaml", {{plugin()}, {}},
                                           config::fake_environment(kVariables), problems);
  for (const auto& problem : problems) ADD_FAILURE() << problem.to_string();
  ASSERT_EQ(config.collectors.size(), 2u);
  EXPECT_EQ(static_cast<const Config*>(config.collectors[1].options.get())->group,
            "kcloud-logger-seoul");
}

}  // namespace
}  // namespace kcloud::kafka
