// Index templates in a real server: put once, when they differ, and without clashes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/json.h"
#include "tests/exporters/elasticsearch/server.h"

namespace kcloud::elasticsearch {
namespace {

using testing::Events;
using ::testing::HasSubstr;
using testing::server;
using Kind = core::Delivery::Kind;

core::Delivery deliver_alert(const Config& config, std::int64_t day) {
  Events events;
  events.add("alert", std::to_string(day), (20'000 + day) * 86'400'000'000'000);
  auto exporter = testing::exporter(config);
  return exporter.deliver(events.batch.events);
}

std::string cluster_version() { return server().get("/_cluster/state/version"); }

std::string setting(const std::string& index, std::string_view name) {
  const auto answer = server().get("/" + index + "/_settings?flat_settings=true");
  return core::json_text_at(answer, {index, "settings", name});
}

TEST(ElasticsearchTemplatesServer, ArePutOnceAndAgainWhenTheyDiffer) {
  auto config = testing::test_config();
  ASSERT_EQ(deliver_alert(config, 0).kind, Kind::kDelivered);
  const auto before = cluster_version();
  ASSERT_EQ(deliver_alert(config, 0).kind, Kind::kDelivered);
  EXPECT_EQ(cluster_version(), before) << "nothing was put by the second agent";

  config.index_settings["index.refresh_interval"] = "7s";
  ASSERT_EQ(deliver_alert(config, 1).kind, Kind::kDelivered);
  EXPECT_EQ(setting(config.prefix + "-alert-2024.10.05", "index.refresh_interval"), "7s");

  server().remove("/_index_template/" + config.prefix + "-alert");
  ASSERT_EQ(deliver_alert(config, 2).kind, Kind::kDelivered);
  EXPECT_EQ(setting(config.prefix + "-alert-2024.10.06", "index.refresh_interval"), "7s");
}

TEST(ElasticsearchTemplatesServer, OverlappingPrefixesKeepTheirOwn) {
  auto config = testing::test_config();
  const auto prefix = config.prefix;
  ASSERT_EQ(deliver_alert(config, 0).kind, Kind::kDelivered);
  config.prefix = prefix + "-alert";
  config.shards = 2;
  ASSERT_EQ(deliver_alert(config, 0).kind, Kind::kDelivered);
  config.prefix = prefix;
  config.shards = 1;
  ASSERT_EQ(deliver_alert(config, 1).kind, Kind::kDelivered);
  EXPECT_EQ(setting(prefix + "-alert-alert-2024.10.04", "index.number_of_shards"), "2");
  EXPECT_EQ(setting(prefix + "-alert-2024.10.05", "index.number_of_shards"), "1");
}

TEST(ElasticsearchTemplatesServer, AreNeverPutByAnExporterThatMayNot) {
  auto config = testing::test_config();
  config.manage_templates = false;
  const auto held = deliver_alert(config, 0);
  EXPECT_EQ(held.kind, Kind::kHold);
  EXPECT_THAT(held.reason, HasSubstr("is missing, and manage_templates is false"));
  config.manage_templates = true;
  ASSERT_EQ(deliver_alert(config, 0).kind, Kind::kDelivered);
  config.manage_templates = false;
  config.shards = 2;  // differs, and is left alone
  ASSERT_EQ(deliver_alert(config, 1).kind, Kind::kDelivered);
  EXPECT_EQ(setting(config.prefix + "-alert-2024.10.05", "index.number_of_shards"), "1");
}

TEST(ElasticsearchTemplatesServer, WhatTheServerRefusesHoldsWithItsWords) {
  auto config = testing::test_config();
  config.index_settings["index.no_such_setting"] = "1";
  const auto held = deliver_alert(config, 0);
  EXPECT_EQ(held.kind, Kind::kHold);
  EXPECT_THAT(held.reason, HasSubstr("index template " + config.prefix));
  EXPECT_THAT(held.reason, HasSubstr("index.no_such_setting"));
}

}  // namespace
}  // namespace kcloud::elasticsearch
