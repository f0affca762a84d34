#include "agent/journal/schema.h"

#include <stdexcept>

namespace kcloud::journal {

namespace {

constexpr const char* kTables = R"sql(
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE types(slot INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE events(
  seq INTEGER PRIMARY KEY, id BLOB NOT NULL, time INTEGER NOT NULL, received INTEGER NOT NULL,
  type INTEGER NOT NULL, type_name TEXT, source TEXT, workload TEXT, cluster TEXT, severity TEXT,
  collector TEXT, agent TEXT, flags INTEGER NOT NULL, "check" INTEGER NOT NULL, body BLOB NOT NULL);
CREATE INDEX by_type ON events(type, time, id);
CREATE TABLE workloads(
  bucket INTEGER NOT NULL, workload TEXT NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY(bucket, workload, seq)) WITHOUT ROWID;
CREATE TABLE buckets(
  bucket INTEGER PRIMARY KEY, min_time INTEGER NOT NULL, max_time INTEGER NOT NULL,
  min_received INTEGER NOT NULL, max_received INTEGER NOT NULL);
CREATE TABLE seen_days(
  day INTEGER PRIMARY KEY, ids INTEGER NOT NULL, last_received INTEGER NOT NULL);
CREATE TABLE keyed(
  n INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, id BLOB NOT NULL, received INTEGER NOT NULL);
CREATE TABLE cursors(
  name TEXT PRIMARY KEY, seq INTEGER NOT NULL, updated INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE dead_letters(
  id INTEGER PRIMARY KEY AUTOINCREMENT, received INTEGER NOT NULL, origin TEXT, position TEXT,
  reason TEXT, detail TEXT, type TEXT, event_id TEXT, body BLOB);
)sql";

// Since version 2.
constexpr const char* kSeals = R"sql(
CREATE TABLE seals(
  chain BLOB NOT NULL, seq INTEGER NOT NULL, day INTEGER NOT NULL, events INTEGER NOT NULL,
  total_events INTEGER NOT NULL, journal_end INTEGER NOT NULL, root BLOB NOT NULL,
  prev BLOB NOT NULL, hash BLOB NOT NULL, sealed INTEGER NOT NULL,
  PRIMARY KEY(chain, seq)) WITHOUT ROWID;
)sql";

// Since version 3. It goes behind the body: rows that were there stay as they are.
constexpr const char* kAddVia = "ALTER TABLE events ADD COLUMN via TEXT";

// Since version 4. What is announced are firing alerts, of each notifier.
constexpr const char* kNotifications = R"sql(
CREATE TABLE notices(
  id INTEGER PRIMARY KEY AUTOINCREMENT, notifier TEXT NOT NULL, grp TEXT,
  fingerprint TEXT NOT NULL, starts_at INTEGER NOT NULL, resolved INTEGER NOT NULL,
  queued INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE announced(
  notifier TEXT NOT NULL, fingerprint TEXT NOT NULL, starts_at INTEGER NOT NULL,
  quiet INTEGER NOT NULL, PRIMARY KEY(notifier, fingerprint)) WITHOUT ROWID;
CREATE TABLE notifications(
  id INTEGER PRIMARY KEY AUTOINCREMENT, notifier TEXT NOT NULL, key TEXT, grp TEXT,
  fingerprints TEXT, resolved INTEGER NOT NULL, state INTEGER NOT NULL, created INTEGER NOT NULL,
  next_try INTEGER NOT NULL, attempts INTEGER NOT NULL, finished INTEGER NOT NULL,
  status INTEGER NOT NULL, answer TEXT, payload BLOB NOT NULL);
CREATE INDEX notifications_queued ON notifications(notifier, grp, id) WHERE state=0;
)sql";

// Since version 5.
constexpr const char* kRules = R"sql(
CREATE TABLE rule_steps(number INTEGER PRIMARY KEY, seq INTEGER NOT NULL, frontier INTEGER NOT NULL);
CREATE TABLE firing(fingerprint TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE silences(
  id TEXT PRIMARY KEY, starts INTEGER NOT NULL, ends INTEGER NOT NULL,
  body TEXT NOT NULL) WITHOUT ROWID;
)sql";

// Since version 6. Buckets are seconds since 1970.
constexpr const char* kRollups = R"sql(
CREATE TABLE rollup_names(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE rollup_series(id INTEGER PRIMARY KEY, type INTEGER NOT NULL, tags BLOB);
CREATE TABLE rollups(
  grain INTEGER NOT NULL, part INTEGER NOT NULL, bucket INTEGER NOT NULL, series INTEGER NOT NULL,
  value BLOB NOT NULL, PRIMARY KEY(grain, part, bucket, series)) WITHOUT ROWID;
CREATE TABLE rollup_marks(
  grain INTEGER NOT NULL, part INTEGER NOT NULL, bucket INTEGER NOT NULL,
  PRIMARY KEY(grain, part, bucket)) WITHOUT ROWID;
)sql";

}  // namespace

void prepare_writer(Database& db) {
  db.execute("PRAGMA page_size=" + std::to_string(kPageSize));
  db.execute("PRAGMA journal_mode=WAL");
  db.execute("PRAGMA synchronous=FULL");
  db.execute("PRAGMA wal_autocheckpoint=0");
  db.execute("PRAGMA secure_delete=OFF");
  db.execute("PRAGMA temp_store=MEMORY");
  db.execute("PRAGMA cache_size=-4096");
  const auto version = db.integer("PRAGMA user_version");
  if (version > kSchemaVersion) {
    throw std::runtime_error("the journal was written by a newer kcloud-logger (schema " +
                             std::to_string(version) + ", this one reads up to " +
                             std::to_string(kSchemaVersion) +
                             "). Hint: run the newer version, or start with another --data-dir");
  }
  if (version == kSchemaVersion) return;
  db.execute("BEGIN IMMEDIATE");
  if (version < 1) db.execute(kTables);
  if (version < 2) db.execute(kSeals);
  if (version < 3) db.execute(kAddVia);
  if (version < 4) db.execute(kNotifications);
  if (version < 5) db.execute(kRules);
  db.execute(kRollups);
  db.execute("PRAGMA user_version=" + std::to_string(kSchemaVersion));
  db.execute("COMMIT");
}

void prepare_reader(Database& db) { db.execute("PRAGMA cache_size=-1024"); }

std::string event_columns(Database& db) {
  std::string columns = kEventColumns;
  if (db.integer("PRAGMA user_version") < 3) columns.replace(columns.rfind("via"), 3, "NULL");
  return columns;
}

std::string meta(Database& db, const std::string& key) {
  Statement select(db, "SELECT value FROM meta WHERE key=?1");
  select.bind_text(1, key);
  return select.step() ? std::string(select.text(0)) : std::string();
}

void set_meta(Database& db, const std::string& key, const std::string& value) {
  Statement(db, "INSERT OR REPLACE INTO meta VALUES(?1,?2)")
      .bind_text(1, key)
      .bind_text(2, value)
      .run();
}

std::int64_t day_of_ms(std::int64_t unix_ms) { return unix_ms / 86'400'000; }

std::string seen_table(std::int64_t day) { return "seen_" + std::to_string(day); }

}  // namespace kcloud::journal
