// Intakes of one collector on their way into the sink: several under way, settled in the order of
// submission.
//
// Promise: every submitted intake is committed in the end, whatever the sink turned away in between
// (the journal full, the disk refusing), unless the agent stops; `committed` runs after the fsync,
// on the collector's thread, never before an older intake's. One thread owns the queue; only
// descriptor() may be polled elsewhere.
//
//   CommitQueue queue(sink, 4);
//   while (!stop.stop_requested()) {
//     queue.settle();
//     if (queue.full()) { queue.wait(250ms, stop); continue; }
//     … read the source …
//     queue.submit(std::move(intake), [&](const Intake&) { acknowledge(…); });
//   }
//   queue.finish(1s);
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <stop_token>

#include "core/backoff.h"
#include "core/collector.h"

namespace kcloud::core {

class CommitQueue {
 public:
  using Committed = std::function<void(const Intake& intake)>;

  // At most `most` intakes are under way. The sink outlives the queue.
  CommitQueue(EventSink& sink, std::size_t most, BackoffOptions backoff = {});
  // Waits for what the sink still holds (the batches' views may point into the collector); nothing
  // is handed over again. Callbacks that did not run never will: what they stand for was not
  // acknowledged.
  ~CommitQueue();
  CommitQueue(const CommitQueue&) = delete;
  CommitQueue& operator=(const CommitQueue&) = delete;

  bool full() const;
  bool empty() const;
  // The sink turned the oldest intake away and it waits for its next try: the source should be
  // paused rather than read on.
  bool turned_away() const;
  // The sink is closed: nothing more will be committed; `run` should return.
  bool stopped() const;

  // Not while full(). `committed` may be empty.
  void submit(std::unique_ptr<Intake> intake, Committed committed);
  // Runs what is due: callbacks of commits, and the next try of what was turned away. Never blocks.
  void settle();
  // Blocks until settle() has something to do, `timeout` passes or `stop` is requested.
  void wait(std::chrono::milliseconds timeout, std::stop_token stop);
  // Settles until empty, stopped or `timeout` has passed; true when empty.
  bool finish(std::chrono::milliseconds timeout);
  // Readable (eventfd) when settle() has something to do but for a next try: for poll(2) beside
  // sockets.
  int descriptor() const;

 private:
  struct Shared;
  struct Entry;
  void hand_over(Entry& entry);
  std::chrono::steady_clock::time_point next_try() const;

  EventSink& sink_;
  const std::size_t most_;
  Backoff backoff_;
  std::deque<std::shared_ptr<Entry>> entries_;  // oldest first
  std::shared_ptr<Shared> shared_;
};

}  // namespace kcloud::core
