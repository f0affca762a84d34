#include "core/commit_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <mutex>
#include <thread>
#include <vector>

namespace kcloud::core {

using std::chrono::milliseconds;
using ::testing::ElementsAre;

namespace {

// Keeps what it is handed until it is told how that ended.
class HeldSink final : public EventSink {
 public:
  void accept(std::unique_ptr<Intake> intake, Completion done) override {
    if (busy > 0) {
      --busy;
      return done(CommitStatus::kBusy, std::move(intake));
    }
    const std::lock_guard lock(mutex);
    held.emplace_back(std::move(intake), std::move(done));
  }
  void end(std::size_t index, CommitStatus status = CommitStatus::kCommitted) {
    auto one = std::move(held[index]);
    held.erase(held.begin() + static_cast<long>(index));
    std::thread([&] { one.second(status, std::move(one.first)); }).join();
  }

  int busy = 0;
  std::mutex mutex;
  std::vector<std::pair<std::unique_ptr<Intake>, Completion>> held;
};

std::unique_ptr<Intake> intake(std::uint64_t number) {
  auto made = std::make_unique<Intake>();
  made->payload_bytes = number;
  return made;
}

bool readable(const CommitQueue& queue) {
  pollfd one{queue.descriptor(), POLLIN, 0};
  return ::poll(&one, 1, 0) == 1;
}

constexpr BackoffOptions kSoon{milliseconds(4), milliseconds(8)};

struct Fixture {
  HeldSink sink;
  CommitQueue queue{sink, 3, kSoon};
  std::vector<std::uint64_t> committed;

  void submit(std::uint64_t number) {
    queue.submit(intake(number),
                 [this](const Intake& one) { committed.push_back(one.payload_bytes); });
  }
  // The destructor of the queue waits for what the sink holds.
  ~Fixture() {
    while (!sink.held.empty()) sink.end(0, CommitStatus::kStopped);
  }
};

}  // namespace

TEST(CommitQueue, CallsBackInOrderWhateverIsCommittedFirst) {
  Fixture test;
  for (std::uint64_t n = 1; n <= 3; ++n) test.submit(n);
  EXPECT_TRUE(test.queue.full());
  EXPECT_FALSE(readable(test.queue));
  test.sink.end(1);
  EXPECT_TRUE(readable(test.queue));
  test.queue.settle();
  EXPECT_FALSE(readable(test.queue));
  EXPECT_TRUE(test.committed.empty());
  test.sink.end(0);
  test.queue.settle();
  EXPECT_THAT(test.committed, ElementsAre(1, 2));
  EXPECT_FALSE(test.queue.full());
  test.sink.end(0);
  EXPECT_TRUE(test.queue.finish(milliseconds(1000)));
  EXPECT_THAT(test.committed, ElementsAre(1, 2, 3));
}

TEST(CommitQueue, HandsOverAgainWhatWasTurnedAway) {
  Fixture test;
  test.sink.busy = 2;
  test.submit(1);
  test.submit(2);
  test.queue.settle();
  EXPECT_TRUE(test.queue.turned_away());
  for (int i = 0; i < 1000 && test.sink.held.size() < 2; ++i) {
    test.queue.wait(milliseconds(100), {});
    test.queue.settle();
  }
  ASSERT_EQ(test.sink.held.size(), 2u);
  EXPECT_FALSE(test.queue.turned_away());
  test.sink.end(0, CommitStatus::kFailed);
  test.sink.end(0);
  test.queue.settle();
  EXPECT_TRUE(test.queue.turned_away());
  EXPECT_TRUE(test.committed.empty());
  for (int i = 0; i < 1000 && test.sink.held.empty(); ++i) {
    test.queue.wait(milliseconds(100), {});
    test.queue.settle();
  }
  test.sink.end(0);
  test.queue.settle();
  EXPECT_THAT(test.committed, ElementsAre(1, 2));
}

TEST(CommitQueue, ASinkThatStopsEndsIt) {
  Fixture test;
  test.submit(1);
  EXPECT_FALSE(test.queue.stopped());
  test.sink.end(0, CommitStatus::kStopped);
  EXPECT_TRUE(test.queue.stopped());
  EXPECT_FALSE(test.queue.finish(milliseconds(10'000)));
  EXPECT_TRUE(test.committed.empty());
}

TEST(CommitQueue, WaitEndsWithAStopRequest) {
  Fixture test;
  std::stop_source source;
  source.request_stop();
  const auto began = std::chrono::steady_clock::now();
  test.queue.wait(milliseconds(60'000), source.get_token());
  EXPECT_LT(std::chrono::steady_clock::now() - began, milliseconds(30'000));
}

TEST(CommitQueue, ItsEndWaitsForWhatTheSinkHolds) {
  HeldSink sink;
  std::atomic<bool> ended{false};
  std::thread thread([&] {
    CommitQueue queue(sink, 1, kSoon);
    queue.submit(intake(1), [](const Intake&) { ADD_FAILURE() << "not settled"; });
    // … leaves here
  });
  while (true) {
    const std::lock_guard lock(sink.mutex);
    if (!sink.held.empty()) break;
  }
  sink.end(0);
  thread.join();
}

}  // namespace kcloud::core
