#include "bench/store/store.h"

#include <stdexcept>

namespace kcloud::bench {
namespace {

constexpr const char* kSchema = R"sql(
PRAGMA page_size = 8192;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA wal_autocheckpoint = 1024;
CREATE TABLE IF NOT EXISTS events(
  seq INTEGER PRIMARY KEY, id BLOB, time INTEGER, received INTEGER, type INTEGER, type_name TEXT,
  source TEXT, workload TEXT, cluster TEXT, severity TEXT, collector TEXT, agent TEXT,
  flags INTEGER, "check" INTEGER, body BLOB);
CREATE INDEX IF NOT EXISTS events_by_time ON events(type, time, id);
CREATE TABLE IF NOT EXISTS workloads(
  bucket INTEGER, workload TEXT, seq INTEGER, PRIMARY KEY(bucket, workload, seq)) WITHOUT ROWID;
)sql";

constexpr std::int64_t kDayNanos = 86'400'000'000'000;
constexpr int kBucketBits = 14;

[[noreturn]] void fail(sqlite3* db, const std::string& what) {
  throw std::runtime_error(what + ": " + sqlite3_errmsg(db));
}

void execute(sqlite3* db, const std::string& sql) {
  if (sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) fail(db, sql);
}

Statement prepare(sqlite3* db, const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(db, sql.c_str(), -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) !=
      SQLITE_OK) {
    fail(db, sql);
  }
  return Statement(statement);
}

void run(sqlite3* db, sqlite3_stmt* statement) {
  const int code = sqlite3_step(statement);
  sqlite3_reset(statement);
  if (code != SQLITE_DONE) fail(db, sqlite3_sql(statement));
}

void bind(sqlite3_stmt* statement, int at, std::string_view text) {
  if (text.empty()) {
    sqlite3_bind_null(statement, at);
  } else {
    sqlite3_bind_text(statement, at, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
  }
}

template <std::size_t N>
void bind(sqlite3_stmt* statement, int at, const std::array<std::uint8_t, N>& bytes) {
  sqlite3_bind_blob(statement, at, bytes.data(), N, SQLITE_STATIC);
}

}  // namespace

Store::Store(const std::string& path) {
  sqlite3* db = nullptr;
  const int code = sqlite3_open(path.c_str(), &db);
  db_.reset(db);
  if (code != SQLITE_OK) fail(db, path);
  execute(db, kSchema);
  begin_ = prepare(db, "BEGIN IMMEDIATE");
  end_ = prepare(db, "COMMIT");
  event_ = prepare(db, "INSERT INTO events VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
  workload_ = prepare(db, "INSERT INTO workloads VALUES(?,?,?)");
  Statement last = prepare(db, "SELECT coalesce(max(seq), 0) FROM events");
  if (sqlite3_step(last.get()) == SQLITE_ROW) seq_ = sqlite3_column_int64(last.get(), 0);
}

std::size_t Store::commit(const std::vector<const Batch*>& batches) {
  const std::int64_t before = seq_;
  run(db_.get(), begin_.get());
  for (const Batch* batch : batches) {
    for (const Row& row : batch->rows) insert(row);
  }
  run(db_.get(), end_.get());
  return static_cast<std::size_t>(seq_ - before);
}

void Store::use_day(std::int64_t day) {
  const std::string table = "seen_" + std::to_string(day);
  execute(db_.get(), "CREATE TABLE IF NOT EXISTS " + table +
                         "(id BLOB PRIMARY KEY, seq INTEGER, hash BLOB) WITHOUT ROWID");
  seen_ = prepare(db_.get(), "INSERT OR IGNORE INTO " + table + " VALUES(?,?,?)");
  day_ = day;
}

void Store::insert(const Row& row) {
  if (row.time / kDayNanos != day_) use_day(row.time / kDayNanos);
  const std::int64_t seq = seq_ + 1;
  sqlite3_stmt* seen = seen_.get();
  bind(seen, 1, row.id);
  sqlite3_bind_int64(seen, 2, seq);
  bind(seen, 3, row.hash);
  run(db_.get(), seen);
  if (sqlite3_changes(db_.get()) == 0) return;
  seq_ = seq;

  sqlite3_stmt* event = event_.get();
  sqlite3_bind_int64(event, 1, seq);
  bind(event, 2, row.id);
  sqlite3_bind_int64(event, 3, row.time);
  sqlite3_bind_int64(event, 4, row.received);
  sqlite3_bind_int64(event, 5, 1);
  bind(event, 6, row.type_name);
  bind(event, 7, row.source);
  bind(event, 8, row.workload);
  bind(event, 9, row.cluster);
  bind(event, 10, row.severity);
  bind(event, 11, "webhook");
  bind(event, 12, "floor");
  sqlite3_bind_int64(event, 13, 0);
  sqlite3_bind_int64(event, 14, row.hash[0]);
  sqlite3_bind_blob(event, 15, row.body.data(), static_cast<int>(row.body.size()), SQLITE_STATIC);
  run(db_.get(), event);

  if (row.workload.empty()) return;
  sqlite3_stmt* workload = workload_.get();
  sqlite3_bind_int64(workload, 1, seq >> kBucketBits);
  bind(workload, 2, row.workload);
  sqlite3_bind_int64(workload, 3, seq);
  run(db_.get(), workload);
}

}  // namespace kcloud::bench
