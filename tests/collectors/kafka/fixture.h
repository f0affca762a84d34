// A broker that all tests share, and a collector that runs on a thread into a sink that keeps what
// it was handed.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "collectors/kafka/collector.h"
#include "config/config.h"
#include "core/commit_queue.h"
#include "tests/support/kafka_server.h"

namespace kcloud::kafka::testing {

using test_support::eventually;
using test_support::KafkaRecord;
using test_support::KafkaServer;

// Commits at once, unless it is told to turn away or to hold.
class RecordingSink final : public core::EventSink {
 public:
  enum class Answer { kCommit, kBusy, kHold };

  void accept(std::unique_ptr<core::Intake> intake, core::Completion done) override;
  void answer(Answer answer);  // kCommit also ends what is held

  struct Kept {
    std::string id, body, type, collector;
    core::Time time;
    core::TimeSource time_source = core::TimeSource::kBody;
  };
  std::vector<Kept> events() const;
  std::vector<core::DeadLetter> dead_letters() const;
  // How often each `n` of the bodies {"n":…} came.
  std::map<int, int> numbers() const;
  std::size_t held() const;  // events that wait

 private:
  void keep(const core::Intake& intake);

  mutable std::mutex mutex_;  // guards all below
  Answer answer_ = Answer::kCommit;
  std::vector<std::pair<std::unique_ptr<core::Intake>, core::Completion>> held_;
  std::vector<Kept> events_;
  std::vector<core::DeadLetter> dead_letters_;
};

class Running {
 public:
  Running(Config config, core::EventSink& sink, std::uint32_t batch_events = 1000);
  ~Running();

  void start();
  void stop();  // returns when run() has
  // What run() threw; empty: it runs, or was stopped.
  std::string failure() const;
  core::CollectorReport report() const { return collector_->report(); }
  // Of the measures of that name, all labels together.
  double measure(const std::string& name) const;

 private:
  core::EventSink& sink_;
  core::SystemClock clock_;
  std::shared_ptr<const core::Catalogue> catalogue_;
  std::unique_ptr<Collector> collector_;
  mutable std::mutex mutex_;
  std::string failure_;
  std::jthread thread_;
};

class KafkaBroker : public ::testing::Test {
 protected:
  static void SetUpTestSuite();
  static void TearDownTestSuite();
  static KafkaServer& server() { return *server_; }

  // A topic of this test's own, and a configuration for it with a group of its own.
  Config topic(int partitions, const std::map<std::string, std::string>& config = {});
  const std::string& name() const { return name_; }
  // {"n":first} … over the partitions in turn.
  void produce(int first, int count, int partitions = 1);

  RecordingSink sink_;

 private:
  static std::unique_ptr<KafkaServer> server_;
  std::string name_;
};

// {"n":number} with a time.
std::string numbered(int number);
// A scheduling decision of this workload.
std::string decision(const std::string& workload);

}  // namespace kcloud::kafka::testing
