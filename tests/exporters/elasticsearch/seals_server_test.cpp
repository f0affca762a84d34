// Seals in a real server: each is one document that nothing changes afterwards.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/json.h"
#include "tests/exporters/elasticsearch/server.h"
#include "tests/support/tcp_proxy.h"

namespace kcloud::elasticsearch {
namespace {

using test_support::TcpProxy;
using testing::count;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::seal;
using testing::server;
using Kind = core::Delivery::Kind;

std::vector<core::Seal> seals(std::uint64_t number) {
  std::vector<core::Seal> made;
  for (std::uint64_t seq = 1; seq <= number; ++seq) made.push_back(seal(seq));
  return made;
}

TEST(ElasticsearchSeals, CarriedAgainEachIsOneDocument) {
  const auto config = testing::test_config();
  for (int agent = 0; agent < 2; ++agent) {
    auto exporter = testing::exporter(config);
    ASSERT_TRUE(exporter.carries_seals());
    const auto delivery = exporter.carry_seals(seals(1000));
    ASSERT_EQ(delivery.kind, Kind::kDelivered) << delivery.reason;
    EXPECT_THAT(delivery.rejected, IsEmpty());
    EXPECT_GT(delivery.bytes, 300'000u);
  }
  EXPECT_EQ(count(config.prefix), 1000u);
  EXPECT_EQ(count(config.prefix, R"({"range":{"seq":{"gt":900}}})"), 100u);
}

TEST(ElasticsearchSeals, OneThatWasChangedLaterChangesNothing) {
  const auto config = testing::test_config();
  auto exporter = testing::exporter(config);
  ASSERT_EQ(exporter.carry_seals(seals(1)).kind, Kind::kDelivered);
  auto changed = seals(1);
  changed[0].hash.fill(0xee);
  EXPECT_EQ(exporter.carry_seals(changed).kind, Kind::kDelivered);
  EXPECT_EQ(count(config.prefix), 1u);
  EXPECT_EQ(count(config.prefix, R"({"prefix":{"hash":"cc01"}})"), 1u);
}

TEST(ElasticsearchSeals, CutInTheMiddleNoneIsLostOrDoubled) {
  auto config = testing::test_config();
  TcpProxy proxy(server().port());
  config.urls = {"http://127.0.0.1:" + std::to_string(proxy.port())};
  auto exporter = testing::exporter(config);
  std::uint64_t sent = 0;
  for (const auto cut : {TcpProxy::Cut::kBefore, TcpProxy::Cut::kAfterAnswer})
    for (int message = 0; message < 4; ++message) {
      proxy.arm(message, cut);
      const auto all = seals(sent += 20);
      int attempts = 0;
      core::Delivery delivery;
      do {
        delivery = exporter.carry_seals(std::span(all).last(20));
      } while (delivery.kind == Kind::kRetry && ++attempts < 5);
      ASSERT_EQ(delivery.kind, Kind::kDelivered) << delivery.reason;
    }
  EXPECT_EQ(count(config.prefix), sent);
}

// The role or the template is missing for seals alone: events go on.
TEST(ElasticsearchSeals, WithoutTheirTemplateTheyAreHeldAndEventsAreNot) {
  auto config = testing::test_config();
  {
    auto exporter = testing::exporter(config);
    testing::Events events;
    events.add("alert", "1");
    ASSERT_EQ(exporter.deliver(events.batch.events).kind, Kind::kDelivered);
  }
  config.manage_templates = false;
  auto exporter = testing::exporter(config);
  const auto held = exporter.carry_seals(seals(1));
  EXPECT_EQ(held.kind, Kind::kHold);
  EXPECT_THAT(held.reason, HasSubstr(config.prefix + "-audit_seal is missing"));
  testing::Events events;
  events.add("alert", "2");
  EXPECT_EQ(exporter.deliver(events.batch.events).kind, Kind::kDelivered);
  EXPECT_EQ(exporter.probe().at(1).outcome, core::ProbeStep::Outcome::kFailed);
  config.carry_seals = false;
  auto without = testing::exporter(config);
  EXPECT_FALSE(without.carries_seals());
  EXPECT_EQ(without.probe().at(1).outcome, core::ProbeStep::Outcome::kPassed);
}

TEST(ElasticsearchSeals, AForeignMappingRefusesThemOneByOne) {
  const auto config = testing::test_config();
  server().put("/" + config.prefix + "-audit_seal-2025.01.15",
               R"({"mappings":{"properties":{"events":{"type":"boolean"}}}})");
  auto exporter = testing::exporter(config);
  const auto delivery = exporter.carry_seals(seals(3));
  EXPECT_EQ(delivery.kind, Kind::kDelivered) << delivery.reason;
  ASSERT_EQ(delivery.rejected.size(), 3u);
  EXPECT_THAT(delivery.rejected[0].reason, HasSubstr("parsing_exception"));
}

}  // namespace
}  // namespace kcloud::elasticsearch
