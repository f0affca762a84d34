// GET /events over the journal's indexes. Newest (or oldest) first by (time, id):
//  - by type, or over all types as a merge of the per-type index;
//  - by workload through the bucketed workload index, buckets taken in the order of their time
//  range.
// Other filters are tested on the rows in that order, until the page is full or the work limit is
// reached.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "agent/journal/reader.h"
#include "agent/journal/sqlite.h"

namespace kcloud::journal {

// Prepared statements that queries share; they belong to one connection.
struct QueryStatements {
  explicit QueryStatements(Database& db);
  Statement types, buckets, workload, indexed_upto, unindexed;
};

Page run_query(const Query& query, Database& db, QueryStatements& statements, Statement& by_seq);

// The query's bounds as one half-open interval of time (ns), and where it continues.
struct TimeRange {
  std::int64_t since;
  std::int64_t until;
};
TimeRange time_range(const Query& query);

// Tests every filter but the time interval and the place to continue from.
struct RowView;
bool passes(const Query& query, const RowView& row);

// Whether (time, id) lies behind `query.after` in the query's order.
bool is_behind(const Query& query, std::int64_t time, std::string_view id);
// Whether a comes before b in the query's order.
bool comes_before(const Query& query, const PageKey& a, const PageKey& b);

Page query_by_workload(const Query& query, QueryStatements& statements, Statement& by_seq);

// Stops a scan: counts rows and looks at the clock every few of them.
class WorkLimit {
 public:
  explicit WorkLimit(std::chrono::milliseconds limit)
      : end_(std::chrono::steady_clock::now() + limit) {}
  bool reached() { return ++rows_ % 64 == 0 && std::chrono::steady_clock::now() >= end_; }

 private:
  std::chrono::steady_clock::time_point end_;
  std::uint32_t rows_ = 0;
};

}  // namespace kcloud::journal
