#include "agent/journal/retention.h"

#include <algorithm>
#include <limits>
#include <string>

#include "agent/journal/seals.h"

namespace kcloud::journal {

namespace {

// The share of max_bytes that remembered ids may take, in bytes an id.
constexpr std::uint64_t kSeenShare = 4;
constexpr std::uint64_t kBytesPerSeenId = 40;
constexpr std::int64_t kMaxKeyedIds = 1'000'000;
constexpr std::uint64_t kLetterSlice = 200;

// Removes events with seq < `end`, oldest first, and what hangs on whole buckets that end there.
std::uint64_t remove_events(Store& store, std::uint64_t end) {
  Database& db = store.db();
  const std::uint64_t before = store.oldest();
  Statement(db, "DELETE FROM events WHERE seq<?1").bind(1, end).run();
  const auto removed = static_cast<std::uint64_t>(db.changes());
  for (auto bucket = before >> kBucketBits; bucket < end >> kBucketBits; ++bucket) {
    Statement(db, "DELETE FROM workloads WHERE bucket=?1").bind(1, bucket).run();
    Statement(db, "DELETE FROM buckets WHERE bucket=?1").bind(1, bucket).run();
  }
  store.set_oldest(static_cast<std::uint64_t>(db.integer("SELECT min(seq) FROM events")));
  return removed;
}

// Where a slice of at most `slice` events from the oldest ends, but not behind what a required
// reader still needs.
std::uint64_t slice_end(const Store& store, const RetentionLimits& limits, std::uint64_t slice) {
  const std::uint64_t last = std::min(store.oldest() + slice, limits.keep_after + 1);
  const std::uint64_t bucket_end = ((store.oldest() >> kBucketBits) + 1) << kBucketBits;
  return std::min({last, bucket_end, store.head() + 1});
}

// The first position in [oldest, end) that has not expired, or `end`.
std::uint64_t first_young(Store& store, const RetentionLimits& limits, std::uint64_t end) {
  Statement select(
      store.db(),
      "SELECT seq FROM events WHERE seq>=?1 AND seq<?2 AND received>=?3 ORDER BY seq LIMIT 1");
  select.bind(1, store.oldest()).bind(2, end).bind(3, limits.oldest_received);
  return select.step() ? static_cast<std::uint64_t>(select.integer(0)) : end;
}

// How many events make up the bytes that are too many.
std::uint64_t surplus_events(const Store& store, std::uint64_t bytes, std::uint64_t max_bytes) {
  const std::uint64_t events = store.head() - store.oldest() + 1;
  return 1 + static_cast<std::uint64_t>(static_cast<double>(bytes - max_bytes) /
                                        static_cast<double>(bytes) * static_cast<double>(events));
}

void drop_seen(Store& store, const RetentionLimits& limits, std::uint32_t slice,
               RetentionWork& work) {
  Database& db = store.db();
  const auto ids =
      static_cast<std::uint64_t>(db.integer("SELECT coalesce(sum(ids),0) FROM seen_days"));
  const bool too_many = ids * kBytesPerSeenId > limits.max_bytes / kSeenShare;
  Statement select(db,
                   "SELECT day,last_received FROM seen_days ORDER BY last_received, day LIMIT 1");
  if (!select.step()) return;
  const std::int64_t day = select.integer(0);
  const bool old = select.integer(1) < limits.oldest_seen_received && day < limits.today;
  select.reset();
  if (!old && !too_many) return;
  const std::string table = seen_table(day);
  Statement(db, "DELETE FROM " + table + " WHERE id IN (SELECT id FROM " + table +
                    " ORDER BY id LIMIT ?1)")
      .bind(1, static_cast<std::int64_t>(slice))
      .run();
  const std::int64_t removed = db.changes();
  work.seen_dropped += static_cast<std::uint64_t>(removed);
  Statement(db, "UPDATE seen_days SET ids=ids-?1 WHERE day=?2").bind(1, removed).bind(2, day).run();
  if (removed < slice && day < limits.today) {
    Statement(db, "DELETE FROM seen_days WHERE day=?1").bind(1, day).run();
  }
  work.more = true;
}

// A slice of the oldest by number. A letter of an exporter has the arrival of its event, so a few
// may wait behind a younger one.
void drop_dead_letters(Store& store, const RetentionLimits& limits, RetentionWork& work) {
  std::uint64_t kept = 0;
  for (const auto& [reason, count] : store.letters()) kept += count;
  if (kept == 0) return;
  std::uint64_t dropped = store.drop_letters(kLetterSlice, limits.oldest_letter);
  if (kept - dropped > limits.max_dead_letters) {
    const std::uint64_t surplus = kept - dropped - limits.max_dead_letters;
    dropped += store.drop_letters(std::min<std::uint64_t>(surplus, 1000),
                                  std::numeric_limits<std::int64_t>::max());
  }
  work.dead_letters_dropped += dropped;
  work.more = work.more || dropped > 0;
}

void drop_keyed(Store& store, const RetentionLimits& limits, std::uint32_t slice) {
  Statement(store.db(),
            "DELETE FROM keyed WHERE n IN (SELECT n FROM keyed ORDER BY n LIMIT ?1) AND "
            "(received<?2 OR n<=(SELECT max(n) FROM keyed)-?3)")
      .bind(1, static_cast<std::int64_t>(slice))
      .bind(2, limits.oldest_seen_received)
      .bind(3, kMaxKeyedIds)
      .run();
}

}  // namespace

std::uint64_t used_bytes(Database& db) {
  const auto pages = db.integer("PRAGMA page_count") - db.integer("PRAGMA freelist_count");
  return static_cast<std::uint64_t>(pages) * kPageSize;
}

RetentionWork retain(Store& store, const RetentionLimits& limits, std::uint32_t slice) {
  RetentionWork work;
  Database& db = store.db();
  work.bytes = used_bytes(db);
  const bool too_big = work.bytes > limits.max_bytes;
  if (store.oldest() != 0) {
    const std::uint64_t end = slice_end(store, limits, slice);
    if (const std::uint64_t young = first_young(store, limits, end); young > store.oldest()) {
      work.expired = remove_events(store, young);
    } else if (too_big && end > store.oldest()) {
      const std::uint64_t surplus = surplus_events(store, work.bytes, limits.max_bytes);
      work.evicted =
          remove_events(store, slice_end(store, limits, std::min<std::uint64_t>(slice, surplus)));
    }
    work.more = work.expired + work.evicted > 0;
    work.over_limit = too_big && !work.more;
  }
  drop_seen(store, limits, slice, work);
  drop_keyed(store, limits, slice);
  drop_seals(db, store.oldest(), limits.oldest_received, slice);
  drop_dead_letters(store, limits, work);
  const auto dropped = store.drop_notifications(
      kLetterSlice, core::from_nanos(limits.oldest_notification), limits.max_notifications);
  work.more = work.more || dropped > 0;
  return work;
}

}  // namespace kcloud::journal
