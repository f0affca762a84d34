// What takes a journal back to the schema of an earlier version.
#pragma once

#include <string>

namespace kcloud::journal::test {

inline std::string to_version(int version) {
  std::string sql;
  const auto drop = [&](int since, std::initializer_list<const char*> tables) {
    if (version >= since) return;
    for (const char* table : tables) sql += std::string("DROP TABLE ") + table + ";";
  };
  drop(6, {"rollup_names", "rollup_series", "rollups", "rollup_marks"});
  drop(5, {"rule_steps", "firing", "silences"});
  drop(4, {"notices", "announced", "notifications"});
  if (version < 3) sql += "ALTER TABLE events DROP COLUMN via;";
  drop(2, {"seals"});
  return sql + "PRAGMA user_version=" + std::to_string(version) + ";";
}

}  // namespace kcloud::journal::test
