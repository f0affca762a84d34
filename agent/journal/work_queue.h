// What waits for the writer, bounded by bytes, and its grouping: a group collects while the one
// before is being committed.
//
// Any thread submits; one thread, the writer, takes. A message that is not taken in is finished at
// once, on the caller's thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "core/collector.h"

namespace kcloud::journal {

class Store;

// An intake, or something to do inside the writer's transaction.
struct Message {
  std::unique_ptr<core::Intake> intake;
  core::Completion done;
  std::function<void(Store&)> work;
  std::function<void(core::CommitStatus)> work_done;
  std::size_t bytes = 0;
  bool always = false;  // an intake that is taken also when the queue or the journal is full

  void finish(core::CommitStatus status);
};

class WorkQueue {
 public:
  struct Limits {
    std::uint64_t bytes = 0;
    std::uint32_t group_events = 0;
    std::chrono::milliseconds group_wait{0};
  };
  explicit WorkQueue(Limits limits) : limits_(limits) {}

  // Finished at once with kBusy (over its bytes, or the journal is full; intakes only), kFailed
  // (the disk refuses) or kStopped (closed).
  void submit(Message message);
  // At most a group's worth, after at most `idle`; empty when nothing came. `last`: closed, and
  // nothing will come any more.
  std::vector<Message> take_group(std::chrono::milliseconds idle, bool& last);

  void set_storing(bool storing);  // false: the disk refuses, everything is turned away
  void set_full(bool full);        // true: intakes are turned away
  void close();

  std::uint64_t bytes() const;
  std::uint64_t busy() const;  // intakes turned away as kBusy

 private:
  const Limits limits_;
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<Message> waiting_;
  std::size_t bytes_ = 0;
  std::uint64_t busy_ = 0;
  bool writer_waits_ = false;
  bool storing_ = true;
  bool full_ = false;
  bool closed_ = false;
};

}  // namespace kcloud::journal
