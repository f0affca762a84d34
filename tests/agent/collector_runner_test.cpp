#include "agent/collector_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <stdexcept>

namespace kcloud::agent {

using api::CollectorPhase;
using std::chrono::milliseconds;
using ::testing::HasSubstr;

namespace {

// Does what it is told in each of its lives.
class Scripted final : public core::Collector {
 public:
  using Life = std::function<void(std::stop_token, core::EventSink&, int life)>;
  explicit Scripted(Life life) : life_(std::move(life)) {}
  void run(std::stop_token stop, core::EventSink& sink) override { life_(stop, sink, ++lives_); }
  core::CollectorReport report() const override { return {.connected = true}; }

 private:
  const Life life_;
  int lives_ = 0;
};

class CommittingSink final : public core::EventSink {
 public:
  void accept(std::unique_ptr<core::Intake> intake, core::Completion done) override {
    for (std::size_t i = 0; i < intake->batch.events.size(); ++i) {
      intake->batch.events[i].verdict =
          i == 0 ? core::Verdict::kStored
                 : (i == 1 ? core::Verdict::kDuplicate : core::Verdict::kConflict);
    }
    done(status, std::move(intake));
  }
  core::CommitStatus status = core::CommitStatus::kCommitted;
};

void until_stop(std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock lock(mutex);
  changed.wait(lock, stop, [] { return false; });
}

class CollectorRunnerTest : public ::testing::Test {
 protected:
  std::unique_ptr<CollectorRunner> run(Scripted::Life life, bool paused = false) {
    return std::make_unique<CollectorRunner>(
        CollectorRunner::Options{"bus", {milliseconds(1), milliseconds(2)}, paused, counters},
        std::make_unique<Scripted>(std::move(life)), sink, clock);
  }
  template <typename Condition>
  static bool eventually(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::yield();
    }
    return true;
  }

  core::SystemClock clock;
  CommittingSink sink;
  std::shared_ptr<core::CollectorCounters> counters = std::make_shared<core::CollectorCounters>();
};

}  // namespace

TEST_F(CollectorRunnerTest, AFailureIsShownAndFollowedByAnotherTry) {
  std::atomic<int> lives{0};
  const auto runner = run([&](std::stop_token stop, core::EventSink&, int life) {
    lives = life;
    if (life < 4) throw std::runtime_error("no route to the source");
    until_stop(stop);
  });
  ASSERT_TRUE(eventually([&] { return lives == 4; }));
  ASSERT_TRUE(eventually([&] { return runner->status().phase == CollectorPhase::kRunning; }));
  const auto status = runner->status();
  EXPECT_EQ(status.restarts, 3u);
  EXPECT_EQ(status.report.last_error, "no route to the source");
  EXPECT_NE(status.report.last_error_time, core::Time{});
  runner->stop();
  EXPECT_EQ(runner->status().phase, CollectorPhase::kStopped);
}

TEST_F(CollectorRunnerTest, WhatIsNoExceptionOfTheStandardAndAnEndByItselfAreFailuresToo) {
  std::atomic<int> lives{0};
  const auto runner = run([&](std::stop_token stop, core::EventSink&, int life) {
    if (life == 1) throw 7;
    lives = life;
    if (life > 2) until_stop(stop);
  });
  ASSERT_TRUE(eventually([&] { return lives == 3; }));
  EXPECT_THAT(runner->status().report.last_error, HasSubstr("ended by itself"));
}

TEST_F(CollectorRunnerTest, PauseWaitsForTheEndOfTheLifeAndResumeBeginsAnother) {
  std::atomic<int> inside{0}, lives{0};
  const auto runner = run([&](std::stop_token stop, core::EventSink&, int life) {
    lives = life;
    ++inside;
    until_stop(stop);
    --inside;
  });
  ASSERT_TRUE(eventually([&] { return inside == 1; }));
  runner->pause();
  EXPECT_EQ(inside, 0);
  EXPECT_EQ(runner->status().phase, CollectorPhase::kPaused);
  runner->pause();
  runner->resume();
  ASSERT_TRUE(eventually([&] { return inside == 1; }));
  EXPECT_EQ(lives, 2);
  EXPECT_EQ(runner->status().restarts, 0u);
}

TEST_F(CollectorRunnerTest, OneThatIsPausedFromTheStartWaits) {
  std::atomic<int> lives{0};
  const auto runner = run(
      [&](std::stop_token stop, core::EventSink&, int life) {
        lives = life;
        until_stop(stop);
      },
      true);
  ASSERT_TRUE(eventually([&] { return runner->status().phase == CollectorPhase::kPaused; }));
  EXPECT_EQ(lives, 0);
  runner->resume();
  ASSERT_TRUE(eventually([&] { return lives == 1; }));
}

TEST_F(CollectorRunnerTest, APauseEndsTheWaitForTheNextTry) {
  const auto runner = std::make_unique<CollectorRunner>(
      CollectorRunner::Options{
          "bus", {std::chrono::hours(1), std::chrono::hours(1)}, false, counters},
      std::make_unique<Scripted>(
          [](std::stop_token, core::EventSink&, int) { throw std::runtime_error("down"); }),
      sink, clock);
  ASSERT_TRUE(eventually([&] { return runner->status().phase == CollectorPhase::kRetrying; }));
  runner->pause();
  EXPECT_EQ(runner->status().phase, CollectorPhase::kPaused);
}

TEST_F(CollectorRunnerTest, CountsWhatTheJournalMadeOfIt) {
  std::atomic<bool> done{false};
  const auto runner = run([&](std::stop_token stop, core::EventSink& counting, int) {
    auto intake = std::make_unique<core::Intake>();
    intake->batch.events.resize(4);
    intake->refused.resize(2);
    intake->payload_bytes = 100;
    core::accept_and_wait(counting, intake);
    sink.status = core::CommitStatus::kBusy;
    core::accept_and_wait(counting, intake);
    done = true;
    until_stop(stop);
  });
  ASSERT_TRUE(eventually([&] { return done.load(); }));
  EXPECT_EQ(counters->received, 6u);
  EXPECT_EQ(counters->stored, 1u);
  EXPECT_EQ(counters->duplicates, 1u);
  EXPECT_EQ(counters->conflicts, 2u);
  EXPECT_EQ(counters->rejected, 2u);
  EXPECT_EQ(counters->bytes, 100u);
  EXPECT_EQ(counters->busy, 6u);
}

}  // namespace kcloud::agent
