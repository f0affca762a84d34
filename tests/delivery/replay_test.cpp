#include "agent/delivery/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "agent/journal/reader.h"
#include "tests/delivery/journal_fixture.h"

namespace kcloud::delivery {
namespace {

using std::chrono::seconds;
using test_support::eventually;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

core::Event at(std::uint64_t seq, int second) {
  core::Event event;
  event.seq = seq;
  event.received = core::Time(seconds(second));
  event.time = core::Time(seconds(second + 1000));
  return event;
}

std::vector<std::uint64_t> seqs(const std::vector<core::Event>& events) {
  std::vector<std::uint64_t> all;
  for (const auto& event : events) all.push_back(event.seq);
  return all;
}

TEST(ReplayScan, LeavesTheRangeByArrivalOrByTheEventsTime) {
  for (const bool event_time : {false, true}) {
    const int shift = event_time ? 1000 : 0;
    ReplayScan scan({core::Time(seconds(2 + shift)), core::Time(seconds(4 + shift)), event_time});
    std::vector<core::Event> events{at(1, 1), at(2, 2), at(3, 3), at(4, 4), at(5, 3)};
    EXPECT_EQ(scan.take(0, 5, events), 0u);
    EXPECT_THAT(seqs(events), ElementsAre(2, 3, 5)) << "a clock that went back hides nothing";
  }
}

TEST(ReplayScan, CountsWhatMayHaveBeenInTheRangeAndIsGone) {
  const ReplayRange range{core::Time(seconds(10)), core::Time(seconds(20))};
  struct Case {
    const char* name;
    std::uint64_t after, end;
    std::vector<core::Event> events;
    std::uint64_t gone;
  };
  const std::vector<Case> cases{
      {"in front of the range", 0, 9, {at(5, 5), at(9, 12)}, 3},
      {"before the range began", 0, 9, {at(9, 5)}, 0},
      {"the oldest kept is in the range", 0, 9, {at(9, 15)}, 8},
      {"all of it", 0, 9, {at(9, 25)}, 8},
      {"behind the range", 0, 9, {at(1, 25), at(9, 26)}, 0},
      {"nothing is kept", 3, 9, {}, 6},
      {"those behind the end do not count", 3, 9, {at(4, 12), at(12, 13)}, 5}};
  for (auto [name, after, end, events, gone] : cases)
    EXPECT_EQ(ReplayScan(range).take(after, end, events), gone) << name;
}

class ReplaysTest : public testing::JournalFixture {
 protected:
  // A sink that answers at once; `answer` empty: it takes all.
  struct Sink {
    std::mutex mutex;
    std::vector<std::uint64_t> stored;
    std::function<SideResult(std::vector<core::Event>&)> answer;
    std::atomic<std::uint64_t> lag{0};
    std::atomic<bool> there{true}, hangs{false};
    std::atomic<int> asked{0};
  } sink_;

  ReplaySink view() {
    ReplaySink sink;
    sink.status.cursor = journal_->head();
    sink.status.lag_events = sink_.lag;
    sink.batch_events = 10;
    sink.batch_bytes = 1 << 20;
    sink.deliver_beside = [this](auto batch, auto done) {
      const std::scoped_lock lock(sink_.mutex);
      ++sink_.asked;
      if (sink_.hangs) return;
      const auto result = sink_.answer ? sink_.answer(batch->events) : SideResult{true, {}, {}};
      if (result.answered)
        for (const auto& event : batch->events) sink_.stored.push_back(event.seq);
      done(result);
    };
    return sink;
  }
  std::size_t stored() {
    const std::scoped_lock lock(sink_.mutex);
    return sink_.stored.size();
  }
  std::unique_ptr<Replays> replays() {
    return std::make_unique<Replays>(*journal_, clock_,
                                     [this](const std::string&) -> std::optional<ReplaySink> {
                                       if (!sink_.there) return std::nullopt;
                                       return view();
                                     });
  }
  bool reaches(Replays& replays, ReplayState state) {
    return eventually([&] { return replays.status("main")->state == state; });
  }
  static constexpr core::Time kEnd = core::Time::max();
  const ReplayRange all_{core::Time{}, kEnd};
};

TEST_F(ReplaysTest, SendsTheRangeInOrderInBatches) {
  store_decisions(0, 25);
  clock_.advance(seconds(10));
  const auto middle = clock_.now();
  store_decisions(25, 25);
  clock_.advance(seconds(10));
  const auto end = clock_.now();
  store_decisions(50, 5);
  auto all = replays();
  ASSERT_TRUE(all->start("main", {middle, end}, "ops"));
  ASSERT_TRUE(reaches(*all, ReplayState::kDone));
  const auto status = *all->status("main");
  EXPECT_EQ(status.sent, 25u);
  EXPECT_EQ(status.remaining, 0u);
  EXPECT_EQ(status.gone, 0u);
  EXPECT_EQ(status.position, 55u);
  EXPECT_EQ(status.started_by, "ops");
  EXPECT_EQ(sink_.stored.front(), 26u);
  EXPECT_EQ(sink_.stored.back(), 50u);
  EXPECT_TRUE(std::ranges::is_sorted(sink_.stored));
  EXPECT_TRUE(journal_->cursors().empty()) << "no cursor is made or moved";
}

TEST_F(ReplaysTest, GoesOnBehindAPosition) {
  store_decisions(0, 50);
  auto all = replays();
  ASSERT_TRUE(all->start("main", {core::Time{}, kEnd, false, 42}, "ops"));
  ASSERT_TRUE(reaches(*all, ReplayState::kDone));
  EXPECT_THAT(sink_.stored, ElementsAre(43, 44, 45, 46, 47, 48, 49, 50));
}

TEST_F(ReplaysTest, ARefusedEventIsOneLetterHoweverOften) {
  store_decisions(0, 12);
  sink_.answer = [](std::vector<core::Event>& events) {
    SideResult result{true, {}, {}};
    for (const auto& event : events)
      if (event.seq % 5 == 0) result.refused.emplace_back(&event, "no such field");
    return result;
  };
  auto all = replays();
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(all->start("main", all_, "ops"));
    ASSERT_TRUE(reaches(*all, ReplayState::kDone));
    EXPECT_EQ(all->status("main")->refused, 2u);
    EXPECT_EQ(all->status("main")->sent, 10u);
    const auto letters = journal_->reader()->dead_letters({});
    ASSERT_EQ(letters.size(), 2u);
    EXPECT_EQ(letters[0].letter.origin, "exporter:main");
    EXPECT_EQ(letters[0].letter.position, "10");
    EXPECT_EQ(letters[0].letter.reason, "sink_rejected");
    EXPECT_EQ(letters[0].letter.detail, "no such field");
  }
  // Those of another exporter are others.
  ASSERT_TRUE(all->start("second", all_, "ops"));
  ASSERT_TRUE(eventually([&] { return is_over(all->status("second")->state); }));
  EXPECT_EQ(journal_->reader()->dead_letters({}).size(), 4u);
}

TEST_F(ReplaysTest, WaitsForASinkThatDoesNotAnswer) {
  store_decisions(0, 30);
  int failures = 2;
  sink_.answer = [&](std::vector<core::Event>& events) {
    if (events.front().seq > 10 && failures-- > 0)
      return SideResult{false, "connection refused", {}};
    return SideResult{true, {}, {}};
  };
  auto all = replays();
  ASSERT_TRUE(all->start("main", all_, "ops"));
  ASSERT_TRUE(reaches(*all, ReplayState::kWaiting));
  EXPECT_EQ(all->status("main")->last_error, "connection refused");
  ASSERT_TRUE(reaches(*all, ReplayState::kDone));
  EXPECT_EQ(stored(), 30u) << "each once";
}

TEST_F(ReplaysTest, LiveEventsComeFirst) {
  store_decisions(0, 30);
  sink_.lag = 21;  // over two batches
  auto all = replays();
  ASSERT_TRUE(all->start("main", all_, "ops"));
  ASSERT_TRUE(reaches(*all, ReplayState::kYielding));
  EXPECT_EQ(stored(), 0u);
  sink_.lag = 20;
  ASSERT_TRUE(reaches(*all, ReplayState::kDone));
}

TEST_F(ReplaysTest, OneAtATimeAndCancelled) {
  store_decisions(0, 30);
  sink_.hangs = true;
  auto all = replays();
  EXPECT_FALSE(all->cancel("main", "ops"));
  EXPECT_FALSE(all->status("main"));
  ASSERT_TRUE(all->start("main", all_, "ops"));
  EXPECT_FALSE(all->start("main", all_, "ops"));
  EXPECT_TRUE(all->start("second", all_, "ops"));
  ASSERT_TRUE(eventually([&] { return sink_.asked == 2; }));
  EXPECT_TRUE(all->cancel("main", "ops"));
  EXPECT_EQ(all->status("main")->state, ReplayState::kCancelled);
  EXPECT_EQ(all->status("main")->remaining, 30u);
  EXPECT_FALSE(all->cancel("main", "ops")) << "it is over";
  sink_.hangs = false;
  ASSERT_TRUE(all->start("main", all_, "ops"));
  ASSERT_TRUE(reaches(*all, ReplayState::kDone));
  EXPECT_EQ(stored(), 30u);
  all->stop();
  EXPECT_FALSE(all->start("main", all_, "ops")) << "everything stops";
}

TEST_F(ReplaysTest, ARemovedExporterEndsIt) {
  store_decisions(0, 30);
  sink_.hangs = true;
  auto all = replays();
  ASSERT_TRUE(all->start("main", all_, "ops"));
  ASSERT_TRUE(eventually([&] { return sink_.asked == 1; }));
  all->cancel("main", "ops");
  sink_.there = false;
  ASSERT_TRUE(all->start("main", all_, "ops"));
  ASSERT_TRUE(reaches(*all, ReplayState::kFailed));
  EXPECT_THAT(all->status("main")->last_error, HasSubstr("no longer configured"));
}

}  // namespace
}  // namespace kcloud::delivery
