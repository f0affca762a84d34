#include "exporters/elasticsearch/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tests/config/plugin_options.h"

namespace kcloud::elasticsearch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

config::ReadOptions<Config> read(const std::string& text) {
  return config::read_options(parse, text, {{"SECRET", "hush"}});
}

TEST(ElasticsearchConfig, DefaultsNeedNoKey) {
  const auto [config, problems] = read("{}");
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_THAT(config.urls, ElementsAre("http://127.0.0.1:9200"));
  EXPECT_EQ(config.prefix, "kcloud");
  EXPECT_EQ(config.shards, 1u);
  EXPECT_EQ(config.replicas, 1u);
}

TEST(ElasticsearchConfig, ReadsEveryKey) {
  const auto [config, problems] = read(R"(
urls: [https://a.example:9200/, https://b.example:9200]
prefix: site-1
username: writer
password: ${SECRET}
manage_templates: false
shards: 3
replicas: 0
index_settings: {index.lifecycle.name: keep}
carry_seals: false
compression: none
timeout: 10s
connect_timeout: 1s
ca_file: /etc/ca.pem
tls_verify: none
)");
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_THAT(config.urls, ElementsAre("https://a.example:9200", "https://b.example:9200"));
  EXPECT_EQ(config.password.value, "hush");
  EXPECT_FALSE(config.manage_templates);
  EXPECT_EQ(config.shards, 3u);
  EXPECT_EQ(config.replicas, 0u);
  EXPECT_EQ(config.index_settings.at("index.lifecycle.name"), "keep");
  EXPECT_FALSE(config.carry_seals);
  EXPECT_EQ(config.timeout.count(), 10'000);
}

TEST(ElasticsearchConfig, ProblemsNameTheKeyAndTheWayOut) {
  const struct {
    const char* text;
    const char* want;
  } cases[] = {
      {"urls: []", "must name a node"},
      {"urls: es:9200", "expected http://host:port"},
      {"urls: http://es:9200/?a=b", "expected no query"},
      {"urls: http://me:pass@es:9200", "use `username` and `password`, or `api_key`"},
      {"prefix: ''", "expected at most 100 of a-z"},
      {"prefix: KCloud", "expected at most 100 of a-z"},
      {"prefix: _hidden", "a letter or digit first"},
      {"prefix: 'a*'", "expected at most 100 of a-z"},
      {"{username: me, api_key: '${SECRET}'}", "expected either `api_key` or `username`"},
      {"compression: zstd", "compression"},
      {"shards: 0", "shards"},
  };
  for (const auto& one : cases) {
    const auto [config, problems] = read(one.text);
    ASSERT_EQ(problems.size(), 1u) << one.text;
    EXPECT_THAT(problems[0], HasSubstr(one.want)) << one.text;
    EXPECT_THAT(problems[0], Not(HasSubstr("hush"))) << one.text;
  }
}

TEST(ElasticsearchConfig, ShowMasksSecrets) {
  const auto shown = show(read("{api_key: '${SECRET}'}").config);
  EXPECT_THAT(shown, HasSubstr(R"("api_key":"***")"));
  EXPECT_THAT(shown, Not(HasSubstr("hush")));
}

TEST(ElasticsearchConfig, TheSampleIsGood) {
  std::ifstream file(KCLOUD_SOURCE_DIR "/exporters/elasticsearch/sample.yaml");
  std::stringstream text;
  text << file.rdbuf();
  config::Problems problems;
  const auto config = config::parse_config(
      text.str(), "sample.yaml", {{}, {plugin()}},
      config::fake_environment({{"ELASTIC_API_KEY", "a"}, {"OPENSEARCH_PASSWORD", "b"}}), problems);
  EXPECT_EQ(config::all(problems), "");
  EXPECT_EQ(config.exporters.size(), 2u);
}

}  // namespace
}  // namespace kcloud::elasticsearch
