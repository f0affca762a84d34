// A few threads for reading the journal, each with its own Reader, so that the I/O thread never
// waits for a disk.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include "agent/journal/journal.h"
#include "agent/journal/reader.h"
#include "core/decode.h"

namespace kcloud::api {

// Makes what a thread answers from; empty: it answers from the journal.
using MakeReader = std::function<std::unique_ptr<journal::EventReader>()>;

// What a job works with; belongs to its thread.
class Worker {
 public:
  explicit Worker(const journal::Journal& journal, const MakeReader& make = {})
      : reader_(journal.reader()), events_(make ? make() : nullptr) {}
  journal::Reader& reader() { return *reader_; }
  // What questions are answered from: the journal, or what the pool was made with.
  journal::EventReader& events() { return events_ ? *events_ : *reader_; }
  // A decoder for that catalogue, made anew only when it changed.
  core::Decoder& decoder(const std::shared_ptr<const core::Catalogue>& catalogue);
  // The pool waits for the job to end: long ones look whether they shall.
  bool stopping() const { return stop_.stop_requested(); }

 private:
  friend class QueryPool;

  std::unique_ptr<journal::Reader> reader_;
  std::unique_ptr<journal::EventReader> events_;
  std::stop_token stop_;
  std::shared_ptr<const core::Catalogue> catalogue_;
  std::optional<core::Decoder> decoder_;
};

class QueryPool {
 public:
  // A job must not throw.
  using Job = std::function<void(Worker&)>;

  QueryPool(const journal::Journal& journal, std::size_t threads, std::size_t max_waiting,
            const MakeReader& make = {});
  ~QueryPool();  // finishes the jobs that run; those that wait are dropped

  // Any thread. False: too many are waiting.
  bool submit(Job job);
  // The next part of a job that was taken: never too many.
  void go_on(Job job);

 private:
  void run(std::stop_token stop, Worker& worker);

  const std::size_t max_waiting_;
  std::mutex mutex_;
  std::condition_variable_any arrived_;
  std::deque<Job> jobs_;  // guarded by mutex_
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::jthread> threads_;
};

}  // namespace kcloud::api
