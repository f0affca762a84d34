// Delivery to a real server that is killed, cut off, blocked or full: each event is one document.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "core/json.h"
#include "tests/exporters/elasticsearch/server.h"
#include "tests/support/tcp_proxy.h"

namespace kcloud::elasticsearch {
namespace {

using test_support::TcpProxy;
using testing::count;
using testing::Events;
using testing::field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::server;
using Kind = core::Delivery::Kind;

constexpr std::int64_t kDay = 86'400'000'000'000;
constexpr std::int64_t kTime = 1'736'937'000'123'456'789;  // on 2025-01-15

Events alerts(int number, std::int64_t time = kTime) {
  Events events;
  for (int i = 0; i < number; ++i) events.add("alert", std::to_string(i), time);
  return events;
}

TEST(ElasticsearchDelivery, DeliveredAgainEachEventIsOneDocument) {
  const auto config = testing::test_config();
  const auto events = alerts(200);
  for (int agent = 0; agent < 2; ++agent) {
    auto exporter = testing::exporter(config);
    for (int again = 0; again < 2; ++again) {
      const auto delivery = exporter.deliver(events.batch.events);
      ASSERT_EQ(delivery.kind, Kind::kDelivered) << delivery.reason;
      EXPECT_THAT(delivery.rejected, IsEmpty());
      EXPECT_GT(delivery.bytes, 200u * 300);
    }
  }
  EXPECT_EQ(count(config.prefix), 200u);
}

TEST(ElasticsearchDelivery, GoesOnAfterTheServerWasKilled) {
  const auto config = testing::test_config();
  const auto events = alerts(100);
  const auto all = std::span(events.batch.events);
  auto exporter = testing::exporter(config);
  ASSERT_EQ(exporter.deliver(all.first(50)).kind, Kind::kDelivered);
  server().kill();
  const auto down = exporter.deliver(all);
  EXPECT_EQ(down.kind, Kind::kRetry);
  EXPECT_THAT(down.reason, HasSubstr(server().url()));
  server().start();
  const auto up = exporter.deliver(all);
  ASSERT_EQ(up.kind, Kind::kDelivered) << up.reason;
  EXPECT_EQ(count(config.prefix), 100u);
}

TEST(ElasticsearchDelivery, ANodeThatCannotBeReachedIsLeftForTheNext) {
  auto config = testing::test_config();
  const auto dead = "http://127.0.0.1:" + std::to_string(test_support::free_port());
  config.urls = {dead, server().url()};
  auto exporter = testing::exporter(config);
  const auto delivery = exporter.deliver(alerts(10).batch.events);
  EXPECT_EQ(delivery.kind, Kind::kDelivered) << delivery.reason;
  config.urls = {dead, dead};
  EXPECT_EQ(testing::exporter(config).deliver(alerts(10).batch.events).kind, Kind::kRetry);
  EXPECT_EQ(count(config.prefix), 10u);
}

// Through each of two addresses, cut at every message in turn, the answer swallowed among them.
TEST(ElasticsearchDelivery, CutsInTheMiddleLoseAndDoubleNothing) {
  auto config = testing::test_config();
  TcpProxy first(server().port()), second(server().port());
  config.urls = {"http://127.0.0.1:" + std::to_string(first.port()),
                 "http://127.0.0.1:" + std::to_string(second.port())};
  auto exporter = testing::exporter(config);
  Events all;
  int number = 0;
  for (const auto cut :
       {TcpProxy::Cut::kBefore, TcpProxy::Cut::kAfter, TcpProxy::Cut::kAfterAnswer})
    for (int message = 0; message < 6; ++message) {
      first.arm(message, cut);
      second.arm(message, cut);
      Events events;
      for (int i = 0; i < 20; ++i) events.add("alert", std::to_string(number++), kTime);
      int attempts = 0;
      core::Delivery delivery;
      do {
        delivery = exporter.deliver(events.batch.events);
      } while (delivery.kind == Kind::kRetry && ++attempts < 5);
      ASSERT_EQ(delivery.kind, Kind::kDelivered) << delivery.reason;
      EXPECT_THAT(delivery.rejected, IsEmpty());
    }
  EXPECT_EQ(count(config.prefix), 18u * 20);
}

// Two days in one span, one of them blocked: the other is stored, and is not sent again.
TEST(ElasticsearchDelivery, OnlyWhatIsNotDoneIsSentAgain) {
  const auto config = testing::test_config();
  const std::string blocked = "/" + config.prefix + "-alert-2025.01.15";
  server().put(blocked, R"({"mappings":{"dynamic":false}})");
  server().put("/" + config.prefix + "-alert-2025.01.16",
               R"({"mappings":{"properties":{"fields":{"properties":)"
               R"({"message":{"type":"integer"}}}}}})");
  server().put(blocked + "/_settings", R"({"index.blocks.write":true})");
  Events events;
  for (int i = 0; i < 40; ++i)
    events.add("alert", std::to_string(i), i % 4 == 0 ? kTime : kTime + kDay);
  field(events.batch.events[7], "message") = testing::text("no number");
  auto exporter = testing::exporter(config);
  const auto held = exporter.deliver(events.batch.events);
  EXPECT_EQ(held.kind, Kind::kHold);
  EXPECT_THAT(held.reason, HasSubstr("cluster_block_exception"));
  EXPECT_THAT(held.rejected, IsEmpty());
  EXPECT_EQ(count(config.prefix), 29u);
  server().put(blocked + "/_settings", R"({"index.blocks.write":null})");
  const auto done = exporter.deliver(events.batch.events);
  ASSERT_EQ(done.kind, Kind::kDelivered) << done.reason;
  EXPECT_LT(done.bytes, held.bytes / 3);
  ASSERT_EQ(done.rejected.size(), 1u) << "found at the first attempt, told once all is done";
  EXPECT_EQ(done.rejected[0].index, 7u);
  EXPECT_THAT(done.rejected[0].reason, HasSubstr("parsing_exception"));
  EXPECT_EQ(count(config.prefix), 39u);
}

TEST(ElasticsearchDelivery, AFloodedDiskIsWaitedFor) {
  const auto config = testing::test_config();
  const std::string index = "/" + config.prefix + "-alert-2025.01.15";
  auto exporter = testing::exporter(config);
  server().put(index, "{}");
  server().put(index + "/_settings", R"({"index.blocks.read_only_allow_delete":true})");
  const auto full = exporter.deliver(alerts(10).batch.events);
  EXPECT_EQ(full.kind, Kind::kRetry);
  EXPECT_THAT(full.reason, HasSubstr("flood-stage"));
  server().put(index + "/_settings", R"({"index.blocks.read_only_allow_delete":null})");
  EXPECT_EQ(exporter.deliver(alerts(10).batch.events).kind, Kind::kDelivered);
  EXPECT_EQ(count(config.prefix), 10u);
}

// What the cluster's settings refuse is no fault of the events: nothing is rejected.
TEST(ElasticsearchDelivery, LimitsOfTheClusterHold) {
  const auto config = testing::test_config();
  auto exporter = testing::exporter(config);
  const auto events = alerts(10);
  const auto set = [](const char* settings) {
    server().put("/_cluster/settings", std::string(R"({"transient":)") + settings + "}");
  };
  set(R"({"cluster.max_shards_per_node":"1"})");
  const auto shards = exporter.deliver(events.batch.events);
  set(R"({"cluster.max_shards_per_node":null,"action.auto_create_index":"false"})");
  const auto missing = exporter.deliver(events.batch.events);
  set(R"({"action.auto_create_index":null,"cluster.blocks.read_only":true})");
  const auto blocked = exporter.deliver(events.batch.events);
  set(R"({"cluster.blocks.read_only":null})");
  EXPECT_EQ(shards.kind, Kind::kHold);
  EXPECT_THAT(shards.reason, HasSubstr("validation_exception"));
  EXPECT_EQ(missing.kind, Kind::kHold);
  EXPECT_THAT(missing.reason, HasSubstr("index_not_found_exception"));
  EXPECT_EQ(blocked.kind, Kind::kHold);
  EXPECT_THAT(blocked.reason, HasSubstr("cluster read-only"));
  EXPECT_EQ(exporter.deliver(events.batch.events).kind, Kind::kDelivered);
  EXPECT_EQ(count(config.prefix), 10u);
}

TEST(ElasticsearchDelivery, AClosedIndexHolds) {
  const auto config = testing::test_config();
  auto exporter = testing::exporter(config);
  const auto events = alerts(3);
  ASSERT_EQ(exporter.deliver(events.batch.events).kind, Kind::kDelivered);
  http_client::Client client({});
  http_client::Request request;
  request.url = server().url() + "/" + config.prefix + "-alert-2025.01.15/_close";
  ASSERT_EQ(client.post(request).status, 200);
  const auto closed = exporter.deliver(alerts(4).batch.events);
  EXPECT_EQ(closed.kind, Kind::kHold);
  EXPECT_THAT(closed.reason, HasSubstr("index_closed_exception"));
}

// A server that takes connections and does not answer must not keep the agent from ending.
TEST(ElasticsearchDelivery, InterruptEndsAnAttempt) {
  const auto config = testing::test_config();
  const auto events = alerts(1);
  for (const bool prepared : {false, true}) {
    auto exporter = testing::exporter(config);
    if (prepared) {
      ASSERT_EQ(exporter.deliver(events.batch.events).kind, Kind::kDelivered);
    }
    server().pause();
    const auto start = std::chrono::steady_clock::now();
    std::jthread stopper([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      exporter.interrupt();
    });
    const auto delivery = exporter.deliver(events.batch.events);
    server().resume();
    EXPECT_EQ(delivery.kind, Kind::kRetry);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5)) << prepared;
  }
}

}  // namespace
}  // namespace kcloud::elasticsearch
