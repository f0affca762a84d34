// The journal: every event made durable once, in one SQLite database (data_dir/journal.db), by one
// writer thread.
//
// Promise: a completion with kCommitted runs only after the group commit's fsync. Deduplication is
// decided inside that transaction. Cursors, dead letters and retention ride the same commits.
// Format: docs/journal.md. Threads: any thread may call the public functions; completions run on
// the writer thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/journal/lineage.h"
#include "agent/journal/notification.h"
#include "agent/journal/rule_state.h"
#include "core/collector.h"
#include "core/event.h"
#include "core/seal.h"
#include "core/time.h"

namespace kcloud::journal {

// When a batch of the audit chain is closed (docs/audit.md).
struct SealOptions {
  bool enabled = true;
  std::uint32_t batch_events = 1000;            // by the commit that reaches it
  std::chrono::milliseconds batch_wait{500};    // after its first event came
  std::chrono::milliseconds heartbeat{60'000};  // an empty batch after this long without events
};

struct Options {
  std::string directory;  // made when missing
  std::uint64_t max_bytes = 10ull << 30;
  std::chrono::milliseconds max_age{std::chrono::hours(24 * 30)};
  std::chrono::milliseconds dedup_horizon{std::chrono::hours(24 * 7)};
  std::uint32_t max_dead_letters = 100'000;
  std::chrono::milliseconds dead_letter_max_age{std::chrono::hours(24 * 30)};
  std::uint32_t max_notifications = 10'000;  // that are no longer queued
  std::chrono::milliseconds notification_max_age{std::chrono::hours(24 * 30)};
  std::uint64_t queue_bytes = 16 << 20;
  std::uint32_t group_events = 2000;
  std::chrono::milliseconds group_wait{0};
  std::uint64_t wal_bytes = 8 << 20;  // the writer steps aside for a checkpoint at this size
  std::chrono::milliseconds reopen_interval{1000};  // between tries after the disk refused
  SealOptions seals;
  std::vector<std::string> required;  // cursors that retention waits for from the start
  std::string vfs;  // SQLite VFS name; empty: the default. Tests inject faults here.
};

// What opening found; also in /health.
struct OpenReport {
  bool created = false;
  bool unclean = false;  // the last run did not close the journal
  std::uint64_t lost_events =
      0;  // acknowledged earlier, not readable now (damage); 0 after a mere crash
  std::uint64_t salvaged_events = 0;  // carried over from a damaged file
  std::string damaged_file;           // where the damaged file was put
  std::string detail;                 // one sentence for the log; empty when nothing happened
};

enum class State : std::uint8_t { kOpen, kRecovering /* disk refused; retrying */, kClosed };

using LetterCounts = std::map<std::string, std::uint64_t, std::less<>>;  // reason -> how many

struct Stats {
  State state = State::kOpen;
  bool full = false;  // over max_bytes, held by a required reader: intake is turned away
  std::string last_error;
  std::uint64_t head = 0;    // seq of the newest event
  std::uint64_t oldest = 0;  // seq of the oldest event kept; 0 when empty
  std::uint64_t events = 0;  // kept
  std::uint64_t bytes = 0;   // of the database, free pages not counted
  std::uint64_t queued_bytes = 0;
  std::uint64_t commits = 0;
  std::uint64_t committed_events = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t conflicts = 0;
  std::uint64_t busy = 0;  // submissions turned away
  std::uint64_t failed_commits = 0;
  std::uint64_t dead_letters = 0;  // kept
  LetterCounts dead_letters_by_reason;
  std::uint64_t dead_letters_dropped = 0;  // by retention
  std::uint64_t dead_letters_retried = 0;  // tried again, whatever came of it
  std::uint64_t dead_letters_purged = 0;   // removed on demand
  std::uint64_t expired = 0;               // events removed by age
  std::uint64_t evicted = 0;               // events removed by size
  double commit_seconds_sum = 0;
};

// The disk refuses at present; the journal goes on trying to recover.
class NotStoring : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A dead letter tried again: what is to be done with it, and what came of it.
struct LetterRetry {
  enum class Outcome : std::uint8_t {
    kPending,
    kStored,     // its event is stored now; the letter is gone
    kDuplicate,  // its event was stored before; the letter is gone
    kDelivered,  // the sink has its event now; the letter is gone
    kRefused,    // the letter stays with `reason` and `detail`
    kGone,       // somebody else removed the letter meanwhile; nothing was stored
  };
  static constexpr std::size_t kNoEvent = static_cast<std::size_t>(-1);

  std::uint64_t id = 0;
  std::size_t event = kNoEvent;  // into the batch: kept in the commit that removes the letter
  Outcome outcome = Outcome::kPending;
  std::string reason, detail;  // of the new refusal
};

// A reader's place: a position of the journal, or a batch's number (cursor_name.h). `required`:
// retention waits for it.
struct CursorInfo {
  std::string name;
  std::uint64_t seq = 0;  // everything up to and including it is done
  core::Time updated;
  std::uint64_t skipped = 0;  // events retention took away before this reader saw them
};

// The events of one commit, as their collectors decoded them, with the memory that they point into.
struct StoredEvents {
  std::uint64_t after = 0, to = 0;  // all in (after, to]
  core::EventBatch events;
  std::size_t bytes = 0;  // of memory
};

// The directory's lock is another process's.
class DirectoryInUse : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Reader;
struct RollupCommit;

class Journal final : public core::EventSink {
 public:
  // Opens or makes the journal, takes the directory's lock, recovers, isolates damage. Throws
  // std::runtime_error with a hint: directory locked by another agent, network file system, newer
  // schema, not writable.
  Journal(Options options, const core::Clock& clock);
  ~Journal() override;  // commits what is queued, then closes

  // core::EventSink. Busy at once when the queue is over its limit.
  void accept(std::unique_ptr<core::Intake> intake, core::Completion done) override;

  // The same, and `text` is kept as the note `name` in that commit: how far an import is. Of more
  // than 1,000 notes those written longest ago are forgotten.
  void accept(std::unique_ptr<core::Intake> intake, const std::string& name,
              const std::string& text, core::Completion done);
  std::string note(const std::string& name) const;  // empty: none. Blocks for a commit

  // What came of the rules up to `seq`, in one commit. `transitions` come back with their verdicts.
  // Blocks for it; also when the journal is full.
  core::CommitStatus commit_rules(RuleCommit& commit);
  // Likewise; forgets those that ended before.
  core::CommitStatus put_silence(const Silence& silence, core::Time forget_before);

  // Blocks for it; also when the journal is full.
  core::CommitStatus commit_rollups(const RollupCommit& commit);

  // Dead letters from an exporter, with the cursor movement that goes with them: one commit. A
  // missing cursor is made. `done` may be empty.
  void move_cursor(const std::string& name, std::uint64_t seq,
                   std::vector<core::DeadLetter> refused,
                   std::function<void(core::CommitStatus)> done);
  // Settles letters that were tried again, in one commit: those with an event in `batch` are
  // stored, or found to be a duplicate, and removed; a conflict and what was kRefused before stay
  // with their new reason; what was kDelivered is removed. Blocks for the commit; kBusy when the
  // journal is full.
  core::CommitStatus retry_letters(core::EventBatch& batch, std::vector<LetterRetry>& letters);
  // `removed`: how many of them were there. Blocks for a commit.
  core::CommitStatus remove_letters(const std::vector<std::uint64_t>& ids, std::uint64_t& removed);

  // Alerts to be told, as Store::queue_notifications. Blocks for a commit, as do the next three.
  core::CommitStatus queue_notifications(const std::vector<Notice>& notices);
  // Notifications take the place of the notices that they were made of. Sets their ids.
  core::CommitStatus form_notifications(std::vector<Notification>& formed,
                                        const std::vector<std::uint64_t>& notices);
  core::CommitStatus settle_notification(const Notification& notification);
  // What is queued for other notifiers than `kept` is dropped; `dropped`: how many there were.
  core::CommitStatus retire_notifiers(const std::vector<std::string>& kept, std::uint64_t& dropped);

  // Makes the cursor if missing (at `start`: 0 = from the oldest event) and says where it stands.
  // Blocks for a commit. Throws NotStoring, and std::runtime_error for a cursor above the head.
  CursorInfo open_cursor(const std::string& name, std::uint64_t start);
  bool drop_cursor(const std::string& name);
  std::vector<CursorInfo> cursors() const;
  // Names whose events retention must not take; others are skipped ahead and counted.
  void set_required(std::vector<std::string> names);

  // Where the audit chain of this data directory stands, as far as it is on disk.
  struct ChainState {
    core::ChainId chain{};
    std::optional<core::Seal> last;
  };
  ChainState chain() const;
  // Blocks until a batch with a number above `seq` is on disk, `timeout` passes or `stop` is
  // requested. Returns the number of the last.
  std::uint64_t wait_sealed(std::uint64_t seq, std::chrono::milliseconds timeout,
                            std::stop_token stop) const;

  // For a command, on a journal that seals nothing itself: the next opening goes on with a new
  // chain that follows batch `after` of the one there is; 0: none. `announce` makes the events that
  // say so, stored in the same commit. Blocks for it. Throws std::invalid_argument when there is no
  // such batch.
  Renewal renew_chain(std::uint64_t after,
                      const std::function<void(const Renewal&, core::EventBatch&)>& announce);

  std::unique_ptr<Reader> reader() const;
  OpenReport open_report() const;
  Stats stats() const;
  std::uint64_t head() const;
  const std::string& epoch() const;  // 8 hex digits, made with the journal

  // Runs `listener(head)` on the writer thread after every commit that stored events. Must not
  // block. Returns a handle; destroying it unsubscribes (and waits for a running call).
  class Subscription;
  std::unique_ptr<Subscription> subscribe(std::function<void(std::uint64_t head)> listener);
  // The same with the events of each commit, before anybody hears of the new head. A commit that
  // stored others than its intakes' is left out.
  std::unique_ptr<Subscription> subscribe_stored(
      std::function<void(std::shared_ptr<const StoredEvents>)> listener);
  // Blocks until head > seq, `timeout` passes or `stop` is requested. Returns the head.
  std::uint64_t wait_beyond(std::uint64_t seq, std::chrono::milliseconds timeout,
                            std::stop_token stop) const;

  // No more intake; queued work is committed. Idempotent.
  void close();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class Journal::Subscription {
 public:
  virtual ~Subscription() = default;
};

}  // namespace kcloud::journal
