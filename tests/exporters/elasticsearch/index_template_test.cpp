#include "exporters/elasticsearch/index_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "core/json.h"
#include "tests/exporters/elasticsearch/fixtures.h"

namespace kcloud::elasticsearch {
namespace {

using ::testing::IsEmpty;

std::vector<IndexTemplate> templates(const Config& config = {}) {
  return make_templates(*testing::catalogue(), config);
}

const IndexTemplate& named(const std::vector<IndexTemplate>& all, std::string_view name) {
  return *std::ranges::find(all, name, &IndexTemplate::name);
}

// The answer of a server that has these, as it shows them.
std::string answer(const std::vector<IndexTemplate>& there) {
  std::string out = R"({"index_templates":[)";
  for (const auto& one : there) {
    if (out.back() == '}') out += ',';
    out += R"({"name":")" + one.name + R"(","index_template":{"_meta":)" +
           core::json_text_at(one.body, "_meta") + "}}";
  }
  return out + "]}";
}

TEST(ElasticsearchTemplates, OneATypeAndOneForTheRest) {
  std::set<std::string> names;
  for (const auto& one : templates()) {
    names.insert(one.name);
    EXPECT_EQ(core::json_text_at(one.body, "index_patterns.0"), one.name + "-*");
    EXPECT_EQ(core::json_text_at(one.body, "_meta.kcloud_logger.checksum"), one.checksum);
  }
  EXPECT_EQ(names.size(), testing::catalogue()->types().size() + 1);
  EXPECT_TRUE(names.contains("kcloud-_other"));
  EXPECT_TRUE(names.contains("kcloud-alert_transition"));
}

TEST(ElasticsearchTemplates, MappingsComeFromTheCatalogue) {
  const auto all = templates();
  const auto& one = named(all, "kcloud-scheduling_decision").body;
  const auto of = [&](std::string_view field) {
    return core::json_text_at(
        one, {"template", "mappings", "properties", "fields", "properties", field, "type"});
  };
  EXPECT_EQ(of("scheduler"), "keyword");
  EXPECT_EQ(of("reason"), "text");
  EXPECT_EQ(of("power_watts"), "double");
  EXPECT_EQ(of("alternatives"), "long");
  EXPECT_EQ(core::json_text_at(one, "template.mappings.dynamic"), "false");
  EXPECT_EQ(core::json_text_at(one, "template.mappings.properties.@timestamp.type"), "date_nanos");
  EXPECT_EQ(core::json_text_at(one, "template.mappings.properties.body.index"), "false");
  EXPECT_EQ(core::json_text_at(named(all, "kcloud-_other").body,
                               "template.mappings.properties.fields.properties"),
            "{}");
}

// Of two patterns that fit one index the longer has the higher priority, whatever the prefixes.
TEST(ElasticsearchTemplates, PrioritiesNeverTie) {
  Config config;
  auto all = templates(config);
  for (const char* prefix : {"kcloud-alert", "kcloud-alert-alert", "k"}) {
    config.prefix = prefix;
    const auto more = templates(config);
    all.insert(all.end(), more.begin(), more.end());
  }
  for (const auto& one : all) {
    for (const auto& other : all) {
      const auto pattern = core::json_text_at(one.body, "index_patterns.0");
      const auto longer = core::json_text_at(other.body, "index_patterns.0");
      if (&one == &other ||
          !longer.starts_with(std::string_view(pattern).substr(0, pattern.size() - 1)))
        continue;
      EXPECT_LT(*core::json_number_at(one.body, "priority"),
                *core::json_number_at(other.body, "priority"))
          << pattern << " " << longer;
    }
  }
}

TEST(ElasticsearchTemplates, SettingsAreTheConfigurations) {
  Config config;
  config.shards = 3;
  config.replicas = 0;
  config.index_settings = {{"index.lifecycle.name", "keep \"30d\""}};
  const auto all = templates(config);
  const auto at = [&](std::string_view setting) {
    return core::json_text_at(all.front().body, {"template", "settings", setting});
  };
  EXPECT_EQ(at("index.number_of_shards"), "3");
  EXPECT_EQ(at("index.number_of_replicas"), "0");
  EXPECT_EQ(at("index.lifecycle.name"), "keep \"30d\"");
  EXPECT_NE(all.front().checksum, templates().front().checksum);
}

TEST(ElasticsearchTemplates, OnlyWhatDiffersIsFound) {
  const auto all = templates();
  EXPECT_THAT(compare(all, answer(all)).missing, IsEmpty());
  EXPECT_THAT(compare(all, answer(all)).different, IsEmpty());
  for (const char* nothing : {"{}", R"({"index_templates":[]})", ""})
    EXPECT_EQ(compare(all, nothing).missing.size(), all.size()) << nothing;

  Config other;
  other.shards = 2;
  auto there = all;
  there[0] = templates(other)[0];
  there.pop_back();
  const auto found = compare(all, answer(there));
  ASSERT_EQ(found.different.size(), 1u);
  EXPECT_EQ(found.different[0]->name, all[0].name);
  ASSERT_EQ(found.missing.size(), 1u);
  EXPECT_EQ(found.missing[0]->name, "kcloud-_other");
}

TEST(ElasticsearchTemplates, ForeignOnesDifferAndNewerOnesAreLeftAlone) {
  const auto all = templates();
  const auto there = [&](const std::string& meta) {
    return R"({"index_templates":[{"name":")" + all[0].name + R"(","index_template":{"_meta":)" +
           meta + "}}]}";
  };
  EXPECT_EQ(compare(all, there("{}")).different.size(), 1u);
  EXPECT_EQ(
      compare(all, there(R"({"kcloud_logger":{"version":1,"checksum":"x"}})")).different.size(),
      1u);
  EXPECT_EQ(
      compare(all, there(R"({"kcloud_logger":{"version":2,"checksum":"x"}})")).different.size(),
      0u);
}

}  // namespace
}  // namespace kcloud::elasticsearch
