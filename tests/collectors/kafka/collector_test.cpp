// The collector against a real broker.
#include "collectors/kafka/collector.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>

#include "tests/collectors/kafka/fixture.h"

namespace kcloud::kafka::testing {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using namespace std::chrono_literals;

// Every number from 0 on is there once.
bool once_each(const std::map<int, int>& numbers, int count) {
  return numbers.size() == static_cast<std::size_t>(count) &&
         std::all_of(numbers.begin(), numbers.end(), [](const auto& n) { return n.second == 1; });
}

TEST_F(KafkaBroker, ReadsRecordsAsEvents) {
  Config config = topic(2);
  config.topic_types["^Reads"] = "scheduling";
  server().produce({{name(), 0, decision("job-1"), {}, 1'736'000'000'123},
                    {name(),
                     1,
                     R"({"workload":{"id":"job-2"},"decision":{"selected_cluster":"c",
                                   "reason":"r"}})",
                     {},
                     1'736'000'000'456}});
  Running running(config, sink_);
  ASSERT_TRUE(eventually([&] { return sink_.events().size() == 2; }));
  auto events = sink_.events();
  std::sort(events.begin(), events.end(),
            [](const auto& a, const auto& b) { return a.time < b.time; });
  EXPECT_EQ(core::format_time(events[0].time), "2025-01-04T14:13:20.456Z");
  EXPECT_EQ(events[0].time_source, core::TimeSource::kTransport);
  EXPECT_EQ(events[0].type, "scheduling_decision");
  EXPECT_EQ(events[1].time_source, core::TimeSource::kBody);
  EXPECT_EQ(events[1].collector, "fleet");
  EXPECT_THAT(sink_.dead_letters(), IsEmpty());
  EXPECT_TRUE(running.report().connected);
  EXPECT_NE(running.report().last_event_time, core::Time{});
  ASSERT_TRUE(eventually([&] { return server().committed(config.group, name(), 0) == 1; }));
  ASSERT_TRUE(eventually([&] { return server().committed(config.group, name(), 1) == 1; }));
  EXPECT_TRUE(eventually([&] {
    return running.measure("assigned_partitions") == 2 && running.measure("lag_records") == 0;
  }));
}

TEST_F(KafkaBroker, ReadsCloudEvents) {
  const Config config = topic(1);
  const std::string data = R"({"decision":{"selected_cluster":"c","reason":"r"}})";
  server().produce({
      {name(),
       0,
       data,
       {{"ce_specversion", "1.0"},
        {"ce_id", "1"},
        {"ce_source", "/scheduler"},
        {"ce_type", "scheduling_decision"},
        {"ce_subject", "job-1"},
        {"ce_time", "2025-01-15T10:30:00Z"},
        {"content-type", "application/json"}}},
      {name(),
       0,
       R"({"specversion":"1.0","id":"2","source":"/scheduler","type":"scheduling_decision",
           "subject":"job-2","time":"2025-01-15T10:30:00Z","data":)" +
           data + "}",
       {{"content-type", "application/cloudevents+json; charset=UTF-8"}}},
      {name(), 0, data, {{"ce_id", "3"}, {"ce_source", "/s"}, {"ce_type", "scheduling_decision"}}},
      {name(), 0, data, {{"content-type", "application/cloudevents+avro"}}},
      // The first once more: the same id.
      {name(),
       0,
       data,
       {{"ce_specversion", "1.0"},
        {"ce_id", "1"},
        {"ce_source", "/scheduler"},
        {"ce_type", "scheduling_decision"},
        {"ce_subject", "job-1"},
        {"ce_time", "2025-01-15T10:30:00Z"},
        {"content-type", "application/json"}}},
  });
  Running running(config, sink_);
  ASSERT_TRUE(eventually([&] { return sink_.events().size() == 3; }));
  const auto events = sink_.events();
  EXPECT_EQ(events[0].type, "scheduling_decision");
  EXPECT_EQ(core::format_time(events[1].time), "2025-01-15T10:30:00Z");
  EXPECT_EQ(events[0].id, events[2].id);
  EXPECT_NE(events[0].id, events[1].id);
  const auto letters = sink_.dead_letters();
  ASSERT_THAT(letters, SizeIs(2));
  EXPECT_THAT(letters[0].detail, HasSubstr("ce_specversion"));
  EXPECT_THAT(letters[1].detail, HasSubstr("cloudevents+avro"));
  EXPECT_EQ(letters[1].position, name() + "/0/3");
  EXPECT_TRUE(eventually([&] { return running.measure("records_total") == 5; }));
}

TEST_F(KafkaBroker, BadRecordsAreDeadLettersAndTheRestGoesOn) {
  const Config config = topic(1, {{"max.message.bytes", "150000000"}});
  std::string large = R"({"event_type":"load","timestamp":"2025-01-15T10:30:00Z","x":")";
  large.resize(100'000'000, 'a');
  large += "\"}";
  const std::string just_right = std::string(1'500'000, ' ') + numbered(4);
  server().produce({
      {name(), 0, numbered(0)},
      {name(), 0, "{\"n\":"},
      {name(), 0, std::string("\x00\xff\xfe\x80", 4)},
      {name(), 0, std::nullopt, {}, 0, "key"},
      {name(), 0, ""},
      {name(), 0, "[1,2]"},
      {name(), 0, R"({"event_type":"scheduling_decision","workload":7,"decision":"x"})"},
      {name(), 0, numbered(1)},
  });
  server().produce({{name(), 0, large}}, {{"linger.ms", "0"}});
  server().produce({{name(), 0, numbered(2)}, {name(), 0, just_right}, {name(), 0, numbered(3)}},
                   {{"compression.type", "zstd"}});
  Running running(config, sink_);
  ASSERT_TRUE(eventually([&] { return sink_.numbers().size() == 5; }, 60s));
  EXPECT_TRUE(once_each(sink_.numbers(), 5));
  const auto letters = sink_.dead_letters();
  std::vector<std::pair<std::string, std::string>> found;
  for (const auto& letter : letters) found.emplace_back(letter.position, letter.reason);
  EXPECT_THAT(
      found,
      ElementsAre(Pair(name() + "/0/1", "invalid_json"), Pair(name() + "/0/2", "invalid_json"),
                  Pair(name() + "/0/4", "invalid_json"), Pair(name() + "/0/5", "invalid_event"),
                  Pair(name() + "/0/6", "invalid_event"), Pair(name() + "/0/8", "too_large")));
  EXPECT_THAT(letters.back().detail, HasSubstr("100000002 bytes"));
  EXPECT_LE(letters.back().body.size(), 64u << 10);
  EXPECT_EQ(letters.back().origin, "collector:fleet");
  EXPECT_TRUE(eventually([&] { return running.measure("tombstones_total") == 1; }));
  EXPECT_TRUE(eventually([&] { return server().committed(config.group, name(), 0) == 12; }));
}

TEST_F(KafkaBroker, TombstonesAloneAreCommittedToo) {
  const Config config = topic(1);
  server().produce({{name(), 0, std::nullopt, {}, 0, "a"}, {name(), 0, std::nullopt, {}, 0, "b"}});
  Running running(config, sink_);
  EXPECT_TRUE(eventually([&] { return server().committed(config.group, name(), 0) == 2; }));
  EXPECT_EQ(running.measure("tombstones_total"), 2);
}

TEST_F(KafkaBroker, ReadsEveryCompression) {
  const Config config = topic(1);
  int number = 0;
  for (const char* codec : {"none", "gzip", "snappy", "lz4", "zstd"}) {
    server().produce({{name(), 0, numbered(number)}, {name(), 0, numbered(number + 1)}},
                     {{"compression.type", codec}});
    number += 2;
  }
  Running running(config, sink_);
  EXPECT_TRUE(eventually([&] { return once_each(sink_.numbers(), 10); }));
}

TEST_F(KafkaBroker, OfTransactionsOnlyWhatWasCommitted) {
  const Config config = topic(1);
  server().produce_transaction({{name(), 0, numbered(0)}, {name(), 0, numbered(1)}}, true);
  server().produce_transaction({{name(), 0, numbered(7)}, {name(), 0, numbered(8)}}, false);
  Running running(config, sink_);
  ASSERT_TRUE(eventually([&] { return sink_.numbers().size() == 2; }));
  EXPECT_TRUE(once_each(sink_.numbers(), 2));
  // Two records and a marker, twice.
  EXPECT_TRUE(eventually([&] { return server().committed(config.group, name(), 0) == 6; }));
  EXPECT_TRUE(eventually([&] { return running.measure("lag_records") == 0; }));
}

TEST_F(KafkaBroker, CommitsOnlyWhatTheJournalHas) {
  const Config config = topic(1);
  sink_.answer(RecordingSink::Answer::kHold);
  produce(0, 20);
  {
    Running running(config, sink_, 5);
    ASSERT_TRUE(eventually([&] { return sink_.held() == 20; }));
    EXPECT_TRUE(eventually([&] { return running.measure("lag_records") == 0; }));
    ASSERT_TRUE(eventually([&] { return running.measure("assigned_partitions") == 1; }));
    std::thread releaser([&] {
      // The stop waits for what is held, within its bound, and then leaves without it.
      ASSERT_TRUE(eventually([&] { return !running.report().connected; }));
      sink_.answer(RecordingSink::Answer::kCommit);
    });
    running.stop();
    releaser.join();
  }
  EXPECT_EQ(server().committed(config.group, name(), 0), -1);
  Running again(config, sink_, 5);
  EXPECT_TRUE(eventually([&] { return server().committed(config.group, name(), 0) == 20; }));
  for (const auto& [number, times] : sink_.numbers()) EXPECT_EQ(times, 2) << number;
}

TEST_F(KafkaBroker, ABusyJournalPausesThePartitionsAndNothingIsLost) {
  const Config config = topic(3);
  constexpr int kCount = 3000;
  sink_.answer(RecordingSink::Answer::kBusy);
  produce(0, kCount, 3);
  Running running(config, sink_, 100);
  ASSERT_TRUE(eventually([&] { return running.measure("paused_partitions") == 1; }));
  EXPECT_THAT(sink_.events(), IsEmpty());
  sink_.answer(RecordingSink::Answer::kCommit);
  ASSERT_TRUE(eventually([&] { return sink_.numbers().size() == kCount; }, 60s));
  EXPECT_TRUE(once_each(sink_.numbers(), kCount));
  EXPECT_TRUE(eventually([&] { return running.measure("paused_partitions") == 0; }));
  produce(kCount, 30, 3);
  EXPECT_TRUE(eventually([&] { return once_each(sink_.numbers(), kCount + 30); }));
}

TEST_F(KafkaBroker, PausedAgainAndAgainWhileRecordsCome) {
  const Config config = topic(2);
  Running running(config, sink_, 50);
  int sent = 0;
  for (int round = 0; round < (test_support::soak() ? 50 : 3); ++round) {
    sink_.answer(RecordingSink::Answer::kBusy);
    produce(sent, 1000, 2);
    sent += 1000;
    ASSERT_TRUE(eventually([&] { return running.measure("paused_partitions") == 1; }));
    sink_.answer(RecordingSink::Answer::kCommit);
    ASSERT_TRUE(eventually([&] { return running.measure("paused_partitions") == 0; }, 60s));
  }
  ASSERT_TRUE(eventually([&] { return sink_.numbers().size() == unsigned(sent); }, 60s));
  EXPECT_TRUE(once_each(sink_.numbers(), sent));
}

TEST_F(KafkaBroker, StoppedAndStartedItGoesOnWhereItWas) {
  const Config config = topic(2);
  Running running(config, sink_);
  produce(0, 100, 2);
  ASSERT_TRUE(eventually([&] { return sink_.numbers().size() == 100; }));
  const auto begin = std::chrono::steady_clock::now();
  running.stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
  EXPECT_FALSE(running.report().connected);
  EXPECT_EQ(server().committed(config.group, name(), 0), 50);
  produce(100, 100, 2);
  running.start();
  ASSERT_TRUE(eventually([&] { return sink_.numbers().size() == 200; }));
  EXPECT_TRUE(once_each(sink_.numbers(), 200));
  EXPECT_EQ(running.failure(), "");
}

TEST_F(KafkaBroker, TwoAgentsShareThePartitionsAndHandThemOver) {
  const Config config = topic(4);
  RecordingSink other_sink;
  Running one(config, sink_);
  ASSERT_TRUE(eventually([&] { return one.measure("assigned_partitions") == 4; }));
  int sent = 0;
  const auto send = [&] {
    produce(sent, 400, 4);
    sent += 400;
  };
  send();
  for (int round = 0; round < (test_support::soak() ? 20 : 2); ++round) {
    Running other(config, other_sink);
    send();
    ASSERT_TRUE(eventually([&] {
      send();
      return one.measure("assigned_partitions") == 2 && other.measure("assigned_partitions") == 2;
    }));
    send();
    other.stop();
    ASSERT_TRUE(eventually([&] {
      send();
      return one.measure("assigned_partitions") == 4;
    }));
  }
  const auto together = [&] {
    auto numbers = sink_.numbers();
    for (const auto& [number, times] : other_sink.numbers()) numbers[number] += times;
    return numbers;
  };
  ASSERT_TRUE(eventually([&] { return together().size() == unsigned(sent); }, 60s));
  std::string twice;
  for (const auto& [number, times] : together())
    if (times != 1) twice += fmt::format(" {}", number);
  EXPECT_EQ(twice, "") << "of " << sent << ", although given up in order";
  EXPECT_GT(other_sink.events().size(), 0u);
  EXPECT_GE(one.measure("rebalances_total"), 3);
}

TEST_F(KafkaBroker, ABrokerThatRestartsCostsNothing) {
  Config config = topic(2);
  // Whether it answers is asked on the connection on which a fetch waits this long.
  config.options["fetch.wait.max.ms"] = "1500";
  Running running(config, sink_);
  int sent = 0;
  for (int round = 0; round < (test_support::soak() ? 20 : 2); ++round) {
    produce(sent, 500, 2);
    sent += 500;
    ASSERT_TRUE(eventually([&] { return sink_.numbers().size() == unsigned(sent); }, 60s));
    if (round % 2 == 0)
      server().kill();
    else
      server().stop();
    ASSERT_TRUE(eventually([&] { return !running.report().connected; }, 60s));
    EXPECT_THAT(running.report().last_error, HasSubstr("Hint: is Kafka running"));
    server().start();
    ASSERT_TRUE(eventually([&] { return running.report().connected; }, 60s));
  }
  produce(sent, 100, 2);
  sent += 100;
  ASSERT_TRUE(eventually([&] { return sink_.numbers().size() == unsigned(sent); }, 60s));
  EXPECT_EQ(running.failure(), "");
}

TEST_F(KafkaBroker, ATopicThatIsMissingIsSaidAndFound) {
  Config config;
  config.brokers = {server().broker()};
  config.topics = {"made-later"};
  config.group = "late";
  Running running(config, sink_);
  ASSERT_TRUE(eventually([&] { return !running.report().last_error.empty(); }));
  EXPECT_THAT(running.report().last_error,
              AllOf(HasSubstr("made-later"), HasSubstr("Hint: create the topic")));
  server().create_topic("made-later", 1);
  server().produce({{"made-later", 0, numbered(0)}});
  ASSERT_TRUE(eventually([&] { return sink_.numbers().size() == 1; }, 5s));
}

TEST_F(KafkaBroker, APatternFindsTopicsThatComeLater) {
  server().create_topic("pattern-11", 1);
  Config config;
  config.brokers = {server().broker()};
  config.topics = {"^pattern-[0-9]+$"};
  config.group = "pattern";
  config.options["topic.metadata.refresh.interval.ms"] = "500";
  Running running(config, sink_);
  ASSERT_TRUE(eventually([&] { return running.measure("assigned_partitions") == 1; }));
  server().create_topic("pattern-x", 1);
  server().create_topic("pattern-12", 1);
  server().produce({{"pattern-11", 0, numbered(0)},
                    {"pattern-12", 0, numbered(1)},
                    {"pattern-x", 0, numbered(2)}});
  ASSERT_TRUE(eventually([&] { return sink_.numbers().size() == 2; }));
  EXPECT_TRUE(once_each(sink_.numbers(), 2));
}

TEST_F(KafkaBroker, SignsInAsItsOptionsSay) {
  Config config = topic(1);
  config.brokers = {server().sasl_broker()};
  config.options = {{"security.protocol", "SASL_PLAINTEXT"},
                    {"sasl.mechanisms", "PLAIN"},
                    {"sasl.username", "logger"},
                    {"sasl.password", "wrong-one"}};
  produce(0, 10);
  {
    Running refused(config, sink_);
    ASSERT_TRUE(eventually([&] {
      return refused.report().last_error.find("Hint: look at `security.protocol`") !=
             std::string::npos;
    }));
    EXPECT_EQ(refused.report().last_error.find("wrong-one"), std::string::npos);
    EXPECT_FALSE(refused.report().connected);
  }
  config.options["sasl.password"] = "secret";
  Running running(config, sink_);
  EXPECT_TRUE(eventually([&] { return once_each(sink_.numbers(), 10); }));
}

TEST_F(KafkaBroker, WithoutABrokerItSaysSoAndStopsAtOnce) {
  Config config;
  config.brokers = {fmt::format("127.0.0.1:{}", test_support::free_port())};
  config.options["sasl.password"] = "hush";
  Running running(config, sink_);
  ASSERT_TRUE(eventually([&] { return !running.report().last_error.empty(); }));
  EXPECT_THAT(running.report().last_error, HasSubstr("Hint: is Kafka running"));
  EXPECT_FALSE(running.report().connected);
  const auto begin = std::chrono::steady_clock::now();
  running.stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 3s);
  EXPECT_EQ(running.failure(), "");
}

TEST_F(KafkaBroker, AStolenInstanceIdEndsTheRunWithAHint) {
  Config config = topic(1);
  config.group_instance_id = "logger-1";
  Running one(config, sink_);
  ASSERT_TRUE(eventually([&] { return one.measure("assigned_partitions") == 1; }));
  RecordingSink other_sink;
  Running other(config, other_sink);
  ASSERT_TRUE(eventually([&] { return !one.failure().empty(); }));
  EXPECT_THAT(one.failure(), HasSubstr("group_instance_id"));
  produce(0, 10);
  EXPECT_TRUE(eventually([&] { return once_each(other_sink.numbers(), 10); }));
}

TEST_F(KafkaBroker, ARewoundGroupReadsTheSameIds) {
  const Config config = topic(1);
  std::vector<KafkaRecord> records;
  for (int i = 0; i < 50; ++i)
    records.push_back({name(), 0, fmt::format(R"({{"n":{},"event_type":"load"}})", i)});
  server().produce(records);
  Running running(config, sink_);
  ASSERT_TRUE(eventually([&] { return sink_.events().size() == 50; }));
  running.stop();
  server().rewind(config.group, name(), 0, 10);
  running.start();
  ASSERT_TRUE(eventually([&] { return sink_.events().size() == 90; }));
  std::map<std::string, int> ids;
  for (const auto& event : sink_.events()) ++ids[event.id];
  EXPECT_THAT(ids, SizeIs(50));
}

}  // namespace
}  // namespace kcloud::kafka::testing
