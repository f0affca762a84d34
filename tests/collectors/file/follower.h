// A collector on a thread of its own in front of a sink that remembers, and files to write to.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "collectors/file/collector.h"
#include "tests/support/environment.h"

namespace kcloud::file {

// What arrived: the numbers of the events `event(n)`, how often each, as the journal would tell
// them apart by their ids.
class MemorySink final : public core::EventSink {
 public:
  void accept(std::unique_ptr<core::Intake> intake, core::Completion done) override;

  struct Seen {
    std::string body, id, source, type, time;
    int times = 0;
  };
  std::vector<Seen> events() const;  // by first arrival, each id once
  std::vector<core::DeadLetter> letters() const;
  std::size_t handed_over() const;  // events, repetitions too
  void be_busy(bool busy);

 private:
  mutable std::mutex mutex_;
  std::vector<Seen> events_;
  std::map<std::string, std::size_t> by_id_;
  std::vector<core::DeadLetter> letters_;
  std::size_t handed_over_ = 0;
  bool busy_ = false;
};

class Follower {
 public:
  // Options as in the file; `paths` defaults to `<logs>/*.log`.
  explicit Follower(const std::string& options = "");
  ~Follower();

  void start();   // a new collector on the same state, as after a restart
  void resume();  // the same collector
  void stop();
  void restart() {
    stop();
    start();
  }
  double measure(const std::string& name) const;
  core::CollectorReport report() const { return collector_->report(); }

  const std::string& logs() const { return logs_; }
  std::string path(const std::string& name) const { return logs_ + "/" + name; }
  void write(const std::string& name, const std::string& text) const;  // appends
  // Events from `first` on, one a line.
  void write_events(const std::string& name, int first, int count) const;
  // Whether exactly the events 0 … count-1 arrive in the end.
  testing::AssertionResult has_exactly(int count) const;
  bool arrives(std::size_t events) const;

  MemorySink sink;

 private:
  test_support::TemporaryDirectory directory_;
  std::string logs_, state_;
  Config config_;
  core::SystemClock clock_;
  std::unique_ptr<Collector> collector_;
  std::jthread thread_;
};

std::string event(int number);

}  // namespace kcloud::file
