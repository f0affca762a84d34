// The writer's side of the database: events with deduplication, cursors, dead letters. One thread,
// always inside the transaction that Store::begin opened. In-memory state follows the database;
// after any error the Store is thrown away and made anew.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/journal/journal.h"
#include "agent/journal/notification.h"
#include "agent/journal/rule_state.h"
#include "agent/journal/schema.h"
#include "agent/journal/sqlite.h"
#include "core/collector.h"
#include "core/event.h"

namespace kcloud::journal {

// First 8 bytes of a body's SHA-256, as the `seen` tables keep them.
std::int64_t body_check(const core::Sha256& hash);
// The `check` column: the body's check mixed with every other column, so that a row whose bytes
// changed is known. `event.body_hash` must be set.
std::int64_t row_check(const core::Event& event);

inline constexpr const char* kIdConflict = "id_conflict";
inline constexpr const char* kIdConflictDetail =
    "an event with this id and another body is stored already";

struct RollupCommit;

class Store {
 public:
  // `floor`: no seq at or below it is given out (the head hint after damage).
  Store(Database db, std::uint64_t floor);

  // Called for each event that add() stores.
  void on_stored(std::function<void(const core::Event&)> listener) {
    stored_ = std::move(listener);
  }

  void begin() { begin_.run(); }
  void commit();
  void rollback() noexcept;

  // Sets the event's verdict, and seq and id when stored. A conflict is kept as a dead letter.
  void add(core::Event& event);
  void add(const core::DeadLetter& letter);
  // The verdict alone: a conflict leaves no dead letter.
  void settle(core::Event& event);
  bool has_letter(std::uint64_t id);
  // What a letter says of its last refusal.
  void rewrite_letter(std::uint64_t id, const std::string& reason, const std::string& detail);
  bool remove_letter(std::uint64_t id);
  // Of at most `most` of the oldest letters those received before `received` (ns).
  std::uint64_t drop_letters(std::uint64_t most, std::int64_t received);
  // How many are kept, by reason.
  const LetterCounts& letters() const { return letters_; }
  // Writes the workload index up to the head (inside the open transaction). Between calls it lags
  // by at most kWorkloadLag events: a sorted pass touches each page once, where an insert an event
  // touches one page each.
  void index_workloads();
  // Alerts to be told (store_notifications.cpp). Each beginning and each end counts once, whatever
  // is given again; an end counts where its beginning did and was not quiet. Returns how many were
  // new.
  std::uint64_t queue_notifications(std::span<const Notice> notices);
  // With the id that they have; 0: they get the next one.
  void add_notice(const Notice& notice);
  void add_notification(Notification& notification);
  void remove_notices(std::span<const std::uint64_t> ids);
  // Writes what an attempt changed.
  void settle_notification(const Notification& notification);
  // What is queued for other notifiers is dropped. Returns how many there were.
  std::uint64_t retire_notifiers(const std::vector<std::string>& kept, core::Time now);
  // Of at most `slice` of the oldest that are not queued: those created before `before`, and those
  // behind the newest `most`.
  std::uint64_t drop_notifications(std::uint64_t slice, core::Time before, std::uint64_t most);

  // For salvage: takes an event over with the seq it had. False when its id is there already.
  bool restore(const core::Event& event);
  bool holds(std::uint64_t seq);
  void raise_head(std::uint64_t head) { head_ = std::max(head_, head); }
  void move_cursor(const std::string& name, std::uint64_t seq, core::Time now);
  std::optional<CursorInfo> cursor(const std::string& name);
  bool drop_cursor(const std::string& name);
  std::vector<CursorInfo> cursors();

  // What the rules loop commits, behind its transitions (store_rules.cpp).
  void note_rules(const RuleCommit& commit, const core::EventBatch& transitions, core::Time now);
  void put_silence(const Silence& silence, core::Time forget_before);
  void note_rollups(const RollupCommit& commit, core::Time now);

  void write_note(const std::string& name, const std::string& text, core::Time now);
  std::string note(const std::string& name);

  std::uint64_t head() const { return head_; }
  std::uint64_t oldest() const { return oldest_; }  // 0 when empty
  void set_oldest(std::uint64_t oldest) { oldest_ = oldest; }
  Database& db() { return db_; }
  std::string epoch() { return meta(db_, "epoch"); }

 private:
  struct SeenDay {
    Statement insert;
    Statement select;
    std::int64_t new_ids = 0;  // since the last commit
    std::int64_t last_received = 0;
    std::uint64_t used = 0;  // for forgetting the statements used longest ago
  };
  struct Bucket {
    std::int64_t number = -1;
    std::int64_t min_time = 0, max_time = 0, min_received = 0, max_received = 0;
  };

  SeenDay& seen_day(std::int64_t day);
  std::int64_t type_slot(std::string_view name);
  bool find_keyed(core::Event& event);
  void look_up(core::Event& event);
  void insert(const core::Event& event);
  void load_unindexed();
  void widen_bucket(const core::Event& event);
  void write_bucket();
  void write_seen_days();
  void forget_letter(const std::string& reason);

  std::function<void(const core::Event&)> stored_;
  Database db_;
  Statement begin_, commit_, insert_event_, insert_workload_, insert_letter_, insert_keyed_,
      select_seq_, select_keyed_, upsert_cursor_, upsert_bucket_, upsert_seen_day_;
  std::uint64_t head_ = 0;
  std::uint64_t oldest_ = 0;
  std::map<std::string, std::int64_t, std::less<>> types_;
  LetterCounts letters_;
  std::unordered_map<std::int64_t, SeenDay> seen_;
  std::uint64_t seen_uses_ = 0;
  struct Unindexed {
    std::uint32_t at, size;  // of the workload in workload_texts_
    std::uint64_t seq;
  };
  std::vector<Unindexed> unindexed_;
  std::string workload_texts_;
  Bucket bucket_;
  bool bucket_touched_ = false;
};

}  // namespace kcloud::journal
