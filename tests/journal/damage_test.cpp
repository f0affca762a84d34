// Damage on disk never crashes the agent; intact events are kept, loss is counted (row 2 of
// docs/testing.md).
#include <gmock/gmock.h>
#include <sqlite3.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>

#include "agent/journal/cursor_name.h"
#include "agent/journal/directory.h"
#include "agent/journal/journal.h"
#include "agent/journal/reader.h"
#include "tests/journal/event_maker.h"

namespace kcloud::journal {
namespace {

namespace fs = std::filesystem;
using test::EventSpec;

constexpr int kEvents = 3000;
constexpr int kInWal = 1000;  // the newest of them

std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const fs::path& path, const std::string& content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(content.data(), static_cast<std::streamsize>(content.size()));
}

// A directory as a killed agent leaves it, made once: part in the database, the newest events only
// in the WAL.
class DamageTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    original_ = new test::TemporaryDirectory();
    ids_ = new std::set<std::string>();
    test::TemporaryDirectory live;
    test::ManualClock clock;
    Options options;
    options.directory = live.path();
    {
      Journal journal(options, clock);
      post(journal, clock, 0, kEvents - kInWal);
    }
    Journal journal(options, clock);
    post(journal, clock, kEvents - kInWal, kEvents);
    journal.open_cursor("exporter:x", 1234);
    for (const char* name : {"journal.db", "journal.db-wal", "journal.head"}) {
      fs::copy_file(live.path() + "/" + name, original_->path() + "/" + name);
    }
  }
  static void post(Journal& journal, test::ManualClock& clock, int from, int to) {
    for (int i = from; i < to; i += 100) {
      std::vector<EventSpec> specs;
      for (int k = i; k < i + 100; ++k) {
        EventSpec spec;
        spec.key = std::to_string(k);
        spec.time = clock.now();
        const std::size_t filler = k % 37 == 0 ? 20'000 : 300;
        spec.body = "{\"key\":" + spec.key + ",\"filler\":\"" + std::string(filler, 'x') + "\"}";
        specs.push_back(spec);
      }
      auto intake = test::intake(specs, clock.now());
      ASSERT_EQ(core::accept_and_wait(journal, intake), core::CommitStatus::kCommitted);
      for (const auto& event : intake->batch.events) ids_->insert(to_string(event.id));
      clock.advance(std::chrono::seconds(1));
    }
  }
  static void TearDownTestSuite() {
    delete original_;
    delete ids_;
  }

  void SetUp() override { restore(); }
  void restore() {
    fs::remove_all(directory_.path());
    fs::create_directory(directory_.path());
    for (const auto& entry : fs::directory_iterator(original_->path()))
      fs::copy(entry.path(), directory_.path());
  }

  struct Found {
    OpenReport report;
    std::set<std::string> ids;
    std::uint64_t head = 0;
    std::uint64_t altered = 0;  // ids that were never posted
  };
  Found open() {
    test::ManualClock clock;
    Options options;
    options.directory = directory_.path();
    Journal journal(options, clock);
    Found found;
    const auto read_all = [&] {
      found.ids.clear();
      const auto reader = journal.reader();
      core::EventBatch batch;
      std::uint64_t after = 0;
      while (true) {
        batch.clear();
        const std::uint64_t upto = reader->read_after(after, 1000, 64 << 20, batch);
        if (upto == after) return;
        after = upto;
        for (const auto& event : batch.events) found.ids.insert(to_string(event.id));
      }
    };
    try {
      read_all();
    } catch (const std::exception&) {
      // A reader met damage: the journal salvages by itself, then the same read works.
      const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
      while (journal.open_report().damaged_file.empty() &&
             std::chrono::steady_clock::now() < deadline) {
        journal.wait_beyond(journal.head(), std::chrono::milliseconds(20), {});
      }
      read_all();
    }
    auto more = test::intake({{.time = clock.now(), .key = "after"}}, clock.now());
    EXPECT_EQ(core::accept_and_wait(journal, more), core::CommitStatus::kCommitted);
    EXPECT_GT(more->batch.events[0].seq, static_cast<std::uint64_t>(kEvents))
        << "a position was given out twice";
    found.report = journal.open_report();
    found.head = journal.head();
    for (const auto& id : found.ids) found.altered += ids_->count(id) == 0;
    return found;
  }
  // As a stopped agent leaves it: everything in the database.
  void close_cleanly() {
    test::ManualClock clock;
    Options options;
    options.directory = directory_.path();
    Journal(options, clock).close();
  }
  fs::path file(const char* name) const { return fs::path(directory_.path()) / name; }

  static test::TemporaryDirectory* original_;
  static std::set<std::string>* ids_;
  test::TemporaryDirectory directory_;
};
test::TemporaryDirectory* DamageTest::original_ = nullptr;
std::set<std::string>* DamageTest::ids_ = nullptr;

TEST_F(DamageTest, AKilledAgentsJournalIsWhole) {
  const Found found = open();
  EXPECT_EQ(found.ids.size(), static_cast<std::size_t>(kEvents));
  EXPECT_TRUE(found.report.unclean);
  EXPECT_EQ(found.report.lost_events, 0U);
}

TEST_F(DamageTest, WalCutAnywhereKeepsWholeCommitsAndCountsTheRest) {
  const std::string wal = content_of(file("journal.db-wal"));
  std::mt19937 random(5);
  const int cuts = std::getenv("KCLOUD_SOAK") != nullptr ? 400 : 25;
  for (int i = 0; i < cuts; ++i) {
    restore();
    write_file(file("journal.db-wal"),
               wal.substr(0, i == 0 ? wal.size() - 1 : random() % wal.size()));
    const Found found = open();
    EXPECT_EQ(found.altered, 0U);
    EXPECT_EQ(found.report.lost_events, kEvents - found.ids.size());
    EXPECT_EQ(found.ids.size() % 100, 0U) << "part of a commit";
  }
}

TEST_F(DamageTest, MissingWalIsCounted) {
  fs::remove(file("journal.db-wal"));
  const Found found = open();
  EXPECT_LT(found.ids.size(), static_cast<std::size_t>(kEvents));
  EXPECT_EQ(found.report.lost_events, kEvents - found.ids.size());
}

TEST_F(DamageTest, MissingDatabaseIsCounted) {
  fs::remove(file("journal.db"));
  fs::remove(file("journal.db-wal"));
  test::ManualClock clock;
  Options options;
  options.directory = directory_.path();
  Journal journal(options, clock);
  EXPECT_EQ(journal.open_report().lost_events, static_cast<std::uint64_t>(kEvents));
  EXPECT_THAT(journal.open_report().detail, testing::HasSubstr("3000 events are lost"));
}

TEST_F(DamageTest, OverwrittenFirstPageKeepsEveryEvent) {
  close_cleanly();
  std::string db = content_of(file("journal.db"));
  std::fill_n(db.begin(), 8192, '\xAA');
  write_file(file("journal.db"), db);
  const Found found = open();
  EXPECT_EQ(found.ids.size(), static_cast<std::size_t>(kEvents)) << found.report.detail;
  EXPECT_EQ(found.report.lost_events, 0U);
  EXPECT_TRUE(fs::exists(found.report.damaged_file));
}

TEST_F(DamageTest, TruncatedDatabaseKeepsWhatIsLeft) {
  std::mt19937 random(9);
  const std::string db = content_of(file("journal.db"));
  for (int i = 0; i < (std::getenv("KCLOUD_SOAK") != nullptr ? 100 : 8); ++i) {
    restore();
    write_file(file("journal.db"), db.substr(0, random() % db.size()));
    const Found found = open();
    EXPECT_EQ(found.report.lost_events, kEvents - found.ids.size()) << found.report.detail;
  }
}

TEST_F(DamageTest, FlippedBitsNeverCrashAndCheckFindsThem) {
  std::mt19937 random(11);
  const std::string db = content_of(file("journal.db"));
  const int rounds = std::getenv("KCLOUD_SOAK") != nullptr ? 300 : 20;
  for (int i = 0; i < rounds; ++i) {
    restore();
    std::string bad = db;
    for (int k = 0; k < 8; ++k) {
      auto& byte = bad[random() % bad.size()];
      byte = static_cast<char>(byte ^ (1 << random() % 8));
    }
    write_file(file("journal.db"), bad);
    const Found found = open();
    EXPECT_GE(found.ids.size(), static_cast<std::size_t>(kEvents) * 8 / 10) << found.report.detail;
    const CheckReport report = check(directory_.path(), [](auto, auto) {});
    EXPECT_LE(found.altered, report.damaged_events);
    EXPECT_LE(report.events, static_cast<std::uint64_t>(kEvents) + 1);
  }
}

TEST_F(DamageTest, AFlippedBodyIsNamedByCheck) {
  close_cleanly();
  std::string db = content_of(file("journal.db"));
  const auto at = db.find("\"key\":17,");
  ASSERT_NE(at, std::string::npos);
  db[at + 6] = '9';
  write_file(file("journal.db"), db);
  const CheckReport report = check(directory_.path(), [](auto, auto) {});
  EXPECT_EQ(report.damaged_events, 1U);
  EXPECT_THAT(report.problems,
              testing::Contains(testing::HasSubstr("event 18: the row does not match")));
}

// Its number is a batch's, of which an agent at rest makes more than events.
TEST_F(DamageTest, ACursorOfSealsIsKeptAndMovesNoHead) {
  test::ManualClock clock;
  Options options;
  options.directory = directory_.path();
  std::string name;
  {
    Journal journal(options, clock);
    name = seals_cursor("x", journal.chain().chain);
    journal.move_cursor(name, 5'000'000, {}, {});
  }
  std::string db = content_of(file("journal.db"));
  const auto at = db.find("\"key\":2990,");
  ASSERT_NE(at, std::string::npos);
  db[at + 6] = '1';
  write_file(file("journal.db"), db);
  const Found found = open();
  EXPECT_TRUE(fs::exists(found.report.damaged_file));
  EXPECT_EQ(found.head, static_cast<std::uint64_t>(kEvents) + 1);
  Journal journal(options, clock);
  const auto cursors = journal.cursors();
  const auto kept = std::ranges::find(cursors, name, &CursorInfo::name);
  ASSERT_NE(kept, cursors.end());
  EXPECT_EQ(kept->seq, 5'000'000U);
}

TEST_F(DamageTest, ANewerSchemaIsRefusedNotSalvaged) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(file("journal.db").c_str(), &db), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(db, "PRAGMA user_version=99", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(db);
  test::ManualClock clock;
  Options options;
  options.directory = directory_.path();
  try {
    Journal journal(options, clock);
    FAIL() << "opened";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("newer kcloud-logger (schema 99"));
  }
  EXPECT_TRUE(fs::exists(file("journal.db")));
}

}  // namespace
}  // namespace kcloud::journal
