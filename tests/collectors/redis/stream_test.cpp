#include "fixture.h"

namespace kcloud::redis {
namespace {

using std::chrono::milliseconds;
using testing::decision;
using testing::eventually;
using ::testing::HasSubstr;

class StreamCollector : public testing::CollectorFixture {
 protected:
  void SetUp() override {
    CollectorFixture::SetUp();
    config_.mode = "stream";
    config_.streams = {"scheduling_events"};
  }

  void add(const std::string& body, const std::string& stream = "scheduling_events",
           const std::string& id = "*") {
    server_.command({"XADD", stream, id, "event", body});
  }
  void add_many(int first, int count, const std::string& stream = "scheduling_events") {
    std::vector<std::vector<std::string>> commands;
    for (int i = first; i < first + count; ++i) {
      commands.push_back({"XADD", stream, "*", "event", decision("w-" + std::to_string(i))});
    }
    server_.pipeline(commands);
  }
  // Of the group, all consumers.
  long long pending(const std::string& stream = "scheduling_events") {
    const std::string summary = server_.command({"XPENDING", stream, "kcloud-logger"});
    return std::stoll(summary);
  }
  // As a consumer that read `count` entries and died.
  void read_as(const std::string& consumer, int count) {
    server_.command({"XREADGROUP", "GROUP", "kcloud-logger", consumer, "COUNT",
                     std::to_string(count), "STREAMS", "scheduling_events", ">"});
  }
  void all_acknowledged(const std::string& stream = "scheduling_events") {
    EXPECT_TRUE(eventually([&] { return pending(stream) == 0; })) << pending(stream);
  }
};

TEST_F(StreamCollector, EntriesAreStoredThenAcknowledged) {
  add_many(0, 10);  // before there is a group: `start: 0`
  start_connected();
  ASSERT_TRUE(stores(10));
  add(decision("later"));
  ASSERT_TRUE(stores(11));
  all_acknowledged();
  EXPECT_EQ(workloads().size(), 11u);
}

TEST_F(StreamCollector, AStreamThatIsNotThereYetIsMade) {
  start_connected();
  EXPECT_EQ(server_.number({"EXISTS", "scheduling_events"}), 1);
  add(decision("first"));
  EXPECT_TRUE(stores(1));
}

TEST_F(StreamCollector, ANewGroupMayBeginWithWhatComes) {
  config_.start = "$";
  add_many(0, 10);
  start_connected();
  add(decision("later"));
  ASSERT_TRUE(stores(1));
  EXPECT_EQ(workloads().count("later"), 1u);
}

TEST_F(StreamCollector, ThousandsArriveEachOnce) {
  config_.streams = {"scheduling_events", "other"};
  const int count = test_support::soak() ? 100'000 : 10'000;
  add_many(0, count);
  start_connected();
  add_many(count, count, "other");
  ASSERT_TRUE(stores(2u * static_cast<unsigned>(count)));
  EXPECT_EQ(workloads().size(), 2u * static_cast<unsigned>(count));
  all_acknowledged();
  all_acknowledged("other");
  EXPECT_GT(door_->largest, 100u);
  EXPECT_EQ(journal_->stats().duplicates, 0u);
}

TEST_F(StreamCollector, NothingIsAcknowledgedBeforeTheCommit) {
  start_connected();
  door_->shut = true;
  add_many(0, 5'000);
  ASSERT_TRUE(eventually([this] { return door_->turned_away > 3; }));
  EXPECT_GT(pending(), 0);
  EXPECT_LE(pending(), 6'000);
  EXPECT_EQ(stored(), 0u);
  EXPECT_LT(stop(), milliseconds(1'500));
  EXPECT_EQ(server_.number({"XLEN", "scheduling_events"}), 5'000);
  door_->shut = false;
  start_connected();  // what was not committed is read again
  ASSERT_TRUE(stores(5'000));
  all_acknowledged();
}

TEST_F(StreamCollector, OwnEntriesOfARunBeforeComeFirst) {
  server_.command({"XGROUP", "CREATE", "scheduling_events", "kcloud-logger", "0", "MKSTREAM"});
  add_many(0, 300);
  read_as("agent-1", 250);
  start_connected();
  ASSERT_TRUE(stores(300));
  all_acknowledged();
  const auto batch = events();
  EXPECT_EQ(batch.events[0].workload, "w-0");
}

TEST_F(StreamCollector, WhatADeadConsumerLeftIsTakenOver) {
  config_.claim_idle = milliseconds(1'000);
  server_.command({"XGROUP", "CREATE", "scheduling_events", "kcloud-logger", "0", "MKSTREAM"});
  add_many(0, 1'000);
  read_as("dead", 900);
  start_connected();
  ASSERT_TRUE(stores(1'000));
  all_acknowledged();
  EXPECT_EQ(measure("claimed_entries_total"), 900);
}

TEST_F(StreamCollector, ItsOwnEntriesThatWaitForTheJournalAreNotTakenOver) {
  config_.claim_idle = milliseconds(1'000);
  start_connected();
  door_->shut = true;
  add_many(0, 50);
  ASSERT_TRUE(eventually([this] { return door_->turned_away > 0; }));
  // Longer than claim_idle; claims come every second.
  std::this_thread::sleep_for(milliseconds(3'500));
  door_->shut = false;
  ASSERT_TRUE(stores(50));
  all_acknowledged();
  EXPECT_EQ(measure("claimed_entries_total"), 0);
  EXPECT_EQ(journal_->stats().duplicates, 0u);
}

TEST_F(StreamCollector, ADeletedStreamIsBegunAnew) {
  start_connected();
  add(decision("one"));
  ASSERT_TRUE(stores(1));
  server_.command({"DEL", "scheduling_events"});
  add(decision("two"));
  ASSERT_TRUE(stores(2));
  server_.command({"FLUSHALL"});
  add_many(0, 10);
  ASSERT_TRUE(stores(12));
  all_acknowledged();
}

TEST_F(StreamCollector, EntriesDeletedMeanwhileAreAcknowledgedAndCounted) {
  server_.command({"XGROUP", "CREATE", "scheduling_events", "kcloud-logger", "0", "MKSTREAM"});
  add(decision("gone"), "scheduling_events", "1736937000000-1");
  add(decision("kept"), "scheduling_events", "1736937000000-2");
  read_as("agent-1", 2);
  server_.command({"XDEL", "scheduling_events", "1736937000000-1"});
  start_connected();
  ASSERT_TRUE(stores(1));
  all_acknowledged();
  EXPECT_EQ(measure("deleted_entries_total"), 1);
}

TEST_F(StreamCollector, TimeAndIdentityComeFromTheEntryWhereTheBodyHasNone) {
  const std::string body = R"({"workload_id":"w","selected_cluster":"c"})";
  const auto ms = std::to_string(core::to_nanos(clock_.now()) / 1'000'000);
  add(body, "scheduling_events", "1-1");  // no time at all
  add(body, "scheduling_events", ms + "-1");
  add(body, "scheduling_events", ms + "-2");
  add(decision("keyed", R"(,"event_id":"k-1")"), "scheduling_events", ms + "-3");
  start_connected();
  ASSERT_TRUE(stores(4));
  all_acknowledged();
  const auto batch = events();
  EXPECT_EQ(std::to_string(batch.events[1].id.unix_ms()), ms);
  EXPECT_EQ(std::to_string(core::to_nanos(batch.events[2].time)), ms + "000000");
  stop();
  // Read again from the beginning, by whatever accident: the same events.
  server_.command({"XGROUP", "SETID", "scheduling_events", "kcloud-logger", "0"});
  start_connected();
  ASSERT_TRUE(eventually([this] { return journal_->stats().duplicates == 4; }));
  EXPECT_EQ(stored(), 4u);
}

TEST_F(StreamCollector, BadEntriesBecomeDeadLettersWithTheirPlace) {
  context_.decode.max_event_bytes = 10'000;
  server_.command({"XADD", "scheduling_events", "1736937000000-1", "data", "{}", "other", "x"});
  add("{\"broken\"", "scheduling_events", "1736937000000-2");
  add(decision("big", ",\"x\":\"" + std::string(3'000'000, 'x') + "\""), "scheduling_events",
      "1736937000000-3");
  add_many(0, 500);
  start_connected();
  ASSERT_TRUE(stores(500));
  all_acknowledged();
  const auto letters = dead_letters(3);
  EXPECT_EQ(letters[0].reason, "too_large");
  EXPECT_EQ(letters[0].position, "scheduling_events/1736937000000-3");
  EXPECT_EQ(letters[1].reason, "invalid_json");
  EXPECT_THAT(letters[2].detail, HasSubstr("field `event` of the entry: missing"));
  EXPECT_THAT(letters[2].detail, HasSubstr("`data`, `other`"));
  EXPECT_EQ(letters[2].body, R"({"data":"{}","other":"x"})");
}

TEST_F(StreamCollector, ARestartOfTheServerLosesNothing) {
  start_connected();
  const int rounds = test_support::soak() ? 20 : 2;
  for (int round = 0; round < rounds; ++round) {
    add_many(round * 1'000, 500);
    server_.kill();
    server_.start();
    add_many(round * 1'000 + 500, 500);
    ASSERT_TRUE(stores(static_cast<std::uint64_t>(round + 1) * 1'000)) << round;
  }
  all_acknowledged();
  EXPECT_GE(measure("connects_total"), rounds + 1);
}

TEST_F(StreamCollector, LengthLagAndPendingAreMeasured) {
  config_.streams = {"first", "second"};
  for (int i = 0; i < 3; ++i) add(decision(std::to_string(i)), "second");
  start_connected();
  ASSERT_TRUE(stores(3));
  EXPECT_TRUE(eventually([this] {
    for (const auto& one : collector_->report().measures) {
      if (one.name == "stream_entries" && one.labels[0].second == "second") return one.value == 3;
    }
    return false;
  }));
}

}  // namespace
}  // namespace kcloud::redis
