#include <fmt/format.h>

#include <filesystem>

#include "agent/journal/directory.h"
#include "agent/journal/reader.h"
#include "agent/journal/rows.h"
#include "agent/journal/schema.h"
#include "agent/journal/sqlite.h"
#include "agent/journal/store.h"
#include "core/sha256.h"

namespace kcloud::journal {

namespace {

constexpr std::size_t kMostProblems = 100;
constexpr std::uint64_t kProgressEvery = 10'000;

void note(CheckReport& report, std::string problem) {
  if (report.problems.size() < kMostProblems) report.problems.push_back(std::move(problem));
}

void check_rows(Database& db, CheckReport& report,
                const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  const auto total =
      static_cast<std::uint64_t>(db.integer("SELECT coalesce(max(seq)-min(seq)+1,0) FROM events"));
  core::Sha256Hasher hasher;
  core::EventBatch scratch;
  Statement select(db, select_events(db, "ORDER BY seq"));
  while (select.step()) {
    report.events += 1;
    if (!is_intact(select, hasher, scratch)) {
      report.damaged_events += 1;
      note(report,
           fmt::format("event {}: the row does not match its checksum", select.integer(kSeq)));
    }
    if (report.events % kProgressEvery == 0) progress(report.events, total);
  }
  progress(report.events, total);
}

void check_head(Database& db, const std::string& directory, CheckReport& report) {
  if (const auto version = db.integer("PRAGMA user_version");
      version < 1 || version > kSchemaVersion) {
    note(report, fmt::format("schema version {} found, 1 to {} expected", version, kSchemaVersion));
  }
  const auto hint = HeadHintFile(directory).read();
  const auto head = static_cast<std::uint64_t>(db.integer("SELECT max(seq) FROM events"));
  const std::string kept = meta(db, "head");
  const std::uint64_t known = std::max<std::uint64_t>(head, kept.empty() ? 0 : std::stoull(kept));
  if (hint && hint->epoch == meta(db, "epoch") && hint->head > known) {
    report.missing_events = hint->head - known;
    note(report, fmt::format("{} acknowledged events are missing behind position {}",
                             report.missing_events, known));
  }
}

void check_integrity(Database& db, CheckReport& report) {
  Statement integrity(db, "PRAGMA integrity_check(100)");
  while (integrity.step()) {
    if (integrity.text(0) != "ok") note(report, "database: " + std::string(integrity.text(0)));
  }
}

}  // namespace

CheckReport check(const std::string& directory,
                  const std::function<void(std::uint64_t done, std::uint64_t total)>& progress) {
  const std::string path = database_path(directory);
  if (!std::filesystem::exists(path)) {
    throw std::runtime_error("no journal at " + path +
                             ". Hint: name its directory with --data-dir");
  }
  DirectoryLock lock(directory);
  CheckReport report;
  Database db(path, Database::Mode::kReadWrite, "");
  const auto part = [&](const auto& look) {
    try {
      look();
    } catch (const SqliteError& error) {
      note(report, std::string("database: ") + error.what());
    }
  };
  part([&] { check_head(db, directory, report); });
  part([&] { check_integrity(db, report); });
  part([&] { check_rows(db, report, progress); });
  return report;
}

}  // namespace kcloud::journal
