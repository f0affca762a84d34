#include "exporters/influxdb/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "core/json.h"
#include "tests/config/plugin_options.h"

namespace kcloud::influxdb {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const std::map<std::string, std::string> kVariables = {{"INFLUXDB_PASSWORD", "hush"},
                                                       {"INFLUXDB_TOKEN", "hush"}};

config::ReadOptions<Config> read(const std::string& text) {
  return config::read_options(parse, text, kVariables);
}

TEST(InfluxDbConfig, DefaultsNeedNoKey) {
  const auto [config, problems] = read("{}");
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_EQ(config.url, "http://127.0.0.1:8086");
  EXPECT_EQ(config.database, "kcloud");
}

TEST(InfluxDbConfig, ReadsEveryKeyOfV2) {
  const auto [config, problems] = read(R"(
url: https://influx.example:8086/
api: v2
organization: kcloud
bucket: events
token: ${INFLUXDB_TOKEN}
compression: none
timeout_ms: 1500
connect_timeout_ms: 500
ca_file: /etc/ca.pem
tls_verify: none
tags: {site: seoul}
max_tag_values: 50
carry_seals: false
)");
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_EQ(config.url, "https://influx.example:8086");
  EXPECT_EQ(config.token.value, "hush");
  EXPECT_EQ(config.timeout.count(), 1500);
  EXPECT_EQ(config.tags.at("site"), "seoul");
  EXPECT_EQ(config.max_tag_values, 50u);
  EXPECT_FALSE(config.carry_seals);
}

TEST(InfluxDbConfig, ProblemsNameTheKeyAndTheWayOut) {
  const struct {
    const char* text;
    const char* want;
  } cases[] = {
      {"url: influx:8086", "http://host:port"},
      {"url: http://me:secret@influx:8086", "username"},
      {"url: http://influx:8086/?db=x", "database"},
      {"api: v3", "v3"},
      {"api: v2", "bucket"},
      {"bucket: x", "v2"},
      {"{api: v2, bucket: x, database: y}", "v1"},
      {"database: ''", "database"},
      {"max_tag_values: 0", "0"},
      {"no_such_key: 1", "no_such_key"},
  };
  for (const auto& test : cases) {
    const auto [config, problems] = read(test.text);
    ASSERT_FALSE(problems.empty()) << test.text;
    EXPECT_THAT(problems.front(), HasSubstr(test.want)) << test.text;
    EXPECT_THAT(problems.front(), Not(HasSubstr("secret")));
  }
}

TEST(InfluxDbConfig, ShowsNoSecret) {
  const auto shown = show(read("{username: me, password: '${INFLUXDB_PASSWORD}'}").config);
  EXPECT_EQ(core::json_text_at(shown, "username"), "me");
  EXPECT_EQ(core::json_text_at(shown, "password"), "***");
  EXPECT_EQ(core::json_text_at(shown, "timeout_ms"), "5000");
  EXPECT_THAT(shown, Not(HasSubstr("hush")));
}

TEST(InfluxDbConfig, TheSampleIsValid) {
  std::ifstream file(KCLOUD_SOURCE_DIR "/exporters/influxdb/sample.yaml");
  std::stringstream text;
  text << file.rdbuf();
  config::Problems problems;
  config::parse_config(text.str(), "sample.yaml", {{}, {plugin()}},
                       config::fake_environment(kVariables), problems);
  for (const auto& problem : problems) ADD_FAILURE() << problem.to_string();
  EXPECT_FALSE(text.str().empty());
}

}  // namespace
}  // namespace kcloud::influxdb
