#include "agent/journal/salvage.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <random>
#include <vector>

#include "agent/journal/cursor_name.h"
#include "agent/journal/notifications.h"
#include "agent/journal/page_scan.h"
#include "agent/journal/rollup_tables.h"
#include "agent/journal/rows.h"
#include "agent/journal/rule_tables.h"
#include "agent/journal/seals.h"
#include "core/sha256.h"

namespace kcloud::journal {

namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t kRowsACommit = 5000;
constexpr int kTailRows = 256;  // newest rows that every opening verifies

std::string new_epoch() {
  std::random_device random;
  return fmt::format("{:08x}", static_cast<std::uint32_t>(random()));
}

// A whole pass over the WAL into the database file and its fsync: what is visible from here on is
// on disk, even where an earlier fsync of the WAL had failed.
void checkpoint_all(Database& db) {
  const int code =
      sqlite3_wal_checkpoint_v2(db.handle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  if (code != SQLITE_OK && code != SQLITE_BUSY) {
    throw SqliteError(sqlite3_extended_errcode(db.handle()),
                      std::string("checkpoint: ") + sqlite3_errmsg(db.handle()));
  }
}

// Throws SqliteError(SQLITE_CORRUPT) when the file is shorter than its header says, or one of the
// newest rows is not what was written.
void verify(Database& db, const std::string& path) {
  const auto pages = static_cast<std::uint64_t>(db.integer("PRAGMA page_count"));
  if (fs::file_size(path) < pages * kPageSize) {
    throw SqliteError(SQLITE_CORRUPT, "the file is shorter than its header says");
  }
  core::Sha256Hasher hasher;
  core::EventBatch scratch;
  Statement select(db, fmt::format("SELECT {} FROM events ORDER BY seq DESC LIMIT {}",
                                   kEventColumns, kTailRows));
  while (select.step()) {
    if (!is_intact(select, hasher, scratch)) {
      throw SqliteError(SQLITE_CORRUPT,
                        fmt::format("event {} does not match its checksum", select.integer(kSeq)));
    }
  }
}

std::string set_aside(const std::string& directory, core::Time now) {
  std::string stamp = core::format_time(std::chrono::floor<std::chrono::milliseconds>(now));
  std::replace(stamp.begin(), stamp.end(), ':', '-');
  const std::string source = database_path(directory);
  std::string target = directory + "/damaged-" + stamp + ".db";
  std::error_code ignored;
  fs::rename(source, target, ignored);
  fs::rename(source + "-wal", target + "-wal", ignored);
  fs::remove(source + "-shm", ignored);
  return target;
}

// Cursors, dead letters and notifications of the damaged file as far as SQLite still reads them.
// Without a cursor a reader starts at the oldest event: delivered again rather than lost.
void carry_over_rest(Store& store, const std::string& damaged, core::Time now,
                     std::string& detail) {
  try {
    Database db(damaged, Database::Mode::kReadWrite, "");
    Statement cursors(db, "SELECT name,seq FROM cursors");
    std::uint64_t highest = 0;
    const auto version = db.integer("PRAGMA user_version");
    const bool rolled_up = version >= 6 && carry_over_rollups(store.db(), db);
    while (cursors.step()) {
      const std::string name(cursors.text(0));
      // Its numbers are not there: they are made anew.
      if (name == kRollupsCursor && !rolled_up) continue;
      const auto seq = static_cast<std::uint64_t>(cursors.integer(1));
      if (!counts_batches(name)) highest = std::max(highest, seq);
      store.move_cursor(name, seq, now);
    }
    store.raise_head(highest);
    if (version >= 2) carry_over_seals(store.db(), db);
    Statement letters(db,
                      "SELECT received,origin,position,reason,detail,type,event_id,body FROM "
                      "dead_letters ORDER BY id");
    while (letters.step()) {
      core::DeadLetter letter;
      letter.received = core::from_nanos(letters.integer(0));
      letter.origin = letters.text(1);
      letter.position = letters.text(2);
      letter.reason = letters.text(3);
      letter.detail = letters.text(4);
      letter.type = letters.text(5);
      letter.event_id = letters.text(6);
      letter.body = letters.text(7);
      store.add(letter);
    }
    if (version >= 4) carry_over_notifications(store, db);
    if (version >= 5) carry_over_rules(store.db(), db);
  } catch (const SqliteError&) {
    detail +=
        "; cursors, seals, dead letters, notifications or alerts could not all be read, readers "
        "without a "
        "cursor start at the oldest event";
  }
}

// An event found at a seq that another one holds: written by a transaction that did not commit.
struct Displaced {
  core::EventBatch batch;
};

core::Event copy_into(core::EventBatch& batch, const core::Event& event) {
  core::Event copy = event;
  for (auto member : {&core::Event::type_name, &core::Event::source, &core::Event::workload,
                      &core::Event::cluster, &core::Event::severity, &core::Event::collector,
                      &core::Event::agent, &core::Event::body, &core::Event::via}) {
    copy.*member = batch.keep(event.*member);
  }
  return copy;
}

void salvage_events(Store& store, const std::string& damaged, std::uint64_t oldest,
                    OpenReport& report) {
  Displaced displaced;
  std::uint64_t rows = 0;
  store.begin();
  scan_pages(damaged, damaged + "-wal", [&](const core::Event& event) {
    if (event.seq < oldest) return;
    if (store.holds(event.seq)) {
      displaced.batch.events.push_back(copy_into(displaced.batch, event));
    } else if (store.restore(event)) {
      report.salvaged_events += 1;
    }
    if (++rows % kRowsACommit == 0) {
      store.commit();
      store.begin();
    }
  });
  for (auto& event : displaced.batch.events) {
    store.add(event);
    if (event.verdict == core::Verdict::kStored) report.salvaged_events += 1;
  }
  store.commit();
}

// Fills `path` from the damaged database, which stays as it is until the copy is whole.
void salvage_into(const std::string& path, const Options& options,
                  const std::optional<HeadHint>& hint, core::Time now, OpenReport& report,
                  std::string& rest) {
  const std::string source = database_path(options.directory);
  Database db(path, Database::Mode::kReadWrite, options.vfs);
  prepare_writer(db);
  db.execute("BEGIN");
  set_meta(db, "epoch", hint ? hint->epoch : new_epoch());
  set_meta(db, "clean", "0");
  db.execute("COMMIT");
  Store store(std::move(db), 0);
  salvage_events(store, source, hint ? hint->oldest : 0, report);
  store.begin();
  if (hint) store.raise_head(hint->head);
  carry_over_rest(store, source, now, rest);
  store.index_workloads();
  set_meta(store.db(), "head", std::to_string(store.head()));
  store.commit();
  checkpoint_all(store.db());
}

Opened salvage(const Options& options, const std::optional<HeadHint>& hint, core::Time now,
               const std::string& why) {
  Opened opened;
  OpenReport& report = opened.report;
  const std::string path = options.directory + "/journal.salvage";
  for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(path + suffix);
  std::string rest;
  salvage_into(path, options, hint, now, report, rest);
  report.damaged_file = set_aside(options.directory, now);
  for (const char* suffix : {"-wal", "-shm"}) fs::remove(path + suffix);
  fs::rename(path, database_path(options.directory));
  Database db(database_path(options.directory), Database::Mode::kReadWrite, options.vfs);
  prepare_writer(db);
  opened.store = std::make_unique<Store>(std::move(db), 0);
  if (hint && hint->head > 0) {
    const std::uint64_t known = hint->oldest == 0 ? 0 : hint->head - hint->oldest + 1;
    report.lost_events = known > report.salvaged_events ? known - report.salvaged_events : 0;
  }
  report.detail = fmt::format(
      "journal damaged ({}): {} events carried over, {} lost; the damaged file is kept as {}{}",
      why, report.salvaged_events, report.lost_events, report.damaged_file, rest);
  return opened;
}

Opened open_sound(const Options& options, const std::optional<HeadHint>& hint) {
  Opened opened;
  OpenReport& report = opened.report;
  const std::string path = database_path(options.directory);
  report.created = !fs::exists(path) || fs::file_size(path) == 0;
  Database db(path, Database::Mode::kReadWrite, options.vfs);
  prepare_writer(db);
  checkpoint_all(db);
  verify(db, path);
  std::string epoch = meta(db, "epoch");
  report.unclean = !epoch.empty() && meta(db, "clean") != "1";
  db.execute("BEGIN IMMEDIATE");
  if (epoch.empty()) set_meta(db, "epoch", epoch = new_epoch());
  set_meta(db, "clean", "0");
  db.execute("COMMIT");
  const bool same = hint && hint->epoch == epoch;
  const std::uint64_t hinted = same ? hint->head : 0;
  opened.store = std::make_unique<Store>(std::move(db), 0);
  const std::uint64_t head = opened.store->head();
  if (hinted > head) {
    report.lost_events = hinted - head;
    report.detail = fmt::format(
        "{} acknowledged events are missing at the end of the journal (position {} was reached, {} "
        "is there)",
        report.lost_events, hinted, head);
  } else if (hint && !same && report.created && hint->head != 0) {
    report.lost_events = hint->oldest == 0 ? 0 : hint->head - hint->oldest + 1;
    report.detail =
        fmt::format("the journal's database is missing: {} events are lost", report.lost_events);
  } else if (report.unclean) {
    report.detail = "the last run was not shut down; the journal recovered without loss";
  }
  if (hinted > head) {
    opened.store->begin();
    opened.store->raise_head(hinted);
    set_meta(opened.store->db(), "head", std::to_string(hinted));
    opened.store->commit();
  }
  return opened;
}

}  // namespace

Opened open_store(const Options& options, HeadHintFile& hint_file, const core::Clock& clock,
                  bool damage_known) {
  const auto hint = hint_file.read();
  Opened opened;
  std::string why = "reported by a reader";
  if (!damage_known) {
    try {
      opened = open_sound(options, hint);
    } catch (const SqliteError& error) {
      if (!error.damaged() && error.primary() != SQLITE_ERROR) throw;
      why = error.what();
      damage_known = true;
    }
  }
  if (damage_known) opened = salvage(options, hint, clock.now(), why);
  Store& store = *opened.store;
  hint_file.start({store.epoch(), store.head(), store.oldest()});
  return opened;
}

}  // namespace kcloud::journal
