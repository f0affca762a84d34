// Passwords and limits of request sizes by a real nginx in front of the server; `check --online`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/exporters/elasticsearch/nginx.h"
#include "tests/exporters/elasticsearch/server.h"

namespace kcloud::elasticsearch {
namespace {

using testing::count;
using testing::Events;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::server;
using Kind = core::Delivery::Kind;
using Outcome = core::ProbeStep::Outcome;

Config behind(const testing::Nginx& nginx, const std::string& password) {
  auto config = testing::test_config();
  config.urls = {nginx.url()};
  config.username = "writer";
  config.password.value = password;
  return config;
}

TEST(ElasticsearchAccess, AWrongPasswordHoldsAndIsNotSaid) {
  const testing::Nginx nginx(server().port());
  Events events;
  events.add("alert", "a");
  const auto config = behind(nginx, "wrong-word");
  const auto held = testing::exporter(config).deliver(events.batch.events);
  EXPECT_EQ(held.kind, Kind::kHold);
  EXPECT_THAT(held.reason, HasSubstr("401"));
  EXPECT_THAT(held.reason, HasSubstr("check `username` and `password`"));
  EXPECT_THAT(held.reason, Not(HasSubstr("wrong-word")));
  auto key = behind(nginx, "");
  key.username.clear();
  key.api_key.value = "hush-key";
  const auto refused = testing::exporter(key).deliver(events.batch.events);
  EXPECT_EQ(refused.kind, Kind::kHold);
  EXPECT_THAT(refused.reason, Not(HasSubstr("hush-key")));
}

TEST(ElasticsearchAccess, TheRightOneWritesAndWhatIsTooLargeIsBisected) {
  const testing::Nginx nginx(server().port());
  auto config = behind(nginx, "hush-hush");
  Events events;
  for (int i = 0; i < 40; ++i) events.add("alert", std::to_string(i));
  config.urls = {server().url()};  // templates have more than 4 KiB
  ASSERT_EQ(testing::exporter(config).deliver(std::span(events.batch.events).first(1)).kind,
            Kind::kDelivered);
  config.urls = {nginx.url()};
  config.compression = "none";
  auto exporter = testing::exporter(config);
  const auto large = exporter.deliver(events.batch.events);
  EXPECT_EQ(large.kind, Kind::kBisect);
  EXPECT_THAT(large.reason, HasSubstr("413"));
  const auto small = exporter.deliver(std::span(events.batch.events).first(4));
  EXPECT_EQ(small.kind, Kind::kDelivered) << small.reason;
  EXPECT_EQ(count(config.prefix), 4u);
}

TEST(ElasticsearchProbe, WritesAndLeavesNothing) {
  const auto config = testing::test_config();
  const auto steps = testing::exporter(config).probe();
  ASSERT_EQ(steps.size(), 3u);
  for (const auto& step : steps) EXPECT_EQ(step.outcome, Outcome::kPassed) << step.detail;
  EXPECT_THAT(steps[0].detail, HasSubstr("OpenSearch 2."));
  EXPECT_THAT(server().get("/_cat/templates"), Not(HasSubstr("_probe")));
  EXPECT_THAT(server().get("/_cat/indices"), Not(HasSubstr("_probe")));
}

TEST(ElasticsearchProbe, StepsThatWereNotDoneAreSkipped) {
  auto config = testing::test_config();
  config.urls = {"http://127.0.0.1:" + std::to_string(test_support::free_port())};
  const auto steps = testing::exporter(config).probe();
  EXPECT_EQ(steps[0].outcome, Outcome::kFailed);
  EXPECT_EQ(steps[1].outcome, Outcome::kSkipped);
  EXPECT_EQ(steps[2].outcome, Outcome::kSkipped);
  EXPECT_EQ(steps[2].detail, "not reached");
}

TEST(ElasticsearchProbe, FailsWhereTheRoleOrTheClusterRefuses) {
  auto config = testing::test_config();
  config.manage_templates = false;
  EXPECT_EQ(testing::exporter(config).probe()[1].outcome, Outcome::kFailed);
  server().put("/_cluster/settings", R"({"transient":{"cluster.blocks.read_only":true}})");
  config.manage_templates = true;
  const auto steps = testing::exporter(config).probe();
  server().put("/_cluster/settings", R"({"transient":{"cluster.blocks.read_only":null}})");
  EXPECT_EQ(steps[0].outcome, Outcome::kPassed);
  EXPECT_EQ(steps[1].outcome, Outcome::kFailed);
  EXPECT_EQ(steps[2].outcome, Outcome::kFailed);
  EXPECT_THAT(steps[2].detail, HasSubstr("cluster_block_exception"));
  const testing::Nginx nginx(server().port());
  const auto refused = testing::exporter(behind(nginx, "wrong-word")).probe();
  EXPECT_EQ(refused[0].outcome, Outcome::kFailed);
  EXPECT_THAT(refused[0].detail, HasSubstr("401"));
}

}  // namespace
}  // namespace kcloud::elasticsearch
