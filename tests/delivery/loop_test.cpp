#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <mutex>
#include <set>
#include <thread>

#include "agent/delivery/delivery.h"
#include "agent/delivery/replay.h"
#include "agent/journal/reader.h"
#include "tests/delivery/journal_fixture.h"

namespace kcloud::delivery {
namespace {

using core::Delivery;
using std::chrono::milliseconds;
using test_support::eventually;
using ::testing::ElementsAre;

// What a sink holds and how it answers; shared between a test and the exporter in the loop.
struct Sink {
  std::mutex mutex;
  std::function<Delivery(std::span<const core::Event>)> answer;  // empty: all delivered
  std::vector<std::uint64_t> stored;
  std::vector<std::string> reasons;  // decoded, to see that fields are there
  int attempts = 0;

  template <typename Value>
  Value locked(Value Sink::*member) {
    const std::scoped_lock lock(mutex);
    return this->*member;
  }
};

class SinkExporter final : public core::Exporter {
 public:
  explicit SinkExporter(Sink& sink) : sink_(sink) {}

  Delivery deliver(std::span<const core::Event> events) override {
    const std::scoped_lock lock(sink_.mutex);
    ++sink_.attempts;
    auto delivery = sink_.answer ? sink_.answer(events) : Delivery::delivered();
    if (delivery.kind != Delivery::Kind::kDelivered) return delivery;
    std::set<std::size_t> rejected;
    for (const auto& item : delivery.rejected) rejected.insert(item.index);
    for (std::size_t i = 0; i < events.size(); ++i) {
      if (rejected.contains(i)) continue;
      sink_.stored.push_back(events[i].seq);
      sink_.reasons.emplace_back(events[i].reason);
    }
    return delivery;
  }

 private:
  Sink& sink_;
};

class LoopTest : public testing::JournalFixture {
 protected:
  LoopTest() {
    options_.name = "main";
    options_.delivery.batch_wait = milliseconds(5);
    options_.delivery.backoff_initial = milliseconds(2);
    options_.delivery.backoff_max = milliseconds(10);
    options_.delivery.hold_interval = milliseconds(10);
    options_.seed = 1;
  }

  std::unique_ptr<Loop> start() {
    auto loop = std::make_unique<Loop>(options_, *journal_, *catalogue_,
                                       std::make_unique<SinkExporter>(sink_), clock_);
    loop->start();
    return loop;
  }
  void answer(std::function<Delivery(std::span<const core::Event>)> with) {
    const std::scoped_lock lock(sink_.mutex);
    sink_.answer = std::move(with);
  }
  bool reached(Loop& loop, std::uint64_t seq) {
    return eventually([&] { return loop.status().cursor >= seq; });
  }

  Options options_;
  Sink sink_;
};

void expect_conserved(const Loop& loop, std::uint64_t stored) {
  const auto& counters = loop.counters();
  EXPECT_EQ(
      counters.delivered + counters.dead_lettered + counters.skipped + loop.status().lag_events,
      stored);
}

TEST_F(LoopTest, DeliversInOrderWithFieldsAndMovesTheCursor) {
  auto loop = start();
  store_decisions(0, 30);
  store_decisions(30, 20);
  ASSERT_TRUE(reached(*loop, 50));
  const auto stored = sink_.locked(&Sink::stored);
  ASSERT_EQ(stored.size(), 50u);
  EXPECT_TRUE(std::ranges::is_sorted(stored));
  EXPECT_EQ(sink_.locked(&Sink::reasons).at(7), "최적 전력 효율성");
  EXPECT_EQ(cursor("exporter:main"), 50u);
  EXPECT_EQ(loop->counters().delivered, 50u);
  EXPECT_EQ(loop->status().lag_events, 0u);
  EXPECT_EQ(loop->status().lag_seconds, 0.0);
  ASSERT_TRUE(eventually([&] { return loop->status().phase == Phase::kIdle; }));
}

TEST_F(LoopTest, BatchesAreCutByCountAndBytes) {
  store_decisions(0, 100);
  std::vector<std::size_t> sizes;
  answer([&](std::span<const core::Event> events) {
    sizes.push_back(events.size());
    return Delivery::delivered();
  });
  options_.delivery.batch_events = 30;
  {
    auto loop = start();
    ASSERT_TRUE(reached(*loop, 100));
  }
  EXPECT_THAT(sizes, ElementsAre(30, 30, 30, 10));
  sizes.clear();
  options_.name = "second";
  options_.delivery.batch_bytes = 400;
  auto loop = start();
  ASSERT_TRUE(reached(*loop, 100));
  EXPECT_GT(sizes.size(), 30u);
}

TEST_F(LoopTest, PoisonedEventsBecomeDeadLettersWithTheCursor) {
  store_decisions(0, 1000);
  answer([](std::span<const core::Event> events) {
    for (const auto& event : events)
      if (event.seq == 7 || event.seq == 700) return Delivery::bisect("field type conflict");
    return Delivery::delivered();
  });
  auto loop = start();
  ASSERT_TRUE(reached(*loop, 1000));
  EXPECT_EQ(sink_.locked(&Sink::stored).size(), 998u);
  EXPECT_LE(sink_.locked(&Sink::attempts), 41);
  const auto letters = journal_->reader()->dead_letters({.limit = 10});
  ASSERT_EQ(letters.size(), 2u);
  EXPECT_EQ(letters[1].letter.position, "7");
  EXPECT_EQ(letters[1].letter.origin, "exporter:main");
  EXPECT_EQ(letters[1].letter.reason, "sink_rejected");
  EXPECT_EQ(letters[1].letter.detail, "field type conflict");
  EXPECT_EQ(letters[1].letter.type, "scheduling_decision");
  EXPECT_EQ(letters[1].letter.event_id.size(), 36u);
  EXPECT_NE(letters[1].letter.body.find("job-6"), std::string::npos);
  ASSERT_TRUE(eventually([&] { return loop->counters().dead_lettered == 2; }));
  expect_conserved(*loop, 1000);
}

TEST_F(LoopTest, AFailingSinkIsTriedAgainUntilItTakesEverything) {
  store_decisions(0, 10);
  answer([n = 0](std::span<const core::Event>) mutable -> Delivery {
    if (++n == 3) throw std::runtime_error("broken pipe");
    return n < 6 ? Delivery::retry("503 busy", milliseconds(1)) : Delivery::delivered();
  });
  auto loop = start();
  ASSERT_TRUE(reached(*loop, 10));
  EXPECT_EQ(sink_.locked(&Sink::stored).size(), 10u);
  EXPECT_EQ(loop->counters().retried, 5u);
  EXPECT_EQ(loop->status().last_error, "503 busy");
  EXPECT_NE(loop->status().last_success_time, core::Time());
}

TEST_F(LoopTest, AHoldDropsNothingAndShowsItsLag) {
  store_decisions(0, 10);
  answer([](std::span<const core::Event>) { return Delivery::hold("401"); });
  auto loop = start();
  ASSERT_TRUE(eventually([&] { return sink_.locked(&Sink::attempts) > 3; }));
  clock_.advance(std::chrono::seconds(30));
  const auto status = loop->status();
  EXPECT_EQ(status.phase, Phase::kHolding);
  EXPECT_EQ(status.last_error, "401");
  EXPECT_EQ(status.lag_events, 10u);
  EXPECT_EQ(status.lag_seconds, 30.0);
  answer({});
  ASSERT_TRUE(reached(*loop, 10));
  EXPECT_EQ(sink_.locked(&Sink::stored).size(), 10u);
  expect_conserved(*loop, 10);
}

TEST_F(LoopTest, ContinuesWhereItStoppedAlsoWithAReopenedJournal) {
  store_decisions(0, 10);
  {
    auto loop = start();
    ASSERT_TRUE(reached(*loop, 10));
  }
  open_journal();
  store_decisions(10, 5);
  auto loop = start();
  ASSERT_TRUE(reached(*loop, 15));
  EXPECT_EQ(sink_.locked(&Sink::stored).size(), 15u);
}

TEST_F(LoopTest, StopsWhileWaitingForARetryAndLosesNothing) {
  store_decisions(0, 10);
  options_.delivery.backoff_initial = std::chrono::minutes(10);
  options_.delivery.backoff_max = std::chrono::minutes(10);
  answer([](std::span<const core::Event>) { return Delivery::retry("down"); });
  {
    auto loop = start();
    ASSERT_TRUE(eventually([&] { return sink_.locked(&Sink::attempts) > 0; }));
    const auto begin = std::chrono::steady_clock::now();
    loop.reset();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  }
  EXPECT_EQ(cursor("exporter:main"), 0u);
  answer({});
  auto loop = start();
  ASSERT_TRUE(reached(*loop, 10));
}

TEST_F(LoopTest, EventsThatRetentionTookAreCountedAsSkipped) {
  journal_options_.max_age = std::chrono::hours(1);
  open_journal();
  store_decisions(0, 10);
  options_.delivery.batch_events = 4;
  answer([](std::span<const core::Event>) { return Delivery::hold("401"); });
  auto loop = start();
  ASSERT_TRUE(eventually([&] { return sink_.locked(&Sink::attempts) > 0; }));
  clock_.advance(std::chrono::hours(2));
  ASSERT_TRUE(eventually([&] { return journal_->stats().expired == 10; }));
  answer({});
  ASSERT_TRUE(reached(*loop, 10)) << "also when nothing is left to read";
  store_decisions(10, 3);
  ASSERT_TRUE(reached(*loop, 13));
  ASSERT_TRUE(eventually([&] { return loop->counters().delivered == 7; }));
  EXPECT_EQ(loop->counters().skipped, 6u);
  expect_conserved(*loop, 13);
}

TEST_F(LoopTest, ANewExporterBeginsAtTheOldestEventAndSkipsNone) {
  journal_options_.max_age = std::chrono::hours(1);
  open_journal();
  store_decisions(0, 10);
  clock_.advance(std::chrono::hours(2));
  store_decisions(10, 5);
  ASSERT_TRUE(eventually([&] { return journal_->stats().expired == 10; }));
  auto loop = start();
  ASSERT_TRUE(reached(*loop, 15));
  EXPECT_EQ(sink_.locked(&Sink::stored).size(), 5u);
  EXPECT_EQ(loop->counters().skipped, 0u);
}

TEST_F(LoopTest, WhatGoesBesideTheCursorIsOneBatchBetweenTwoLiveOnes) {
  options_.delivery.batch_events = 10;
  std::atomic<bool> open{false}, reached_sink{false};
  answer([&](std::span<const core::Event>) {
    reached_sink = true;
    eventually([&] { return open.load(); });
    return Delivery::delivered();
  });
  store_decisions(0, 40);
  auto loop = start();
  ASSERT_TRUE(eventually([&] { return reached_sink.load(); }));
  std::atomic<int> answered{0};
  for (int i = 0; i < 3; ++i) {
    auto batch = std::make_shared<core::EventBatch>();
    journal_->reader()->read_after(0, 1, 1 << 20, *batch);
    loop->deliver_beside(batch, [&](const SideResult& result) { answered += result.answered; });
  }
  open = true;
  ASSERT_TRUE(reached(*loop, 40));
  EXPECT_EQ(answered, 3);
  std::vector<std::uint64_t> firsts;
  const auto stored = sink_.locked(&Sink::stored);
  for (std::size_t i = 0; i < stored.size(); i += stored[i] == 1 && i != 0 ? 1 : 10)
    firsts.push_back(stored[i]);
  EXPECT_THAT(firsts, ElementsAre(1, 1, 11, 1, 21, 1, 31));
  EXPECT_EQ(loop->counters().delivered, 40u) << "only live ones count";
}

// A sink that takes 20 batches a second, half of them live: the lag stays within some batches.
TEST_F(LoopTest, AReplayLeavesLiveEventsTheSink) {
  options_.delivery.batch_events = 50;
  store_decisions(0, 2000);
  auto loop = start();
  ASSERT_TRUE(reached(*loop, 2000));
  answer([](std::span<const core::Event>) {
    std::this_thread::sleep_for(milliseconds(20));
    return Delivery::delivered();
  });
  Replays replays(*journal_, clock_, [&](const std::string&) {
    return std::optional(ReplaySink{
        loop->status(),
        [&](auto batch, auto done) { loop->deliver_beside(std::move(batch), std::move(done)); }, 50,
        1 << 20});
  });
  ASSERT_TRUE(replays.start("main", {core::Time{}, core::Time::max()}, "ops"));
  std::uint64_t lag = 0;
  int stored = 2000;
  while (!is_over(replays.status("main")->state)) {
    store_decisions(stored, 50);
    stored += 50;
    std::this_thread::sleep_for(milliseconds(35));
    lag = std::max(lag, loop->status().lag_events);
  }
  EXPECT_EQ(replays.status("main")->sent, 2000u);
  EXPECT_GT(stored, 2500) << "live events came all the time";
  std::printf("%d live events beside a replay of 2000; lag at most %d events\n", stored - 2000,
              static_cast<int>(lag));
  EXPECT_LE(lag, 500u);
  ASSERT_TRUE(reached(*loop, static_cast<std::uint64_t>(stored)));
}

TEST_F(LoopTest, TwoLoopsDoNotWaitForEachOther) {
  store_decisions(0, 10);
  Sink down;
  down.answer = [](std::span<const core::Event>) { return Delivery::retry("down"); };
  auto other = options_;
  other.name = "down";
  Loop stuck(other, *journal_, *catalogue_, std::make_unique<SinkExporter>(down), clock_);
  stuck.start();
  auto loop = start();
  ASSERT_TRUE(reached(*loop, 10));
  EXPECT_EQ(stuck.status().cursor, 0u);
}

}  // namespace
}  // namespace kcloud::delivery
