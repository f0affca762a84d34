// A collector on a thread, as the agent runs it, between a real Redis server and a real journal.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "agent/journal/journal.h"
#include "agent/journal/reader.h"
#include "collectors/redis/collector.h"
#include "config/config.h"
#include "tests/support/redis_server.h"

namespace kcloud::redis::testing {

using test_support::eventually;
using test_support::RedisServer;

// The journal, behind a door that may be shut: intakes are then turned away, as by a full one.
class Door final : public core::EventSink {
 public:
  explicit Door(core::EventSink& sink) : sink_(sink) {}
  void accept(std::unique_ptr<core::Intake> intake, core::Completion done) override {
    if (shut) {
      ++turned_away;
      done(core::CommitStatus::kBusy, std::move(intake));
    } else {
      largest = std::max<std::size_t>(largest, intake->batch.events.size());
      sink_.accept(std::move(intake), std::move(done));
    }
  }
  std::atomic<bool> shut = false;
  std::atomic<int> turned_away = 0;
  std::atomic<std::size_t> largest = 0;  // intake

 private:
  core::EventSink& sink_;
};

inline std::string decision(const std::string& workload, const std::string& more = "") {
  return R"({"event_type":"scheduling_decision","timestamp":"2025-01-15T10:30:00Z",)"
         R"("workload":{"id":")" +
         workload + R"("},"decision":{"selected_cluster":"gpu-cluster-01"})" + more + "}";
}

class CollectorFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    journal_options_.directory = directory_.path();
    journal_ = std::make_unique<journal::Journal>(journal_options_, clock_);
    door_ = std::make_unique<Door>(*journal_);
    config_.addresses = {server_.address()};
    config_.timeout = std::chrono::milliseconds(2'000);
    context_.name = "the-redis";
    context_.agent = "agent-1";
    context_.catalogue = catalogue_;
    context_.decode.default_zone = core::Zone("Asia/Seoul");
    context_.clock = &clock_;
  }
  void TearDown() override { stop(); }

  void make(std::uint32_t batch_events = 1000) {
    collector_ = std::make_unique<Collector>(config_, context_, batch_events);
  }

  // Runs it, again after each failure, as the agent's runner does.
  void start() {
    if (!collector_) make();
    thread_ = std::jthread([this](std::stop_token stop) {
      while (!stop.stop_requested()) {
        try {
          collector_->run(stop, *door_);
        } catch (const std::runtime_error& error) {
          const std::lock_guard lock(mutex_);
          failures_.emplace_back(error.what());
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
      }
    });
  }

  // How long it took.
  std::chrono::milliseconds stop() {
    const auto begin = std::chrono::steady_clock::now();
    if (thread_.joinable()) {
      thread_.request_stop();
      thread_.join();
    }
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                                 begin);
  }

  void start_connected() {
    start();
    ASSERT_TRUE(eventually([this] { return collector_->report().connected; })) << last_failure();
  }

  std::string last_failure() {
    const std::lock_guard lock(mutex_);
    return failures_.empty() ? "" : failures_.back();
  }

  double measure(const std::string& name) const {
    for (const auto& one : collector_->report().measures) {
      if (one.name == name) return one.value;
    }
    ADD_FAILURE() << "no measure " << name;
    return -1;
  }

  std::uint64_t stored() const { return journal_->stats().events; }
  ::testing::AssertionResult stores(std::uint64_t count) {
    if (eventually([&] { return stored() >= count; }) && stored() == count) {
      return ::testing::AssertionSuccess();
    }
    return ::testing::AssertionFailure() << stored() << " of " << count << ' ' << last_failure();
  }

  core::EventBatch events() const {
    core::EventBatch batch;
    journal_->reader()->read_after(0, 1'000'000, 1 << 30, batch);
    return batch;
  }
  // How often each workload is there.
  std::map<std::string, int> workloads() const {
    std::map<std::string, int> counts;
    const auto batch = events();
    for (const auto& event : batch.events) ++counts[std::string(event.workload)];
    return counts;
  }
  std::vector<core::DeadLetter> dead_letters(std::size_t count) {
    EXPECT_TRUE(eventually([&] { return journal_->stats().dead_letters >= count; }));
    std::vector<core::DeadLetter> letters;
    for (auto& row : journal_->reader()->dead_letters({.limit = 1000})) {
      letters.push_back(std::move(row.letter));
    }
    EXPECT_EQ(letters.size(), count);
    return letters;
  }

  RedisServer server_{{"--appendonly", "yes", "--appendfsync", "always"}};
  test_support::TemporaryDirectory directory_;
  core::SystemClock clock_;
  config::Problems problems_;
  std::shared_ptr<const core::Catalogue> catalogue_ =
      config::load_catalogue({}, config::Environment::system(), problems_);
  journal::Options journal_options_;
  std::unique_ptr<journal::Journal> journal_;
  std::unique_ptr<Door> door_;
  Config config_;
  core::CollectorContext context_;
  std::unique_ptr<Collector> collector_;
  std::mutex mutex_;
  std::vector<std::string> failures_;  // guarded by mutex_
  std::jthread thread_;
};

}  // namespace kcloud::redis::testing
