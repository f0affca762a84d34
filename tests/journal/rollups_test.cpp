// The rollups' tables: one commit, one picture, and what damage leaves of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "agent/journal/directory.h"
#include "agent/journal/reader.h"
#include "agent/journal/rollup_state.h"
#include "tests/journal/event_maker.h"
#include "tests/journal/older_schema.h"

namespace kcloud::journal {
namespace {

using rollups::CellKey;
using rollups::Grain;
using ::testing::ElementsAre;

class RollupsTest : public ::testing::Test {
 protected:
  RollupsTest() { open(); }

  void open() {
    Options options;
    options.directory = directory_.path();
    journal_ = std::make_unique<Journal>(options, clock_);
    reader_ = journal_->reader();
  }
  void close() {
    reader_.reset();
    journal_.reset();
  }
  void execute(const std::string& sql) {
    close();
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(database_path(directory_.path()).c_str(), &db), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(db);
    open();
  }
  void store(const char* key) {
    auto intake = test::intake({{.time = clock_.now(), .key = key}}, clock_.now());
    ASSERT_EQ(core::accept_and_wait(*journal_, intake), core::CommitStatus::kCommitted);
  }
  void commit(RollupCommit commit) {
    ASSERT_EQ(journal_->commit_rollups(commit), core::CommitStatus::kCommitted);
  }
  static CellKey cell(std::int64_t bucket, std::uint32_t series) {
    return {Grain::kHour, 5, bucket, series};
  }
  std::vector<std::string> cells() {
    std::vector<std::string> found;
    reader_->read_rollups([&](RollupView& view) {
      view.scan({Grain::kHour, 5, 0, INT64_MAX}, [&](const CellKey& key, std::string_view value) {
        found.push_back(std::to_string(key.bucket) + "/" + std::to_string(key.series) + " " +
                        std::string(value));
      });
    });
    return found;
  }
  std::uint64_t cursor() {
    std::uint64_t seq = 0;
    reader_->read_rollups([&](RollupView& view) { seq = view.cursor(); });
    return seq;
  }

  test::TemporaryDirectory directory_;
  test::ManualClock clock_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<Reader> reader_;
};

TEST_F(RollupsTest, ComeAndGoWithTheirCursorInOneCommit) {
  store("e1");
  RollupCommit first;
  first.names = {{1, "scheduling_decision"}};
  first.series = {{1, 1, "tags"}};
  first.cells = {{cell(3600, 0), "a"}, {cell(3600, 1), "b"}, {cell(7200, 1), "c"}};
  first.marks = {{Grain::kDay, 5, 0, 0}};
  first.cursor = "rollups";
  first.seq = 1;
  commit(first);
  EXPECT_THAT(cells(), ElementsAre("3600/0 a", "3600/1 b", "7200/1 c"));
  EXPECT_EQ(cursor(), 1U);

  RollupCommit second;
  second.drops = {{Grain::kHour, 5, 3600, 3601}};
  second.cells = {{cell(3600, 1), "d"}};
  second.unmarks = {{Grain::kDay, 5, 0, 0}};
  commit(second);
  EXPECT_THAT(cells(), ElementsAre("3600/1 d", "7200/1 c"));
  reader_->read_rollups([](RollupView& view) {
    EXPECT_TRUE(view.marks({Grain::kDay, 5, 0, INT64_MAX}).empty());
    EXPECT_EQ(view.name("scheduling_decision"), 1U);
    EXPECT_EQ(view.series(1).size(), 1U);
  });
  EXPECT_EQ(cursor(), 1U);
}

TEST_F(RollupsTest, OutliveDamageThatLeavesThemReadable) {
  store("e1");
  store("e2");
  RollupCommit first;
  first.cells = {{cell(3600, 0), std::string("a\0b", 3)}};
  first.cursor = "rollups";
  first.seq = 2;
  commit(first);
  execute("UPDATE events SET cluster='x' WHERE seq=2");
  ASSERT_NE(journal_->open_report().damaged_file, "");
  EXPECT_THAT(cells(), ElementsAre(std::string("3600/0 a\0b", 10)));
  EXPECT_EQ(cursor(), 2U);
}

TEST_F(RollupsTest, AreMadeAnewWhenDamageTookThem) {
  store("e1");
  RollupCommit first;
  first.cells = {{cell(3600, 0), "a"}};
  first.cursor = "rollups";
  first.seq = 1;
  commit(first);
  execute("UPDATE events SET cluster='x'; DROP TABLE rollup_marks");
  ASSERT_NE(journal_->open_report().damaged_file, "");
  EXPECT_THAT(cells(), ElementsAre());
  EXPECT_EQ(cursor(), 0U);  // its reader begins at the oldest event
}

TEST_F(RollupsTest, AJournalOfVersion5IsTakenOver) {
  execute(test::to_version(5));
  EXPECT_EQ(journal_->open_report().damaged_file, "");
  RollupCommit first;
  first.cells = {{cell(3600, 0), "a"}};
  commit(first);
  EXPECT_THAT(cells(), ElementsAre("3600/0 a"));
}

}  // namespace
}  // namespace kcloud::journal
