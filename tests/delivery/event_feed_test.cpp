#include "agent/delivery/event_feed.h"

#include <gmock/gmock.h>

#include <atomic>
#include <stdexcept>
#include <thread>

namespace kcloud::delivery {
namespace {

// A journal with the events 1 to `head`, but for those of a gap; bodies of 100 bytes.
struct Events {
  std::uint64_t head = 10'000;
  std::uint64_t gone_from = 0, gone_to = 0;
  std::atomic<int> loads{0};
  std::string body = std::string(100, 'x');

  EventFeed::Load load() {
    return [this](std::uint64_t after, std::size_t limit, std::size_t max_bytes,
                  core::EventBatch& batch) {
      ++loads;
      std::size_t bytes = 0;
      std::uint64_t last = after;
      for (std::uint64_t seq = after + 1; seq <= head && limit > 0 && bytes < max_bytes; ++seq) {
        if (seq >= gone_from && seq < gone_to) continue;
        core::Event event;
        event.seq = last = seq;
        event.body = batch.keep(body);
        batch.events.push_back(event);
        bytes += body.size();
        --limit;
      }
      return last;
    };
  }
};

std::vector<std::uint64_t> seqs(const core::EventBatch& batch) {
  std::vector<std::uint64_t> out;
  for (const auto& event : batch.events) out.push_back(event.seq);
  return out;
}

TEST(EventFeed, GivesWhatTheJournalGivesWhateverTheSteps) {
  Events events;
  events.gone_from = 700;
  events.gone_to = 1'900;
  EventFeed feed;
  for (const std::size_t limit : {1UL, 7UL, 512UL, 2'000UL}) {
    std::vector<std::uint64_t> all, expected;
    for (std::uint64_t seq = 1; seq <= events.head; ++seq)
      if (seq < 700 || seq >= 1'900) expected.push_back(seq);
    for (std::uint64_t after = 0; after < events.head;) {
      core::EventBatch batch;
      const auto to = feed.read_after(after, limit, 90'000, batch, events.load());
      ASSERT_GT(to, after);
      ASSERT_LE(batch.events.size(), limit);
      ASSERT_LE(batch.events.size(), 900u);
      for (const auto seq : seqs(batch)) all.push_back(seq);
      after = to;
    }
    EXPECT_EQ(all, expected) << limit;
  }
  core::EventBatch batch;
  EXPECT_EQ(feed.read_after(events.head, 10, 1'000, batch, events.load()), events.head);
  EXPECT_TRUE(batch.events.empty());
  ++events.head;
  EXPECT_EQ(feed.read_after(events.head - 1, 10, 1'000, batch, events.load()), events.head);
}

TEST(EventFeed, LoopsThatAreNearEachOtherReadOnce) {
  Events events;
  events.head = 5'000;
  EventFeed feed;
  std::vector<std::jthread> loops;
  for (int loop = 0; loop < 4; ++loop)
    loops.emplace_back([&, loop] {
      core::EventBatch batch;
      for (std::uint64_t after = 0; after < events.head;) {
        batch.clear();
        after = feed.read_after(after, 100 + 37 * static_cast<std::size_t>(loop), 1 << 20, batch,
                                events.load());
      }
    });
  loops.clear();
  EXPECT_EQ(feed.loaded(), 5'000u);
  EXPECT_LE(events.loads, 10 + 4);  // each loop may look once more where the journal ends
}

TEST(EventFeed, IsBoundedAndForgetsTheOldestFirst) {
  Events events;
  constexpr std::size_t kMost = 500'000;
  EventFeed feed(kMost);
  core::EventBatch batch;
  feed.read_after(0, 10'000, 10 << 20, batch, events.load());
  EXPECT_EQ(batch.events.size(), 10'000u);  // lives on with the batch
  EXPECT_EQ(batch.events.front().body, events.body);
  EXPECT_LE(feed.bytes(), kMost);
  const int loads = events.loads;
  batch.clear();
  feed.read_after(9'800, 100, 1 << 20, batch, events.load());
  EXPECT_EQ(events.loads, loads);
  feed.read_after(0, 100, 1 << 20, batch, events.load());
  EXPECT_EQ(events.loads, loads + 1);
  EXPECT_LE(feed.bytes(), kMost);
  batch.clear();
  feed.read_after(9'800, 100, 1 << 20, batch, events.load());
  EXPECT_EQ(events.loads, loads + 1) << "a loop far behind took the place of the newest";
  feed.forget();
  EXPECT_EQ(feed.bytes(), 0u);
}

TEST(EventFeed, ALoadThatFailsIsTriedByTheNext) {
  Events events;
  EventFeed feed;
  core::EventBatch batch;
  const auto broken = [](std::uint64_t, std::size_t, std::size_t,
                         core::EventBatch&) -> std::uint64_t {
    throw std::runtime_error("no disk");
  };
  EXPECT_THROW(feed.read_after(0, 10, 1'000, batch, broken), std::runtime_error);
  EXPECT_EQ(feed.read_after(0, 10, 10'000, batch, events.load()), 10u);
}

}  // namespace
}  // namespace kcloud::delivery
