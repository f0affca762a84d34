#include "agent/journal/reader.h"

#include <array>
#include <cstring>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

#include "agent/journal/directory.h"
#include "agent/journal/generation.h"
#include "agent/journal/notifications.h"
#include "agent/journal/query.h"
#include "agent/journal/rollup_tables.h"
#include "agent/journal/rows.h"
#include "agent/journal/rule_tables.h"
#include "agent/journal/schema.h"
#include "agent/journal/seals.h"
#include "agent/journal/sqlite.h"
#include "agent/journal/store.h"

namespace kcloud::journal {

namespace {

constexpr const char* kSelectLetters =
    "SELECT id,received,origin,position,reason,detail,type,event_id,body FROM dead_letters ";

Reader::DeadLetterRow letter_row(const Statement& select) {
  Reader::DeadLetterRow row;
  row.id = static_cast<std::uint64_t>(select.integer(0));
  row.letter.received = core::from_nanos(select.integer(1));
  row.letter.origin = select.text(2);
  row.letter.position = select.text(3);
  row.letter.reason = select.text(4);
  row.letter.detail = select.text(5);
  row.letter.type = select.text(6);
  row.letter.event_id = select.text(7);
  row.letter.body = select.text(8);
  return row;
}

// One connection and its statements; made anew when the database file is replaced.
struct Connection {
  Database db;
  Statement after, by_seq, oldest, letters, letter;
  QueryStatements queries;

  Connection(const std::string& directory, const std::string& vfs)
      : db(database_path(directory), Database::Mode::kReadOnly, vfs),
        after((prepare_reader(db), db), select_events(db, "WHERE seq>?1 ORDER BY seq LIMIT ?2")),
        by_seq(db, select_events(db, "WHERE seq=?1")),
        oldest(db, "SELECT min(seq) FROM events"),
        letters(db, std::string(kSelectLetters) +
                        "WHERE id<?1 AND (?3 IS NULL OR origin=?3) AND (?4 IS NULL OR reason=?4) "
                        "AND (?5 IS NULL OR type=?5) AND received>=?6 AND received<?7 "
                        "ORDER BY id DESC LIMIT ?2"),
        letter(db, std::string(kSelectLetters) + "WHERE id=?1"),
        queries(db) {}
};

class SqliteReader final : public Reader, public Connected {
 public:
  SqliteReader(std::string directory, std::string vfs, std::shared_ptr<Generation> generation)
      : directory_(std::move(directory)), vfs_(std::move(vfs)), generation_(std::move(generation)) {
    generation_->add(*this);
  }
  ~SqliteReader() override { generation_->remove(*this); }

  void disconnect() override {
    std::lock_guard guard(mutex_);
    connection_.reset();
  }

  std::uint64_t read_after(std::uint64_t after, std::size_t limit, std::size_t max_bytes,
                           core::EventBatch& batch) override {
    return guarded([&](Connection& connection) {
      ResetGuard guard(connection.after);
      connection.after.bind(1, after).bind(2, static_cast<std::int64_t>(limit));
      std::uint64_t last = after;
      std::size_t bytes = 0;
      while (bytes < max_bytes && connection.after.step()) {
        append_row(connection.after, batch);
        last = batch.events.back().seq;
        bytes += batch.events.back().body.size();
      }
      return last;
    });
  }

  Page query(const Query& query) override {
    return in_snapshot([&](Connection& connection) {
      return run_query(query, connection.db, connection.queries, connection.by_seq);
    });
  }

  bool find(const core::EventId& id, core::EventBatch& batch) override {
    return guarded([&](Connection& connection) {
      const std::string table = seen_table(day_of_ms(id.unix_ms()));
      Statement exists(connection.db, "SELECT 1 FROM sqlite_schema WHERE name=?1");
      if (!exists.bind_text(1, table).step()) return false;
      Statement seq(connection.db, "SELECT seq FROM " + table + " WHERE id=?1");
      if (!seq.bind_blob(1, id.view()).step()) return false;
      ResetGuard guard(connection.by_seq);
      if (!connection.by_seq.bind(1, seq.integer(0)).step()) return false;
      append_row(connection.by_seq, batch);
      return true;
    });
  }

  std::uint64_t oldest() override {
    return guarded([&](Connection& connection) {
      ResetGuard guard(connection.oldest);
      return connection.oldest.step() ? static_cast<std::uint64_t>(connection.oldest.integer(0))
                                      : 0;
    });
  }

  std::vector<DeadLetterRow> dead_letters(const DeadLetterQuery& query) override {
    return guarded([&](Connection& connection) {
      std::vector<DeadLetterRow> rows;
      Statement& select = connection.letters;
      ResetGuard guard(select);
      const auto nanos = [](const std::optional<core::Time>& time, std::int64_t otherwise) {
        return time ? core::to_nanos(*time) : otherwise;
      };
      select.bind(1, query.before == 0 ? INT64_MAX : static_cast<std::int64_t>(query.before))
          .bind(2, static_cast<std::int64_t>(query.limit))
          .bind_text(3, query.origin)
          .bind_text(4, query.reason)
          .bind_text(5, query.type)
          .bind(6, nanos(query.since, INT64_MIN))
          .bind(7, nanos(query.until, INT64_MAX));
      std::size_t bytes = 0;
      while (bytes < query.max_bytes && select.step()) {
        bytes += rows.emplace_back(letter_row(select)).letter.body.size();
      }
      return rows;
    });
  }

  std::set<std::string> events_of_letters(const std::string& origin) override {
    return guarded([&](Connection& connection) {
      Statement select(connection.db, "SELECT event_id FROM dead_letters WHERE origin=?1");
      select.bind_text(1, origin);
      std::set<std::string> ids;
      while (select.step()) ids.emplace(select.text(0));
      return ids;
    });
  }

  std::vector<Notification> notifications(const NotificationQuery& query) override {
    return guarded(
        [&](Connection& connection) { return journal::notifications(connection.db, query); });
  }

  std::vector<RuleStep> rule_steps_after(std::uint64_t number) override {
    return guarded(
        [&](Connection& connection) { return journal::rule_steps_after(connection.db, number); });
  }

  std::uint64_t last_rule_step() override {
    return guarded([&](Connection& connection) { return journal::last_rule_step(connection.db); });
  }

  std::vector<std::string> firing_alerts() override {
    return guarded([&](Connection& connection) { return journal::firing_alerts(connection.db); });
  }

  std::vector<Silence> silences() override {
    return guarded([&](Connection& connection) { return journal::silences(connection.db); });
  }

  NotificationQueue notification_queue(const std::string& notifier) override {
    return guarded([&](Connection& connection) {
      return journal::notification_queue(connection.db, notifier);
    });
  }

  std::vector<Notice> notices(const std::string& notifier, std::uint64_t after,
                              std::size_t limit) override {
    return guarded([&](Connection& connection) {
      return journal::notices(connection.db, notifier, after, limit);
    });
  }

  std::vector<Announced> announced(const std::string& notifier) override {
    return guarded(
        [&](Connection& connection) { return journal::announced(connection.db, notifier); });
  }

  void read_numbers(const std::function<void(RollupSource&)>& work) override {
    read_rollups([&](RollupView& view) { work(view); });
  }

  void read_rollups(const std::function<void(RollupView&)>& work) override {
    in_snapshot([&](Connection& connection) {
      work(*view_rollups(connection.db));
      return true;
    });
  }

  std::vector<ChainPart> lineage() override {
    return guarded([](Connection& connection) { return journal::lineage(connection.db); });
  }

  std::vector<core::Seal> seals_after(const core::ChainId& chain, std::uint64_t seq,
                                      std::size_t limit) override {
    return guarded([&](Connection& connection) {
      return journal::seals_after(connection.db, chain, seq, limit);
    });
  }

  std::optional<DeadLetterRow> dead_letter(std::uint64_t id) override {
    return guarded([&](Connection& connection) -> std::optional<DeadLetterRow> {
      ResetGuard guard(connection.letter);
      if (!connection.letter.bind(1, id).step()) return std::nullopt;
      return letter_row(connection.letter);
    });
  }

 private:
  // All that `work` reads is of one moment.
  template <typename Work>
  std::invoke_result_t<Work, Connection&> in_snapshot(Work work) {
    return guarded([&](Connection& connection) {
      connection.db.execute("BEGIN");
      try {
        auto result = work(connection);
        connection.db.execute("COMMIT");
        return result;
      } catch (...) {
        if (connection.db.in_transaction()) connection.db.execute("ROLLBACK");
        throw;
      }
    });
  }

  // Runs `work` on the current file's connection; tells the journal when the file turns out to be
  // damaged.
  template <typename Work>
  std::invoke_result_t<Work, Connection&> guarded(Work work) {
    std::lock_guard guard(mutex_);
    if (!connection_) connection_.emplace(directory_, vfs_);
    try {
      return work(*connection_);
    } catch (const SqliteError& error) {
      if (error.damaged()) generation_->damage_reported.store(true);
      connection_.reset();
      throw;
    }
  }

  const std::string directory_;
  const std::string vfs_;
  const std::shared_ptr<Generation> generation_;
  std::mutex mutex_;  // the journal may disconnect while no call runs
  std::optional<Connection> connection_;
};

}  // namespace

std::string select_events(Database& db, const std::string& rest) {
  return "SELECT " + event_columns(db) + " FROM events " + rest;
}

void append_row(const Statement& row, core::EventBatch& batch) {
  const RowView view = view_row(row);
  core::Event event;
  event.seq = view.seq;
  event.id = core::event_id_from_bytes(view.id);
  event.time = core::from_nanos(view.time);
  event.received = core::from_nanos(view.received);
  const std::array<std::pair<std::string_view core::Event::*, std::string_view>, 9> texts{{
      {&core::Event::type_name, view.type},
      {&core::Event::source, view.source},
      {&core::Event::workload, view.workload},
      {&core::Event::cluster, view.cluster},
      {&core::Event::severity, view.severity},
      {&core::Event::collector, row.text(kCollector)},
      {&core::Event::agent, row.text(kAgent)},
      {&core::Event::body, view.body},
      {&core::Event::via, row.text(kVia)},
  }};
  std::size_t size = 0;
  for (const auto& [member, text] : texts) size += text.size();
  char* at = batch.allocate(size);
  for (const auto& [member, text] : texts) {
    if (text.empty()) continue;
    std::memcpy(at, text.data(), text.size());
    event.*member = {at, text.size()};
    at += text.size();
  }
  const std::int64_t flags = row.integer(kFlags);
  event.zone_assumed = (flags & kZoneAssumed) != 0;
  event.keyed = (flags & kKeyed) != 0;
  if ((flags & kTimeTransport) != 0) event.time_source = core::TimeSource::kTransport;
  if ((flags & kTimeArrival) != 0) event.time_source = core::TimeSource::kArrival;
  event.verdict = core::Verdict::kStored;
  batch.events.push_back(event);
}

bool is_intact(const Statement& row, core::Sha256Hasher& hasher, core::EventBatch& scratch) {
  scratch.clear();
  append_row(row, scratch);
  core::Event& event = scratch.events.front();
  event.body_hash = hasher.hash(event.body);
  return row_check(event) == row.integer(kCheck);
}

RowView view_row(const Statement& row) {
  return {static_cast<std::uint64_t>(row.integer(kSeq)),
          row.integer(kTime),
          row.integer(kReceived),
          row.text(kId),
          row.text(kTypeName),
          row.text(kSource),
          row.text(kWorkload),
          row.text(kCluster),
          row.text(kSeverity),
          row.text(kBody)};
}

std::unique_ptr<Reader> make_reader(const std::string& directory, const std::string& vfs,
                                    std::shared_ptr<Generation> generation) {
  return std::make_unique<SqliteReader>(directory, vfs, std::move(generation));
}

}  // namespace kcloud::journal
