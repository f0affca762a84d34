#include "agent/journal/store.h"

#include <algorithm>
#include <cstring>
#include <tuple>
#include <utility>

namespace kcloud::journal {

namespace {
constexpr std::size_t kSeenStatements = 64;  // days whose statements are kept prepared

constexpr std::int64_t kMaxNotes = 1000;
constexpr const char* kNote = "note:";  // in front of a note's name in `meta`

std::int64_t nanos(core::Time time) { return core::to_nanos(time); }
}  // namespace

std::int64_t body_check(const core::Sha256& hash) {
  std::int64_t check = 0;
  std::memcpy(&check, hash.data(), sizeof check);
  return check;
}

namespace {
std::uint64_t mix(std::uint64_t hash, std::uint64_t word) {
  hash = (hash ^ word) * 0x9E3779B97F4A7C15U;
  return hash ^ hash >> 32;
}

std::uint64_t mix(std::uint64_t hash, std::string_view text) {
  hash = mix(hash, text.size());
  for (; text.size() >= 8; text.remove_prefix(8)) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), 8);
    hash = mix(hash, word);
  }
  std::uint64_t rest = 0;
  if (!text.empty()) std::memcpy(&rest, text.data(), text.size());
  return mix(hash, rest);
}
}  // namespace

std::int64_t row_check(const core::Event& event) {
  std::uint64_t hash = static_cast<std::uint64_t>(body_check(event.body_hash));
  hash = mix(hash, event.id.view());
  hash = mix(hash, static_cast<std::uint64_t>(nanos(event.time)));
  hash = mix(hash, static_cast<std::uint64_t>(nanos(event.received)));
  for (const auto text : {event.type_name, event.source, event.workload, event.cluster,
                          event.severity, event.collector, event.agent}) {
    hash = mix(hash, text);
  }
  if (!event.via.empty()) hash = mix(hash, event.via);  // rows of version 2 have none
  return static_cast<std::int64_t>(hash);
}

Store::Store(Database db, std::uint64_t floor)
    : db_(std::move(db)),
      begin_(db_, "BEGIN IMMEDIATE"),
      commit_(db_, "COMMIT"),
      insert_event_(db_, "INSERT INTO events(" + std::string(kEventColumns) +
                             ") VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16)"),
      insert_workload_(db_, "INSERT OR IGNORE INTO workloads VALUES(?1,?2,?3)"),
      insert_letter_(db_,
                     "INSERT INTO dead_letters(received,origin,position,reason,detail,type,"
                     "event_id,body) VALUES(?1,?2,?3,?4,?5,?6,?7,?8)"),
      insert_keyed_(db_, "INSERT INTO keyed(digest,id,received) VALUES(?1,?2,?3)"),
      select_seq_(db_, "SELECT 1 FROM events WHERE seq=?1"),
      select_keyed_(db_, "SELECT id FROM keyed WHERE digest=?1"),
      upsert_cursor_(db_, "INSERT OR REPLACE INTO cursors VALUES(?1,?2,?3)"),
      upsert_bucket_(db_,
                     "INSERT INTO buckets VALUES(?1,?2,?3,?4,?5) ON CONFLICT DO UPDATE SET "
                     "min_time=min(min_time,?2),max_time=max(max_time,?3),"
                     "min_received=min(min_received,?4),max_received=max(max_received,?5)"),
      upsert_seen_day_(db_,
                       "INSERT INTO seen_days VALUES(?1,?2,?3) ON CONFLICT DO UPDATE SET "
                       "ids=ids+?2,last_received=max(last_received,?3)") {
  Statement reasons(db_, "SELECT coalesce(reason,''),count(*) FROM dead_letters GROUP BY 1");
  while (reasons.step()) {
    letters_[std::string(reasons.text(0))] = static_cast<std::uint64_t>(reasons.integer(1));
  }
  head_ = static_cast<std::uint64_t>(db_.integer("SELECT max(seq) FROM events"));
  oldest_ = static_cast<std::uint64_t>(db_.integer("SELECT min(seq) FROM events"));
  const std::string kept = meta(db_, "head");
  const auto written = kept.empty() ? 0 : std::stoull(kept);
  head_ = std::max<std::uint64_t>({head_, written, floor});
  Statement select(db_, "SELECT slot,name FROM types");
  while (select.step()) types_.emplace(select.text(1), select.integer(0));
  load_unindexed();
}

void Store::commit() {
  if (unindexed_.size() >= kWorkloadLag) index_workloads();
  write_bucket();
  write_seen_days();
  commit_.run();
}

void Store::rollback() noexcept {
  try {
    if (db_.in_transaction()) db_.execute("ROLLBACK");
  } catch (const SqliteError&) {
    // The caller throws this Store away; closing the connection rolls back too.
  }
}

Store::SeenDay& Store::seen_day(std::int64_t day) {
  const auto found = seen_.find(day);
  if (found != seen_.end()) {
    found->second.used = ++seen_uses_;
    return found->second;
  }
  if (seen_.size() >= kSeenStatements) {
    auto oldest = seen_.end();
    for (auto at = seen_.begin(); at != seen_.end(); ++at) {
      if (at->second.new_ids == 0 &&
          (oldest == seen_.end() || at->second.used < oldest->second.used)) {
        oldest = at;
      }
    }
    if (oldest == seen_.end()) {
      write_seen_days();
      oldest = seen_.begin();
    }
    seen_.erase(oldest);
  }
  const std::string table = seen_table(day);
  db_.execute("CREATE TABLE IF NOT EXISTS " + table +
              "(id BLOB PRIMARY KEY, seq INTEGER NOT NULL, hash INTEGER NOT NULL) WITHOUT ROWID");
  SeenDay entry;
  entry.insert =
      Statement(db_, "INSERT INTO " + table + " VALUES(?1,?2,?3) ON CONFLICT DO NOTHING");
  entry.select = Statement(db_, "SELECT seq,hash FROM " + table + " WHERE id=?1");
  entry.used = ++seen_uses_;
  return seen_.emplace(day, std::move(entry)).first->second;
}

std::int64_t Store::type_slot(std::string_view name) {
  const auto found = types_.find(name);
  if (found != types_.end()) return found->second;
  if (types_.size() + 1 >= kMaxTypeSlots) return 0;
  const auto slot = static_cast<std::int64_t>(types_.size() + 1);
  Statement(db_, "INSERT INTO types VALUES(?1,?2)").bind(1, slot).bind_text(2, name).run();
  types_.emplace(name, slot);
  return slot;
}

// An event with a key but no time of its own gets the id that its key was given before.
bool Store::find_keyed(core::Event& event) {
  const auto digest = event.id.view().substr(6);
  ResetGuard guard(select_keyed_);
  if (!select_keyed_.bind_blob(1, digest).step()) return false;
  event.id = core::event_id_from_bytes(select_keyed_.text(0));
  return true;
}

void Store::add(core::Event& event) {
  settle(event);
  if (event.verdict != core::Verdict::kConflict) return;
  core::DeadLetter letter;
  letter.received = event.received;
  letter.origin = "collector:" + std::string(event.collector);
  letter.reason = kIdConflict;
  letter.detail = kIdConflictDetail;
  letter.type = event.type_name;
  letter.event_id = to_string(event.id);
  letter.body = event.body;
  add(letter);
}

void Store::look_up(core::Event& event) {
  const std::int64_t number = day_of_ms(event.id.unix_ms());
  event.verdict = core::Verdict::kRefused;
  // A day without ids gets no table by being asked for.
  Statement exists(db_, "SELECT 1 FROM sqlite_schema WHERE name=?1");
  if (!exists.bind_text(1, seen_table(number)).step()) return;
  SeenDay& day = seen_day(number);
  ResetGuard guard(day.select);
  const bool known = day.select.bind_blob(1, event.id.view()).step();
  if (known) event.verdict = core::Verdict::kDuplicate;
}

void Store::settle(core::Event& event) {
  if (event.came_back) return look_up(event);
  const bool by_key_alone = event.keyed && event.time_source == core::TimeSource::kArrival;
  const bool known_key = by_key_alone && find_keyed(event);
  const std::int64_t check = body_check(event.body_hash);
  SeenDay& day = seen_day(day_of_ms(event.id.unix_ms()));
  const std::uint64_t seq = head_ + 1;
  day.insert.bind_blob(1, event.id.view()).bind(2, seq).bind(3, check).run();
  if (db_.changes() == 0) {
    ResetGuard guard(day.select);
    const bool row = day.select.bind_blob(1, event.id.view()).step();
    const bool same = row && day.select.integer(1) == check;
    event.verdict = same ? core::Verdict::kDuplicate : core::Verdict::kConflict;
    if (row) event.seq = static_cast<std::uint64_t>(day.select.integer(0));
    return;
  }
  day.new_ids += 1;
  day.last_received = std::max(day.last_received, nanos(event.received));
  if (by_key_alone && !known_key) {
    insert_keyed_.bind_blob(1, event.id.view().substr(6))
        .bind_blob(2, event.id.view())
        .bind(3, nanos(event.received))
        .run();
  }
  event.seq = seq;
  event.verdict = core::Verdict::kStored;
  insert(event);
  head_ = seq;
  if (oldest_ == 0) oldest_ = seq;
  if (stored_) stored_(event);
}

bool Store::restore(const core::Event& event) {
  SeenDay& day = seen_day(day_of_ms(event.id.unix_ms()));
  day.insert.bind_blob(1, event.id.view())
      .bind(2, event.seq)
      .bind(3, body_check(event.body_hash))
      .run();
  if (db_.changes() == 0) return false;
  day.new_ids += 1;
  day.last_received = std::max(day.last_received, nanos(event.received));
  insert(event);
  head_ = std::max(head_, event.seq);
  oldest_ = oldest_ == 0 ? event.seq : std::min(oldest_, event.seq);
  return true;
}

bool Store::holds(std::uint64_t seq) {
  ResetGuard guard(select_seq_);
  return select_seq_.bind(1, seq).step();
}

void Store::insert(const core::Event& event) {
  const std::int64_t slot = type_slot(event.type_name);
  std::int64_t flags = 0;
  if (event.zone_assumed) flags |= kZoneAssumed;
  if (event.keyed) flags |= kKeyed;
  if (event.time_source == core::TimeSource::kTransport) flags |= kTimeTransport;
  if (event.time_source == core::TimeSource::kArrival) flags |= kTimeArrival;
  insert_event_.bind(1 + kSeq, event.seq)
      .bind_blob(1 + kId, event.id.view())
      .bind(1 + kTime, nanos(event.time))
      .bind(1 + kReceived, nanos(event.received))
      .bind(1 + kType, slot)
      .bind_text(1 + kTypeName, event.type_name)
      .bind_text(1 + kSource, event.source)
      .bind_text(1 + kWorkload, event.workload)
      .bind_text(1 + kCluster, event.cluster)
      .bind_text(1 + kSeverity, event.severity)
      .bind_text(1 + kCollector, event.collector)
      .bind_text(1 + kAgent, event.agent)
      .bind(1 + kFlags, flags)
      .bind(1 + kCheck, row_check(event))
      .bind_blob(1 + kBody, event.body)
      .bind_text(1 + kVia, event.via)
      .run();
  widen_bucket(event);
  if (!event.workload.empty()) {
    unindexed_.push_back({static_cast<std::uint32_t>(workload_texts_.size()),
                          static_cast<std::uint32_t>(event.workload.size()), event.seq});
    workload_texts_ += event.workload;
  }
}

void Store::index_workloads() {
  if (unindexed_.empty()) return;
  const auto text = [&](const Unindexed& entry) {
    return std::string_view(workload_texts_).substr(entry.at, entry.size);
  };
  std::sort(unindexed_.begin(), unindexed_.end(), [&](const Unindexed& a, const Unindexed& b) {
    return std::tuple(a.seq >> kBucketBits, text(a), a.seq) <
           std::tuple(b.seq >> kBucketBits, text(b), b.seq);
  });
  for (const auto& entry : unindexed_) {
    insert_workload_.bind(1, entry.seq >> kBucketBits)
        .bind_text(2, text(entry))
        .bind(3, entry.seq)
        .run();
  }
  set_meta(db_, kWorkloadsUpto, std::to_string(head_));
  unindexed_.clear();
  workload_texts_.clear();
}

// What the last run had not indexed yet.
void Store::load_unindexed() {
  const std::string upto = meta(db_, kWorkloadsUpto);
  Statement select(
      db_, "SELECT seq,workload FROM events WHERE seq>?1 AND workload IS NOT NULL ORDER BY seq");
  select.bind(1, upto.empty() ? std::uint64_t{0} : std::uint64_t{std::stoull(upto)});
  while (select.step()) {
    const auto workload = select.text(1);
    unindexed_.push_back({static_cast<std::uint32_t>(workload_texts_.size()),
                          static_cast<std::uint32_t>(workload.size()),
                          static_cast<std::uint64_t>(select.integer(0))});
    workload_texts_ += workload;
  }
}

void Store::widen_bucket(const core::Event& event) {
  const auto number = static_cast<std::int64_t>(event.seq >> kBucketBits);
  const std::int64_t time = nanos(event.time);
  const std::int64_t received = nanos(event.received);
  if (bucket_.number != number) {
    write_bucket();
    bucket_ = {number, time, time, received, received};
  } else {
    bucket_.min_time = std::min(bucket_.min_time, time);
    bucket_.max_time = std::max(bucket_.max_time, time);
    bucket_.min_received = std::min(bucket_.min_received, received);
    bucket_.max_received = std::max(bucket_.max_received, received);
  }
  bucket_touched_ = true;
}

void Store::write_bucket() {
  if (!std::exchange(bucket_touched_, false)) return;
  upsert_bucket_.bind(1, bucket_.number)
      .bind(2, bucket_.min_time)
      .bind(3, bucket_.max_time)
      .bind(4, bucket_.min_received)
      .bind(5, bucket_.max_received)
      .run();
}

void Store::write_seen_days() {
  for (auto& [day, entry] : seen_) {
    if (entry.new_ids == 0) continue;
    upsert_seen_day_.bind(1, day)
        .bind(2, std::exchange(entry.new_ids, 0))
        .bind(3, entry.last_received)
        .run();
  }
}

void Store::add(const core::DeadLetter& letter) {
  insert_letter_.bind(1, nanos(letter.received))
      .bind_text(2, letter.origin)
      .bind_text(3, letter.position)
      .bind_text(4, letter.reason)
      .bind_text(5, letter.detail)
      .bind_text(6, letter.type)
      .bind_text(7, letter.event_id)
      .bind_blob(8, letter.body)
      .run();
  letters_[letter.reason] += 1;
}

void Store::move_cursor(const std::string& name, std::uint64_t seq, core::Time now) {
  upsert_cursor_.bind_text(1, name).bind(2, seq).bind(3, nanos(now)).run();
}

std::vector<CursorInfo> Store::cursors() {
  std::vector<CursorInfo> all;
  Statement select(db_, "SELECT name,seq,updated FROM cursors ORDER BY name");
  while (select.step()) {
    all.push_back({std::string(select.text(0)), static_cast<std::uint64_t>(select.integer(1)),
                   core::from_nanos(select.integer(2)), 0});
  }
  return all;
}

std::optional<CursorInfo> Store::cursor(const std::string& name) {
  for (auto& cursor : cursors()) {
    if (cursor.name == name) return cursor;
  }
  return std::nullopt;
}

bool Store::drop_cursor(const std::string& name) {
  Statement(db_, "DELETE FROM cursors WHERE name=?1").bind_text(1, name).run();
  return db_.changes() > 0;
}

// The value is the time (19 digits, so that texts sort by it), a blank and the text.
void Store::write_note(const std::string& name, const std::string& text, core::Time now) {
  const bool is_new = meta(db_, std::string(kNote) + name).empty();
  set_meta(db_, std::string(kNote) + name, std::to_string(nanos(now)) + " " + text);
  if (!is_new) return;
  Statement(db_,
            "DELETE FROM meta WHERE key IN (SELECT key FROM meta WHERE key LIKE 'note:%' ORDER BY "
            "value DESC LIMIT -1 OFFSET ?1)")
      .bind(1, kMaxNotes)
      .run();
}

std::string Store::note(const std::string& name) {
  const std::string value = meta(db_, std::string(kNote) + name);
  const auto blank = value.find(' ');
  return blank == std::string::npos ? std::string() : value.substr(blank + 1);
}

}  // namespace kcloud::journal
