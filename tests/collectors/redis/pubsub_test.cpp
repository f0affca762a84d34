#include "fixture.h"

namespace kcloud::redis {
namespace {

using std::chrono::milliseconds;
using testing::decision;
using testing::eventually;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class PubSubCollector : public testing::CollectorFixture {
 protected:
  long long publish(const std::string& channel, const std::string& message) {
    return server_.number({"PUBLISH", channel, message});
  }
};

TEST_F(PubSubCollector, TheModulesOwnMessagesBecomeEventsOfTheirTypes) {
  start_connected();
  const std::string metrics =
      R"({"cluster_name":"l40s","status":"healthy","health_score":93,)"
      R"("timestamp":"2025-01-15T19:30:00.123456","event_type":"metrics_updated"})";
  const std::string alert =
      R"({"alert_id":"a-1","cluster_name":"furiosa","severity":"WARNING","message":"전력 초과",)"
      R"("timestamp":"2025-01-15T19:31:00","metadata":{},"_type":"alert"})";
  // The real publisher sends it to both channels: the same message, so the same event.
  publish("kcloud:events:metrics:updated", metrics);
  publish("kcloud:events:cluster:l40s:metrics", metrics);
  publish("kcloud:events:alerts:new", alert);
  publish("scheduling_events", R"({"workload_id":"w-1","selected_cluster":"gpu-cluster-01",)"
                               R"("timestamp":"2025-01-15T10:30:00Z","execution_time_ms":180})");
  publish("policy_events",
          R"({"policy":"p","action":"updated","timestamp":"2025-01-15T10:31:00Z"})");
  ASSERT_TRUE(stores(4));
  std::map<std::string_view, const core::Event*> by_type;
  const auto batch = events();
  for (const auto& event : batch.events) by_type[event.type_name] = &event;
  ASSERT_EQ(by_type.size(), 4u);
  EXPECT_EQ(core::format_time(by_type["metrics_updated"]->time), "2025-01-15T10:30:00.123456Z");
  EXPECT_EQ(by_type["metrics_updated"]->cluster, "l40s");
  EXPECT_EQ(by_type["alert"]->severity, "warning");
  EXPECT_EQ(by_type["scheduling_decision"]->workload, "w-1");
  EXPECT_EQ(by_type["scheduling_decision"]->collector, "the-redis");
  EXPECT_EQ(by_type["policy_change"]->agent, "agent-1");
}

TEST_F(PubSubCollector, AMessageThatSeveralSubscriptionsDeliverIsOneEvent) {
  config_.channels = {"kcloud:events:alerts:new", "scheduling_events"};
  config_.patterns = {"kcloud:events:*", "kcloud:*:new", "scheduling*"};
  start_connected();
  // Without time and key each delivery would be an event of its own.
  const std::string body = R"({"event_type":"alert","message":"m","severity":"info"})";
  EXPECT_EQ(publish("kcloud:events:alerts:new", body), 3);
  EXPECT_EQ(publish("kcloud:events:metrics:new", body), 2);
  EXPECT_EQ(publish("kcloud:events:x", body), 1);
  EXPECT_EQ(publish("scheduling_events", body), 2);
  ASSERT_TRUE(stores(4));
  EXPECT_TRUE(eventually([this] { return measure("repeated_deliveries_total") == 4; }));
  EXPECT_EQ(journal_->stats().duplicates, 0u);
}

TEST_F(PubSubCollector, EqualMessagesWithoutATimeAreTwoEvents) {
  start_connected();
  const std::string body = R"({"event_type":"alert","message":"m"})";
  publish("kcloud:events:alerts:new", body);
  publish("kcloud:events:alerts:new", body);
  EXPECT_TRUE(stores(2));
}

TEST_F(PubSubCollector, ThousandsArriveEachOnceInFewBatches) {
  start_connected();
  std::vector<std::vector<std::string>> commands;
  const int count = test_support::soak() ? 200'000 : 20'000;
  for (int i = 0; i < count; ++i) {
    commands.push_back({"PUBLISH", "scheduling_events", decision("w-" + std::to_string(i))});
  }
  server_.pipeline(commands);
  ASSERT_TRUE(stores(static_cast<std::uint64_t>(count)));
  EXPECT_EQ(workloads().size(), static_cast<std::size_t>(count));
  EXPECT_LE(door_->largest, 1000u);
  EXPECT_GT(door_->largest, 1u);
}

TEST_F(PubSubCollector, BadMessagesBecomeDeadLettersAndTheRestGoesOn) {
  context_.decode.max_event_bytes = 10'000;
  start_connected();
  publish("scheduling_events", "{\"broken\":");
  publish("scheduling_events", std::string("\x00\xff\xfe binary \r\n$5\r\n", 17));
  publish("scheduling_events", "");
  publish("scheduling_events", "[1,2]");
  publish("cluster_events", decision("a"));
  publish("kcloud:events:surprise", R"({"no":"type"})");
  publish("scheduling_events", decision("big", ",\"x\":\"" + std::string(5'000'000, 'x') + "\""));
  publish("scheduling_events", decision("b"));
  ASSERT_TRUE(stores(2));
  const auto letters = dead_letters(6);
  EXPECT_EQ(letters[0].reason, "too_large");
  EXPECT_THAT(letters[0].detail, HasSubstr("a message of 5000"));
  EXPECT_THAT(letters[0].position, StartsWith("scheduling_events/"));
  EXPECT_EQ(letters[0].origin, "collector:the-redis");
  EXPECT_EQ(letters[0].body.size(), context_.dead_letter_body_bytes);
  EXPECT_THAT(letters[1].position, StartsWith("kcloud:events:surprise/"));
  EXPECT_THAT(letters[1].detail, HasSubstr("the name of an event type"));
  EXPECT_EQ(letters[5].reason, "invalid_json");
  EXPECT_EQ(letters[5].body, "{\"broken\":");
  EXPECT_TRUE(collector_->report().connected);
}

TEST_F(PubSubCollector, CloudEventsInTheMessage) {
  start_connected();
  publish("scheduling_events",
          R"({"specversion":"1.0","id":"c-1","source":"/scheduler","type":"scheduling_decision",)"
          R"("time":"2025-01-15T10:30:00Z","data":{"workload_id":"w-9","selected_cluster":"c"}})");
  ASSERT_TRUE(stores(1));
  const auto batch = events();
  EXPECT_EQ(batch.events[0].workload, "w-9");
  EXPECT_EQ(batch.events[0].source, "/scheduler");
}

TEST_F(PubSubCollector, ARestartOfTheServerIsAGapWithItsLength) {
  start_connected();
  EXPECT_EQ(measure("gaps_total"), 0);
  publish("scheduling_events", decision("before"));
  ASSERT_TRUE(stores(1));
  server_.kill();
  ASSERT_TRUE(eventually([this] { return !collector_->report().connected; }));
  ASSERT_TRUE(eventually([this] { return measure("open_gap_seconds") > 0.3; }));
  EXPECT_EQ(measure("gaps_total"), 0) << "it is not over";
  server_.start();
  ASSERT_TRUE(eventually([this] { return measure("gaps_total") == 1; }));
  EXPECT_GE(measure("last_gap_seconds"), 0.3);
  EXPECT_LT(measure("last_gap_seconds"), 15);
  EXPECT_EQ(measure("gap_seconds_total"), measure("last_gap_seconds"));
  EXPECT_EQ(measure("open_gap_seconds"), 0);
  publish("scheduling_events", decision("after"));
  ASSERT_TRUE(stores(2));
  EXPECT_THAT(collector_->report().last_error, HasSubstr(server_.address()));
}

TEST_F(PubSubCollector, APauseIsAGapAndAFirstStartIsNone) {
  start_connected();
  EXPECT_LT(stop(), milliseconds(1'000));
  EXPECT_FALSE(collector_->report().connected);
  ASSERT_TRUE(eventually([this] { return measure("open_gap_seconds") > 0.1; }));
  start_connected();
  EXPECT_EQ(measure("gaps_total"), 1);
  EXPECT_GE(measure("last_gap_seconds"), 0.1);
}

TEST_F(PubSubCollector, AStartWithoutAServerIsAGap) {
  server_.kill();
  start();
  ASSERT_TRUE(eventually([this] { return !last_failure().empty(); }));
  EXPECT_THAT(last_failure(), HasSubstr("cannot reach Redis: " + server_.address()));
  server_.start();
  ASSERT_TRUE(eventually([this] { return measure("gaps_total") == 1; }));
}

TEST_F(PubSubCollector, AServerThatFallsSilentIsNoticed) {
  config_.ping_interval = milliseconds(200);
  config_.timeout = milliseconds(400);
  start_connected();
  // The idle connection is asked, and answers.
  std::this_thread::sleep_for(milliseconds(1'000));
  EXPECT_EQ(measure("connects_total"), 1);
  server_.freeze();
  ASSERT_TRUE(eventually([this] { return !collector_->report().connected; }));
  server_.thaw();
  ASSERT_TRUE(eventually([this] { return measure("gaps_total") == 1; }));
  // It began when the server was last heard.
  EXPECT_GE(measure("last_gap_seconds"), 0.4);
}

TEST_F(PubSubCollector, WhileTheJournalIsFullMessagesWaitHereAndArriveAfterwards) {
  start_connected();
  door_->shut = true;
  std::vector<std::vector<std::string>> commands;
  for (int i = 0; i < 5'000; ++i) {
    commands.push_back({"PUBLISH", "scheduling_events", decision("w-" + std::to_string(i))});
  }
  server_.pipeline(commands);
  ASSERT_TRUE(eventually([this] { return door_->turned_away > 5; }));
  EXPECT_EQ(stored(), 0u);
  door_->shut = false;
  ASSERT_TRUE(stores(5'000));
  EXPECT_EQ(measure("gaps_total"), 0);
}

TEST_F(PubSubCollector, AReaderTooSlowForTheServerIsAGapAndNothingElseIsLost) {
  server_.command({"CONFIG", "SET", "client-output-buffer-limit", "pubsub 2mb 0 0"});
  config_.buffer_bytes = 4 << 20;
  start_connected();
  door_->shut = true;
  std::vector<std::vector<std::string>> commands;
  const std::string padding = ",\"x\":\"" + std::string(10'000, 'x') + "\"";
  for (int i = 0; i < 4'000; ++i) {
    commands.push_back(
        {"PUBLISH", "scheduling_events", decision("w-" + std::to_string(i), padding)});
  }
  server_.pipeline(commands);
  door_->shut = false;
  ASSERT_TRUE(eventually([this] { return measure("gaps_total") >= 1; }));
  publish("scheduling_events", decision("after"));
  ASSERT_TRUE(eventually([this] { return workloads().contains("after"); }));
  const auto kept = workloads();
  EXPECT_LT(kept.size(), 4'000u);
  // What was read is whole and in order up to the gap.
  for (std::size_t i = 0; i + 1 < kept.size(); ++i) {
    EXPECT_EQ(kept.count("w-" + std::to_string(i)), 1u) << i;
  }
  EXPECT_EQ(measure("lost_events_total"), 0);
}

TEST_F(PubSubCollector, WhatTheJournalDoesNotTakeBeforeAStopIsCountedAsLost) {
  start_connected();
  door_->shut = true;
  for (int i = 0; i < 7; ++i) publish("scheduling_events", decision(std::to_string(i)));
  server_.command({"PING"});  // the newest is on its way before this is answered
  ASSERT_TRUE(eventually([this] { return door_->turned_away > 0; }));
  EXPECT_LT(stop(), milliseconds(1'500));
  EXPECT_EQ(measure("lost_events_total"), 7);
}

TEST_F(PubSubCollector, LosingTheServerDoesNotLoseWhatWaitsForTheJournal) {
  start_connected();
  door_->shut = true;
  for (int i = 0; i < 50; ++i) publish("scheduling_events", decision(std::to_string(i)));
  server_.command({"PING"});  // the newest is on its way before this is answered
  ASSERT_TRUE(eventually([this] { return door_->turned_away > 0; }));
  server_.kill();
  ASSERT_TRUE(eventually([this] { return !collector_->report().connected; }));
  door_->shut = false;
  EXPECT_TRUE(stores(50));
}

}  // namespace
}  // namespace kcloud::redis
