// The writer: the one thread with the read-write connection. Takes groups from the queue, commits
// each with one fsync, keeps house between them, and closes and re-opens everything when the disk
// refuses.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "agent/journal/directory.h"
#include "agent/journal/head.h"
#include "agent/journal/journal.h"
#include "agent/journal/retention.h"
#include "agent/journal/work_queue.h"
#include "core/time.h"

namespace kcloud::journal {

class Checkpointer;
class Generation;
class Sealer;
class Store;

// What the writer and the journal's callers both touch, under its mutex.
struct Board {
  mutable std::mutex mutex;
  Stats stats;
  std::vector<CursorInfo> cursors;
  std::vector<std::string> required;  // retention waits for these cursors
  OpenReport report;
  Journal::ChainState chain;
  std::condition_variable_any sealed;  // tells of a new `chain`
};

class Writer {
 public:
  // Opens the database (salvages, if need be) and fills `board` and `head`; throws as Journal does.
  Writer(const Options& options, const core::Clock& clock, WorkQueue& queue, Board& board,
         Head& head, std::shared_ptr<Generation> generation);
  ~Writer();

  void start();
  // After WorkQueue::close: what waits is committed, the database closed. Idempotent.
  void join();
  const std::string& epoch() const { return epoch_; }  // never changes

 private:
  OpenReport attach(bool salvage);
  void publish_head();
  void run();
  void apply(std::vector<Message>& group, Stats& delta);
  void commit(std::vector<Message>& group);
  void hand_on(std::vector<Message>& group, std::uint64_t before);
  void note_commit(const Stats& delta, std::chrono::steady_clock::time_point started);
  void note_seal();
  void seal();
  void count_letters();
  void checkpoint();
  void lose_store(const std::string& why, bool damaged);
  void reopen();
  RetentionLimits limits() const;
  void upkeep();
  void note_upkeep(const RetentionWork& work);
  void close_store();

  const Options& options_;
  const core::Clock& clock_;
  WorkQueue& queue_;
  Board& board_;
  Head& head_;
  const std::shared_ptr<Generation> generation_;
  HeadHintFile hint_;
  std::string epoch_;

  // The writer thread's own.
  std::unique_ptr<Store> store_;    // none while the disk refuses
  std::unique_ptr<Sealer> sealer_;  // as long as the store
  std::unique_ptr<Checkpointer> checkpointer_;
  int wal_frames_ = 0;
  bool damage_known_ = false;
  bool over_limit_ = false;
  std::chrono::steady_clock::time_point next_upkeep_;
  std::chrono::steady_clock::time_point next_reopen_;
  std::jthread thread_;
};

}  // namespace kcloud::journal
