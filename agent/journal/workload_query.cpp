#include <algorithm>
#include <limits>

#include "agent/journal/query.h"
#include "agent/journal/rows.h"

namespace kcloud::journal {

namespace {

struct Bucket {
  std::int64_t number, min_time, max_time;
};

struct Candidate {
  PageKey key;
  std::uint64_t seq;
};

// Buckets that can hold the query's events, the one that reaches furthest ahead in its order first.
std::vector<Bucket> buckets_in_order(const Query& query, QueryStatements& statements) {
  const TimeRange range = time_range(query);
  const bool newest = query.order == Order::kNewestFirst;
  std::vector<Bucket> buckets;
  ResetGuard guard(statements.buckets);
  while (statements.buckets.step()) {
    const Bucket bucket{statements.buckets.integer(0), statements.buckets.integer(1),
                        statements.buckets.integer(2)};
    if (bucket.max_time < range.since || bucket.min_time >= range.until) continue;
    if (query.after) {
      const std::int64_t after = core::to_nanos(query.after->time);
      if (newest ? bucket.min_time > after : bucket.max_time < after) continue;
    }
    buckets.push_back(bucket);
  }
  std::sort(buckets.begin(), buckets.end(), [&](const Bucket& a, const Bucket& b) {
    return newest ? a.max_time > b.max_time : a.min_time < b.min_time;
  });
  return buckets;
}

// The first place in the query's order that a bucket can hold.
PageKey edge_of(const Query& query, const Bucket& bucket) {
  PageKey key;
  if (query.order == Order::kNewestFirst) {
    key.time = core::from_nanos(bucket.max_time);
    key.id.bytes.fill(0xFF);
  } else {
    key.time = core::from_nanos(bucket.min_time);
  }
  return key;
}

void consider(const Query& query, const RowView& row, std::vector<Candidate>& candidates) {
  const TimeRange range = time_range(query);
  if (row.time < range.since || row.time >= range.until) return;
  if (!is_behind(query, row.time, row.id) || !passes(query, row)) return;
  candidates.push_back({{core::from_nanos(row.time), core::event_id_from_bytes(row.id)}, row.seq});
}

void collect(const Query& query, std::int64_t bucket, QueryStatements& statements,
             Statement& by_seq, std::vector<Candidate>& candidates) {
  ResetGuard guard(statements.workload);
  statements.workload.bind(1, bucket).bind_text(2, query.workload);
  while (statements.workload.step()) {
    ResetGuard row_guard(by_seq);
    if (by_seq.bind(1, statements.workload.integer(0)).step())
      consider(query, view_row(by_seq), candidates);
  }
}

// The newest events, which the index does not hold yet.
void collect_unindexed(const Query& query, QueryStatements& statements,
                       std::vector<Candidate>& candidates) {
  ResetGuard upto_guard(statements.indexed_upto);
  const bool any = statements.indexed_upto.step();
  const std::int64_t upto = any ? std::stoll(std::string(statements.indexed_upto.text(0))) : 0;
  ResetGuard guard(statements.unindexed);
  statements.unindexed.bind(1, upto).bind_text(2, query.workload);
  while (statements.unindexed.step()) consider(query, view_row(statements.unindexed), candidates);
}

}  // namespace

Page query_by_workload(const Query& query, QueryStatements& statements, Statement& by_seq) {
  const auto before = [&](const Candidate& a, const Candidate& b) {
    return comes_before(query, a.key, b.key);
  };
  const auto buckets = buckets_in_order(query, statements);
  const auto deadline = std::chrono::steady_clock::now() + query.work_limit;
  std::vector<Candidate> candidates;
  collect_unindexed(query, statements, candidates);
  std::sort(candidates.begin(), candidates.end(), before);
  Page page;
  std::optional<PageKey> frontier;  // everything before it in order has been looked at
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    const PageKey edge = edge_of(query, buckets[i]);
    const bool full =
        candidates.size() > query.limit && comes_before(query, candidates[query.limit].key, edge);
    if (full) break;
    // Buckets that reach back to where the last page stopped are always looked at: each page gets
    // on.
    const bool new_ground = !query.after || comes_before(query, *query.after, edge);
    if (i > 0 && new_ground && std::chrono::steady_clock::now() >= deadline) {
      frontier = edge;
      break;
    }
    collect(query, buckets[i].number, statements, by_seq, candidates);
    std::sort(candidates.begin(), candidates.end(), before);
    if (candidates.size() > query.limit + 1) candidates.resize(query.limit + 1);
  }
  if (frontier) {
    std::erase_if(candidates,
                  [&](const Candidate& c) { return !comes_before(query, c.key, *frontier); });
  }
  bool more = candidates.size() > query.limit;
  candidates.resize(std::min(candidates.size(), query.limit));
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    ResetGuard guard(by_seq);
    if (!by_seq.bind(1, candidates[i].seq).step()) continue;
    append_row(by_seq, page.batch);
    bytes += page.batch.events.back().body.size();
    if (bytes >= query.max_bytes && i + 1 < candidates.size()) {
      candidates.resize(i + 1);
      more = true;
    }
  }
  if (more) {
    page.next = candidates.back().key;
  } else if (frontier) {
    page.stopped_early = true;
    page.next = frontier;
  }
  return page;
}

}  // namespace kcloud::journal
