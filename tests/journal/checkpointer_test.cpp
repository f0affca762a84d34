#include "agent/journal/checkpointer.h"

#include <gtest/gtest.h>

#include "agent/journal/schema.h"
#include "agent/journal/sqlite.h"
#include "tests/journal/event_maker.h"
#include "tests/journal/fault_vfs.h"

namespace kcloud::journal {
namespace {

// A pass that came after a failed one would find its pages marked clean, call them durable and let
// SQLite overwrite the WAL, which has their only copy.
TEST(Checkpointer, AfterAFailedSyncThereIsNoOtherPass) {
  constexpr int kFrames = 64;
  test::FaultVfs vfs("checkpointer");
  test::TemporaryDirectory directory;
  const std::string path = directory.path() + "/j.db";
  Database db(path, Database::Mode::kReadWrite, "checkpointer");
  db.execute("PRAGMA journal_mode=WAL");
  db.execute("PRAGMA synchronous=FULL");
  db.execute("PRAGMA wal_autocheckpoint=0");
  db.execute("CREATE TABLE t(x)");
  db.execute("INSERT INTO t VALUES(zeroblob(100000))");
  const std::uint64_t before = vfs.syncs();
  vfs.set_judge([&](test::FaultVfs::Operation kind, std::uint64_t) {
    return kind == test::FaultVfs::Operation::kSync ? SQLITE_IOERR_FSYNC : SQLITE_OK;
  });
  Checkpointer checkpointer(path, "checkpointer", kFrames * kPageSize);
  checkpointer.committed(kFrames);  // at the gate: a pass, and one more with the writer at rest
  EXPECT_EQ(vfs.syncs(), before + 1);
  EXPECT_NE(checkpointer.last_error(), "");
  vfs.set_judge({});
  checkpointer.committed(kFrames);
  checkpointer.committed(2 * kFrames);
  EXPECT_EQ(vfs.syncs(), before + 1);
  EXPECT_NE(checkpointer.last_error(), "");
}

}  // namespace
}  // namespace kcloud::journal
