#include "agent/journal/query.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "agent/journal/rows.h"
#include "agent/journal/schema.h"

namespace kcloud::journal {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool contains(std::string_view text, std::string_view wanted) {
  return std::search(text.begin(), text.end(), wanted.begin(), wanted.end(),
                     [](char a, char b) { return lower(a) == lower(b); }) != text.end();
}

// One type's index entries in the query's order.
class TypeStream {
 public:
  TypeStream(const Query& query, TimeRange range, std::int64_t slot, Database& db)
      : select_(db, sql(query)) {
    select_.bind(1, slot).bind(2, range.since).bind(3, range.until);
    if (query.after) {
      select_.bind(4, core::to_nanos(query.after->time)).bind_blob(5, query.after->id.view());
    }
    advance();
  }

  bool done() const { return done_; }
  const PageKey& key() const { return key_; }
  std::uint64_t seq() const { return seq_; }
  void advance() {
    done_ = !select_.step();
    if (done_) return;
    key_ = {core::from_nanos(select_.integer(0)), core::event_id_from_bytes(select_.text(1))};
    seq_ = static_cast<std::uint64_t>(select_.integer(2));
  }

 private:
  static std::string sql(const Query& query) {
    const bool newest = query.order == Order::kNewestFirst;
    std::string text =
        "SELECT time,id,seq FROM events INDEXED BY by_type WHERE type=?1 AND time>=?2 AND time<?3";
    if (query.after) text += newest ? " AND (time,id)<(?4,?5)" : " AND (time,id)>(?4,?5)";
    return text + (newest ? " ORDER BY time DESC,id DESC" : " ORDER BY time,id");
  }

  Statement select_;
  PageKey key_;
  std::uint64_t seq_ = 0;
  bool done_ = false;
};

// The type index's slots that can hold the query's events.
std::vector<std::int64_t> slots_of(const Query& query, QueryStatements& statements) {
  std::vector<std::int64_t> slots{0};
  ResetGuard guard(statements.types);
  while (statements.types.step()) {
    const std::int64_t slot = statements.types.integer(0);
    if (query.type.empty()) slots.push_back(slot);
    if (!query.type.empty() && statements.types.text(1) == query.type) return {slot};
  }
  return slots;
}

// Narrows the time range to that of the buckets whose arrival times can match.
TimeRange narrowed(const Query& query, TimeRange range, QueryStatements& statements) {
  if (!query.received_since && !query.received_until) return range;
  std::int64_t since = std::numeric_limits<std::int64_t>::max();
  std::int64_t until = std::numeric_limits<std::int64_t>::min();
  ResetGuard guard(statements.buckets);
  while (statements.buckets.step()) {
    const bool early = query.received_until &&
                       statements.buckets.integer(3) >= core::to_nanos(*query.received_until);
    const bool late = query.received_since &&
                      statements.buckets.integer(4) < core::to_nanos(*query.received_since);
    if (early || late) continue;
    since = std::min(since, statements.buckets.integer(1));
    until = std::max(until, statements.buckets.integer(2) + 1);
  }
  return {std::max(range.since, since), std::min(range.until, until)};
}

// SQLite seeks by the bounds of `time` alone; (time, id) of the place to continue from only
// filters. Without this, the pages of a long listing cost more and more.
TimeRange behind(const Query& query, TimeRange range) {
  if (!query.after) return range;
  const std::int64_t at = core::to_nanos(query.after->time);
  if (query.order == Order::kOldestFirst) return {std::max(range.since, at), range.until};
  return {range.since, at == std::numeric_limits<std::int64_t>::max()
                           ? range.until
                           : std::min(range.until, at + 1)};
}

}  // namespace

QueryStatements::QueryStatements(Database& db)
    : types(db, "SELECT slot,name FROM types"),
      buckets(db, "SELECT bucket,min_time,max_time,min_received,max_received FROM buckets"),
      workload(db, "SELECT seq FROM workloads WHERE bucket=?1 AND workload=?2"),
      indexed_upto(db, std::string("SELECT value FROM meta WHERE key='") + kWorkloadsUpto + "'"),
      unindexed(db, select_events(db, "WHERE seq>?1 AND workload=?2")) {}

TimeRange time_range(const Query& query) {
  return {query.since ? core::to_nanos(*query.since) : std::numeric_limits<std::int64_t>::min(),
          query.until ? core::to_nanos(*query.until) : std::numeric_limits<std::int64_t>::max()};
}

bool passes(const Query& query, const RowView& row) {
  const auto fits = [](const std::string& wanted, std::string_view found) {
    return wanted.empty() || wanted == found;
  };
  return fits(query.type, row.type) && fits(query.workload, row.workload) &&
         fits(query.cluster, row.cluster) && fits(query.source, row.source) &&
         fits(query.severity, row.severity) &&
         (!query.received_since || row.received >= core::to_nanos(*query.received_since)) &&
         (!query.received_until || row.received < core::to_nanos(*query.received_until)) &&
         (query.text.empty() || contains(row.body, query.text));
}

bool matches(const Query& query, const core::Event& event) {
  const RowView row{event.seq,
                    core::to_nanos(event.time),
                    core::to_nanos(event.received),
                    event.id.view(),
                    event.type_name,
                    event.source,
                    event.workload,
                    event.cluster,
                    event.severity,
                    event.body};
  const TimeRange range = time_range(query);
  return row.time >= range.since && row.time < range.until && passes(query, row);
}

bool comes_before(const Query& query, const PageKey& a, const PageKey& b) {
  const bool less = a.time != b.time ? a.time < b.time : a.id < b.id;
  const bool equal = a.time == b.time && a.id == b.id;
  return query.order == Order::kNewestFirst ? !less && !equal : less;
}

bool is_behind(const Query& query, std::int64_t time, std::string_view id) {
  if (!query.after) return true;
  return comes_before(query, *query.after, {core::from_nanos(time), core::event_id_from_bytes(id)});
}

Page run_query(const Query& query, Database& db, QueryStatements& statements, Statement& by_seq) {
  if (!query.workload.empty()) return query_by_workload(query, statements, by_seq);
  Page page;
  const TimeRange range = behind(query, narrowed(query, time_range(query), statements));
  std::vector<TypeStream> streams;
  for (const std::int64_t slot : slots_of(query, statements)) {
    TypeStream stream(query, range, slot, db);
    if (!stream.done()) streams.push_back(std::move(stream));
  }
  WorkLimit limit(query.work_limit);
  std::optional<PageKey> last;
  std::size_t bytes = 0;
  while (!streams.empty()) {
    if (page.batch.events.size() == query.limit || bytes >= query.max_bytes) {
      page.next = last;
      return page;
    }
    const auto first = std::min_element(streams.begin(), streams.end(),
                                        [&](const TypeStream& a, const TypeStream& b) {
                                          return comes_before(query, a.key(), b.key());
                                        });
    last = first->key();
    {
      ResetGuard guard(by_seq);
      if (by_seq.bind(1, first->seq()).step() && passes(query, view_row(by_seq))) {
        append_row(by_seq, page.batch);
        bytes += page.batch.events.back().body.size();
      }
    }
    first->advance();
    if (first->done()) streams.erase(first);
    if (limit.reached() && !streams.empty()) {
      page.next = last;
      page.stopped_early = page.batch.events.size() < query.limit;
      return page;
    }
  }
  return page;
}

}  // namespace kcloud::journal
