#include "fixture.h"

namespace kcloud::redis {
namespace {

using std::chrono::milliseconds;
using testing::decision;
using testing::eventually;

class ListCollector : public testing::CollectorFixture {
 protected:
  static constexpr const char* kProcessing = "events:processing:agent-1";

  void SetUp() override {
    CollectorFixture::SetUp();
    config_.mode = "list";
    config_.lists = {"events"};
    config_.channel_types["events"] = "scheduling";
  }
  void push_many(int first, int count, const std::string& list = "events") {
    std::vector<std::vector<std::string>> commands;
    for (int i = first; i < first + count; ++i) {
      commands.push_back({"RPUSH", list, decision("w-" + std::to_string(i))});
    }
    server_.pipeline(commands);
  }
  long long length(const std::string& list) { return server_.number({"LLEN", list}); }
  void all_removed() {
    EXPECT_TRUE(eventually([&] { return length("events") == 0 && length(kProcessing) == 0; }));
  }
};

TEST_F(ListCollector, ElementsAreStoredThenRemoved) {
  push_many(0, 10);
  start_connected();
  ASSERT_TRUE(stores(10));
  server_.command({"RPUSH", "events", decision("later")});
  ASSERT_TRUE(stores(11));
  all_removed();
}

TEST_F(ListCollector, ThousandsFromSeveralListsArriveEachOnce) {
  config_.lists = {"events", "more"};
  const int count = test_support::soak() ? 100'000 : 10'000;
  push_many(0, count);
  start_connected();
  push_many(count, count, "more");
  ASSERT_TRUE(stores(2u * static_cast<unsigned>(count)));
  EXPECT_EQ(workloads().size(), 2u * static_cast<unsigned>(count));
  all_removed();
  EXPECT_EQ(length("more"), 0);
  EXPECT_GT(door_->largest, 50u);
}

TEST_F(ListCollector, RecordsOfFilebeatAndLogstash) {
  server_.command(
      {"RPUSH", "events",
       R"({"@timestamp":"2025-01-15T10:30:01.000Z","@metadata":{"beat":"filebeat"},)"
       R"("message":"{\"event_type\":\"alert\",\"message\":\"m\"}","log":{"offset":0}})"});
  server_.command({"RPUSH", "events",
                   R"({"@timestamp":"2025-01-15T10:30:02.000Z","@version":"1","host":{"name":"n"},)"
                   R"("message":"{\"workload_id\":\"w\",\"selected_cluster\":\"c\"}"})"});
  start_connected();
  ASSERT_TRUE(stores(2));
  const auto batch = events();
  EXPECT_EQ(batch.events[0].type_name, "alert");
  EXPECT_EQ(core::format_time(batch.events[0].time), "2025-01-15T10:30:01Z");
  EXPECT_EQ(batch.events[1].type_name, "scheduling_decision");
}

TEST_F(ListCollector, WhatWasNotCommittedIsReadAgainAndIsTheSame) {
  const std::string timeless = R"({"workload_id":"t","selected_cluster":"c"})";
  start_connected();
  // Equal ones without a time or key are as many events as there are elements.
  for (int i = 0; i < 3; ++i) server_.command({"RPUSH", "events", timeless});
  ASSERT_TRUE(stores(3));
  all_removed();
  stop();
  // A crash behind the commit and before the removal: the elements are still there, and so is the
  // number of the last that was removed.
  const auto counter = std::string(kProcessing) + ":read";
  server_.command({"DECRBY", counter, "3"});
  for (int i = 0; i < 3; ++i) server_.command({"RPUSH", kProcessing, timeless});
  server_.command({"RPUSH", kProcessing, decision("left")});
  server_.command({"RPUSH", "events", decision("new")});
  make();
  start_connected();
  ASSERT_TRUE(stores(5));
  all_removed();
  EXPECT_EQ(journal_->stats().duplicates, 3u);
  EXPECT_EQ(measure("recovered_elements_total"), 4);
}

TEST_F(ListCollector, ALongProcessingListIsReadAgainWhileItShrinks) {
  std::vector<std::vector<std::string>> commands;
  for (int i = 0; i < 5'000; ++i) {
    commands.push_back({"RPUSH", kProcessing, decision("w-" + std::to_string(i))});
  }
  server_.pipeline(commands);
  make(100);
  start_connected();
  ASSERT_TRUE(stores(5'000));
  EXPECT_EQ(workloads().size(), 5'000u);
  all_removed();
  EXPECT_EQ(journal_->stats().duplicates, 0u);
}

TEST_F(ListCollector, NothingIsRemovedBeforeTheCommit) {
  start_connected();
  door_->shut = true;
  push_many(0, 3'000);
  ASSERT_TRUE(eventually([this] { return door_->turned_away > 2; }));
  EXPECT_EQ(length("events") + length(kProcessing), 3'000);
  EXPECT_LT(stop(), milliseconds(1'500));
  EXPECT_EQ(length("events") + length(kProcessing), 3'000);
  door_->shut = false;
  start_connected();
  ASSERT_TRUE(stores(3'000));
  all_removed();
}

TEST_F(ListCollector, ARestartOfTheServerLosesNothing) {
  start_connected();
  for (int round = 0; round < 2; ++round) {
    push_many(round * 1'000, 500);
    server_.kill();
    server_.start();
    push_many(round * 1'000 + 500, 500);
    ASSERT_TRUE(stores(static_cast<std::uint64_t>(round + 1) * 1'000)) << round;
  }
  all_removed();
}

TEST_F(ListCollector, UnreliableItPops) {
  config_.reliable = false;
  push_many(0, 2'000);
  start_connected();
  ASSERT_TRUE(stores(2'000));
  EXPECT_EQ(length("events"), 0);
  EXPECT_EQ(server_.command({"KEYS", "*"}), "");
  door_->shut = true;
  push_many(2'000, 5);
  ASSERT_TRUE(eventually([this] { return door_->turned_away > 0; }));
  EXPECT_LT(stop(), milliseconds(1'500));
  EXPECT_EQ(measure("lost_events_total"), 5);
}

TEST_F(ListCollector, BadElementsBecomeDeadLetters) {
  context_.decode.max_event_bytes = 10'000;
  server_.command({"RPUSH", "events", "no json"});
  server_.command(
      {"RPUSH", "events", decision("b", ",\"x\":\"" + std::string(3'000'000, 'x') + "\"")});
  push_many(0, 10);
  start_connected();
  ASSERT_TRUE(stores(10));
  const auto letters = dead_letters(2);
  EXPECT_EQ(letters[0].reason, "too_large");
  EXPECT_THAT(letters[1].position, ::testing::StartsWith("events/"));
  all_removed();
}

}  // namespace
}  // namespace kcloud::redis
