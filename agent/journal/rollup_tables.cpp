#include "agent/journal/rollup_tables.h"

#include <algorithm>
#include <array>

#include "agent/journal/cursor_name.h"
#include "agent/journal/rows.h"
#include "agent/journal/schema.h"

namespace kcloud::journal {
namespace {

constexpr std::size_t kBatchEvents = 1000;

class View final : public RollupView {
 public:
  explicit View(Database& db) : db_(db) {}

  void load(rollups::Dictionary& dictionary) override {
    Statement names(db_, "SELECT id,name FROM rollup_names");
    while (names.step())
      dictionary.restore_name(static_cast<std::uint32_t>(names.integer(0)),
                              std::string(names.text(1)));
    Statement series(db_, "SELECT id,type,tags FROM rollup_series");
    while (series.step()) dictionary.restore_series(row(series));
  }

  std::vector<rollups::Dictionary::Series> series(std::uint32_t type) override {
    Statement select(db_, "SELECT id,type,tags FROM rollup_series WHERE type=?1 ORDER BY id");
    select.bind(1, std::int64_t{type});
    std::vector<rollups::Dictionary::Series> all;
    while (select.step()) all.push_back(row(select));
    return all;
  }

  std::uint32_t name(const std::string& name) override {
    Statement select(db_, "SELECT id FROM rollup_names WHERE name=?1");
    select.bind_text(1, name);
    return select.step() ? static_cast<std::uint32_t>(select.integer(0)) : 0;
  }

  void scan(const RollupRange& range, const Visit& visit) override {
    if (!scan_)
      scan_ = Statement(db_,
                        "SELECT bucket,series,value FROM rollups WHERE grain=?1 AND part=?2 AND "
                        "bucket>=?3 AND bucket<?4 ORDER BY bucket,series");
    ResetGuard guard(scan_);
    bind(scan_, range);
    rollups::CellKey key{range.grain, range.part};
    while (scan_.step()) {
      key.bucket = scan_.integer(0);
      key.series = static_cast<std::uint32_t>(scan_.integer(1));
      visit(key, scan_.text(2));
    }
  }

  std::string get(const rollups::CellKey& key) override {
    if (!get_)
      get_ = Statement(db_,
                       "SELECT value FROM rollups WHERE grain=?1 AND part=?2 AND bucket=?3 AND "
                       "series=?4");
    ResetGuard guard(get_);
    get_.bind(1, static_cast<std::int64_t>(key.grain))
        .bind(2, std::int64_t{key.part})
        .bind(3, key.bucket)
        .bind(4, std::int64_t{key.series});
    return get_.step() ? std::string(get_.text(0)) : std::string();
  }

  std::vector<std::int64_t> marks(const RollupRange& range) override {
    Statement select(db_,
                     "SELECT bucket FROM rollup_marks WHERE grain=?1 AND part=?2 AND bucket>=?3 "
                     "AND bucket<?4 ORDER BY bucket");
    bind(select, range);
    std::vector<std::int64_t> buckets;
    while (select.step()) buckets.push_back(select.integer(0));
    return buckets;
  }

  std::vector<RollupRange> parts(rollups::Grain grain) override {
    Statement select(db_,
                     "SELECT part,min(bucket),max(bucket)+1 FROM rollups WHERE grain=?1 GROUP BY "
                     "part");
    select.bind(1, static_cast<std::int64_t>(grain));
    std::vector<RollupRange> all;
    while (select.step())
      all.push_back({grain, static_cast<rollups::Part>(select.integer(0)), select.integer(1),
                     select.integer(2)});
    return all;
  }

  void workloads(const RollupRange& range, const SumOf& sum_of) override {
    rollups::ChunkReader chunks;
    Statement select(db_,
                     "SELECT bucket,value FROM rollups WHERE grain=?1 AND part=?2 AND bucket>=?3 "
                     "AND bucket<?4 ORDER BY bucket,series");
    bind(select, range);
    while (select.step())
      if (const auto bucket = select.integer(0); chunks.wants(bucket))
        chunks.add(sum_of(bucket), bucket, select.text(1));
  }

  std::uint64_t cursor() override {
    Statement select(db_, "SELECT seq FROM cursors WHERE name=?1");
    select.bind_text(1, kRollupsCursor);
    return select.step() ? static_cast<std::uint64_t>(select.integer(0)) : 0;
  }

  Freshness freshness(core::Time now) override {
    const auto head =
        static_cast<std::uint64_t>(db_.integer("SELECT coalesce(max(seq),0) FROM events"));
    const auto upto = cursor();
    if (upto >= head) return {0, now};
    Statement select(db_, "SELECT received FROM events WHERE seq<=?1 ORDER BY seq DESC LIMIT 1");
    select.bind(1, upto);
    return {head - upto, select.step() ? core::from_nanos(select.integer(0)) : now};
  }

  std::pair<std::uint64_t, core::Time> oldest() override {
    Statement select(db_, "SELECT seq,received FROM events ORDER BY seq LIMIT 1");
    if (!select.step()) return {0, core::Time()};
    return {static_cast<std::uint64_t>(select.integer(0)), core::from_nanos(select.integer(1))};
  }

  std::optional<core::Time> kept_since() override {
    const auto [seq, received] = oldest();
    return seq <= 1 ? std::nullopt : std::optional(received);
  }

  void events(const std::string& type, core::Time from, core::Time to,
              const std::function<void(core::EventBatch&)>& take) override {
    read_events(type, from, to, cursor(), take);
  }

  void events_upto(core::Time from, core::Time to, std::uint64_t upto,
                   const std::function<void(core::EventBatch&)>& take) override {
    read_events("", from, to, upto, take);
  }

 private:
  void read_events(const std::string& type, core::Time from, core::Time to, std::uint64_t upto,
                   const std::function<void(core::EventBatch&)>& take) {
    for (const std::int64_t slot : slots(type)) {
      // By seq, so that sums are made in the order in which they were made first.
      Statement select(db_, select_events(db_,
                                          "INDEXED BY by_type WHERE type=?1 AND time>=?2 AND "
                                          "time<?3 AND seq<=?4 ORDER BY seq"));
      select.bind(1, slot).bind(2, core::to_nanos(from)).bind(3, core::to_nanos(to)).bind(4, upto);
      core::EventBatch batch;
      while (select.step()) {
        if (!type.empty() && select.text(kTypeName) != type) continue;
        append_row(select, batch);
        if (batch.events.size() < kBatchEvents) continue;
        take(batch);
        batch.clear();
      }
      if (!batch.events.empty()) take(batch);
    }
  }

  static rollups::Dictionary::Series row(const Statement& select) {
    return {static_cast<std::uint32_t>(select.integer(0)),
            static_cast<std::uint32_t>(select.integer(1)), std::string(select.text(2))};
  }

  static void bind(Statement& select, const RollupRange& range) {
    select.bind(1, static_cast<std::int64_t>(range.grain))
        .bind(2, std::int64_t{range.part})
        .bind(3, range.from)
        .bind(4, range.to);
  }

  // Types share slot 0 once there are many.
  std::vector<std::int64_t> slots(const std::string& type) {
    std::vector<std::int64_t> all{0};
    Statement select(db_, "SELECT slot,name FROM types ORDER BY slot");
    while (select.step()) {
      if (type == select.text(1)) return {select.integer(0)};
      if (type.empty() && select.integer(0) != 0) all.push_back(select.integer(0));
    }
    return all;
  }

  Database& db_;
  Statement scan_, get_;
};

}  // namespace

std::unique_ptr<RollupView> view_rollups(Database& db) { return std::make_unique<View>(db); }

bool carry_over_rollups(Database& to, Database& from) {
  constexpr std::array<std::pair<const char*, int>, 4> kTables{
      {{"rollup_names", 2}, {"rollup_series", 3}, {"rollups", 5}, {"rollup_marks", 3}}};
  try {
    for (const auto& [table, columns] : kTables) {
      std::string places = "?1";
      for (int i = 2; i <= columns; ++i) places += ",?" + std::to_string(i);
      Statement select(from, std::string("SELECT * FROM ") + table);
      Statement insert(to, std::string("INSERT INTO ") + table + " VALUES(" + places + ")");
      while (select.step()) {
        for (int i = 0; i < columns; ++i) insert.bind_value(i + 1, select, i);
        insert.run();
      }
    }
    return true;
  } catch (const SqliteError&) {
    for (const auto& [table, columns] : kTables) to.execute(std::string("DELETE FROM ") + table);
    return false;
  }
}

}  // namespace kcloud::journal
