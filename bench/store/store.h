// The journal's tables stripped bare: same schema, same pragmas, one commit a group. No recovery,
// no cursors, no dead letters. One thread at a time; `commit` blocks for the fsync.
#pragma once

#include <sqlite3.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kcloud::bench {

struct Row {
  std::array<std::uint8_t, 16> id{};
  std::array<std::uint8_t, 32> hash{};
  std::int64_t time = 0;      // ns since 1970
  std::int64_t received = 0;  // ns since 1970
  std::string_view type_name, source, workload, cluster, severity, body;
};

// Rows and the memory their views point into.
struct Batch {
  std::string memory;
  std::vector<Row> rows;
};

struct Closer {
  void operator()(sqlite3* db) const { sqlite3_close(db); }
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, Closer>;
using Statement = std::unique_ptr<sqlite3_stmt, Closer>;

class Store {
 public:
  // Makes the file `path`; throws std::runtime_error with SQLite's message.
  explicit Store(const std::string& path);
  // One transaction. Returns how many rows were new.
  std::size_t commit(const std::vector<const Batch*>& batches);

 private:
  void insert(const Row& row);
  void use_day(std::int64_t day);

  Database db_;
  Statement begin_, end_, event_, workload_, seen_;
  std::int64_t day_ = -1;
  std::int64_t seq_ = 0;
};

}  // namespace kcloud::bench
