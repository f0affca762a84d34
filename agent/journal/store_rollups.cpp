// Rollups in the writer's transaction.
#include "agent/journal/rollup_state.h"
#include "agent/journal/store.h"

namespace kcloud::journal {

void Store::note_rollups(const RollupCommit& commit, core::Time now) {
  const auto bind_place = [](Statement& statement, rollups::Grain grain, rollups::Part part) {
    statement.bind(1, static_cast<std::int64_t>(grain)).bind(2, std::int64_t{part});
  };
  for (const auto& range : commit.drops)
    for (const char* table : {"rollups", "rollup_marks"}) {
      Statement drop(db_, std::string("DELETE FROM ") + table + " WHERE grain=?1 AND part" +
                              (range.part == 0 ? ">=" : "=") + "?2 AND bucket>=?3 AND bucket<?4");
      bind_place(drop, range.grain, range.part);
      drop.bind(3, range.from).bind(4, range.to).run();
    }
  for (const auto& [id, name] : commit.names)
    Statement(db_, "INSERT OR REPLACE INTO rollup_names VALUES(?1,?2)")
        .bind(1, std::int64_t{id})
        .bind_text(2, name)
        .run();
  for (const auto& series : commit.series)
    Statement(db_, "INSERT OR REPLACE INTO rollup_series VALUES(?1,?2,?3)")
        .bind(1, std::int64_t{series.id})
        .bind(2, std::int64_t{series.type})
        .bind_blob(3, series.tags)
        .run();
  if (!commit.cells.empty()) {
    Statement put(db_, "INSERT OR REPLACE INTO rollups VALUES(?1,?2,?3,?4,?5)");
    for (const auto& [key, value] : commit.cells) {
      bind_place(put, key.grain, key.part);
      put.bind(3, key.bucket).bind(4, std::int64_t{key.series}).bind_blob(5, value).run();
    }
  }
  const auto each = [&](const std::vector<rollups::CellKey>& keys, const char* sql) {
    Statement statement(db_, sql);
    for (const auto& key : keys) {
      bind_place(statement, key.grain, key.part);
      statement.bind(3, key.bucket).run();
    }
  };
  each(commit.unmarks, "DELETE FROM rollup_marks WHERE grain=?1 AND part=?2 AND bucket=?3");
  each(commit.marks, "INSERT OR REPLACE INTO rollup_marks VALUES(?1,?2,?3)");
  if (!commit.cursor.empty()) move_cursor(commit.cursor, commit.seq, now);
}

}  // namespace kcloud::journal
