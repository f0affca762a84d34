#include "exporters/postgres/rollup_store.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <unordered_map>

#include "exporters/postgres/binary.h"
#include "rollups/day.h"

namespace kcloud::postgres {
namespace {

using rollups::CellKey;
using rollups::Grain;
using rollups::Kind;
using std::chrono::steady_clock;

// A question reads what is pending beside the cells, so it is to stay small.
constexpr std::chrono::seconds kFoldEvery{5};
constexpr std::uint64_t kFoldDeltas = 16;
constexpr std::chrono::seconds kLongest{2};
constexpr std::int64_t kFoldBytes = std::int64_t{4} << 20;
constexpr std::chrono::hours kDropEvery{1};
constexpr std::chrono::minutes kDayWaits{10};    // for late events
constexpr const char* kLock = "kcloud rollups";  // who holds it changes cells
constexpr rollups::Limits kNoCacheLimit{.cache_bytes = static_cast<std::size_t>(-1)};

Parameter bigint(std::int64_t value) { return parameter(Type::kBigint, binary(value)); }

std::int64_t seconds_of(core::Time time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

// A transaction that one agent at a time is in; left without commit(), nothing of it was done.
class Turn {
 public:
  explicit Turn(Connection& connection) : connection_(connection) {
    connection_.script("BEGIN");
    const auto locked = connection_.run("SELECT pg_try_advisory_xact_lock(hashtext($1))",
                                        {parameter(Type::kText, kLock)});
    mine_ = locked.value(0, 0) != std::string_view("\0", 1);
  }
  bool mine() const { return mine_; }
  void commit() { connection_.script("COMMIT"); }
  void leave() { connection_.script("ROLLBACK"); }

 private:
  Connection& connection_;
  bool mine_ = false;
};

std::set<Bucket> buckets_of(const std::vector<PendingDelta>& pending,
                            rollups::Dictionary& dictionary) {
  std::set<Bucket> buckets;
  for (const auto& one : pending) {
    const rollups::DeltaNames names(*one.delta, dictionary);
    for (const auto& [key, value] : one.delta->cells) {
      const auto part = names.part(key.part);
      buckets.emplace(key.grain, part, key.bucket);
      // Whether a combination is new to its hour is said by the total.
      if (key.grain == Grain::kHour)
        buckets.emplace(key.grain, rollups::part_of(part >> 2, Kind::kTotal), key.bucket);
    }
  }
  return buckets;
}

// Arrays of keys, for unnest.
struct KeyColumns {
  explicit KeyColumns(const std::vector<CellKey>& keys)
      : grains(Type::kBigint, keys.size()),
        parts(Type::kBigint, keys.size()),
        buckets(Type::kBigint, keys.size()) {
    for (const auto& key : keys) {
      grains.add(binary(static_cast<std::int64_t>(key.grain)));
      parts.add(binary(std::int64_t{key.part}));
      buckets.add(binary(key.bucket));
    }
  }
  std::vector<Parameter> parameters() {
    return {grains.parameter(), parts.parameter(), buckets.parameter()};
  }
  ArrayBuilder grains, parts, buckets;
};

// Minutes of hours, and that they were kept.
void delete_minutes(Connection& connection, const std::vector<CellKey>& hours) {
  if (hours.empty()) return;
  connection.run(
      "DELETE FROM rollup_cell c USING unnest($1, $2, $3) AS k(grain, part, bucket) WHERE "
      "c.grain = k.grain AND c.part = k.part AND c.bucket >= k.bucket AND c.bucket < k.bucket + "
      "3600",
      KeyColumns(hours).parameters());
  connection.run(
      "DELETE FROM rollup_mark m USING unnest($1, $2, $3) AS k(grain, part, bucket) WHERE "
      "m.grain = k.grain AND m.part = k.part AND m.bucket = k.bucket",
      KeyColumns(hours).parameters());
}

void mark_incomplete(Connection& connection, const char* why) {
  connection.run("INSERT INTO rollup_state VALUES ('incomplete', $1) ON CONFLICT DO NOTHING",
                 {parameter(Type::kText, why)});
}

}  // namespace

RollupStore::RollupStore(std::shared_ptr<const rollups::Plan> plan, std::string zone)
    : plan_(std::move(plan)), zone_name_(std::move(zone)) {}

void RollupStore::forget() {
  dictionary_ = {};
  day_zone_.reset();
}

void RollupStore::add(Connection& connection, const std::vector<const core::Event*>& events) {
  rollups::Dictionary own;
  rollups::Accumulator sums(
      plan_, own, [](const CellKey&) { return std::string(); }, kNoCacheLimit);
  for (const auto* event : events) sums.add(*event);
  auto changes = sums.take();
  const rollups::Delta delta{own.take_names(), own.take_series(), std::move(changes.cells),
                             std::move(changes.minutes_begun)};
  connection.run("INSERT INTO rollup_pending (delta) VALUES ($1)",
                 {parameter(Type::kBytes, rollups::encode(delta))});
  ++added_;
}

void RollupStore::upkeep(Connection& connection, core::Time now, std::chrono::days keep) {
  const auto at = steady_clock::now();
  if (at < next_fold_ && added_ < kFoldDeltas) return;
  // Deliveries wait meanwhile; the other agents' turn comes as well.
  const auto end = at + kLongest;
  while (steady_clock::now() < end && fold(connection)) continue;
  added_ = 0;
  next_fold_ = steady_clock::now() + kFoldEvery;
  while (steady_clock::now() < end && make_day(connection, now)) continue;
  if (at < next_drop_) return;
  next_drop_ = at + kDropEvery;
  drop_minutes(connection, now);
  drop_old(connection, now - keep);
}

bool RollupStore::fold(Connection& connection) {
  try {
    return fold(connection, false);
  } catch (const Error&) {
    throw;
  } catch (const std::runtime_error& error) {
    spdlog::error("postgres: {}; with `--pg URL`", error.what());
    connection.script("ROLLBACK");
    forget();
    return fold(connection, true);
  }
}

bool RollupStore::fold(Connection& connection, bool careful) {
  Turn turn(connection);
  if (!turn.mine() || !add_pending(connection, kFoldBytes, careful)) return turn.leave(), false;
  turn.commit();
  return true;
}

// `careful`: what is damaged is left out, and it is said that the rollups have not all.
bool RollupStore::add_pending(Connection& connection, std::int64_t most_bytes, bool careful) {
  auto pending = read_pending(connection, most_bytes);
  load_names(connection, dictionary_);
  if (pending.empty()) return false;
  std::vector<std::string> ids;
  ids.reserve(pending.size());
  for (const auto& one : pending) ids.push_back(binary(one.id));
  auto damaged = std::erase_if(pending, [&](const PendingDelta& one) {
    return !one.delta || (careful && !rollups::whole(*one.delta));
  });
  std::unordered_map<CellKey, std::string, rollups::CellKeyHash> kept;
  read_buckets(connection, buckets_of(pending, dictionary_),
               [&](const CellKey& key, std::string_view value) {
                 if (!careful || rollups::whole(key, value))
                   kept.emplace(key, value);
                 else
                   ++damaged;
               });
  if (damaged > 0) mark_incomplete(connection, "some of them were damaged");
  rollups::Accumulator sums(
      plan_, dictionary_,
      [&](const CellKey& key) {
        const auto found = kept.find(key);
        return found == kept.end() ? std::string() : found->second;
      },
      kNoCacheLimit);
  for (const auto& mark : read_marks(connection, Grain::kMinute, true))
    sums.restore_minutes(mark.part, mark.bucket);
  for (const auto& one : pending) sums.add(*one.delta);
  write(connection, sums.take());
  connection.run("DELETE FROM rollup_pending WHERE id = ANY ($1)",
                 {array_parameter(Type::kBigint, ids)});
  return true;
}

void RollupStore::lock(Connection& connection) {
  connection.run("SELECT pg_advisory_lock(hashtext($1))", {parameter(Type::kText, kLock)});
}

void RollupStore::unlock(Connection& connection) {
  connection.run("SELECT pg_advisory_unlock(hashtext($1))", {parameter(Type::kText, kLock)});
}

void RollupStore::fold_seen(Connection& connection) {
  while (add_pending(connection, kFoldBytes, true)) continue;
}

void RollupStore::replace_hour(Connection& connection, std::int64_t hour,
                               rollups::Accumulator::Changes changes, bool minutes) {
  const auto kept = connection.run(
      "DELETE FROM rollup_cell WHERE grain = 1 AND bucket = $1 AND part IN (SELECT id * 4 + kind "
      "FROM rollup_name, generate_series(0, 2) kind) RETURNING part",
      {bigint(hour)});
  std::set<rollups::Part> parts;
  for (std::size_t row = 0; row < kept.rows(); ++row)
    parts.insert(static_cast<rollups::Part>(read_bigint(kept.value(row, 0))));
  std::vector<CellKey> with_minutes;
  std::vector<rollups::Change> were;
  for (const auto part : parts) {
    with_minutes.push_back({Grain::kMinute, part, hour, 0});
    were.push_back({{Grain::kHour, part, hour, 0}, {}});
  }
  delete_minutes(connection, with_minutes);
  touch_days(connection, were);
  if (!minutes) {
    changes.minutes_begun.clear();
    std::erase_if(changes.cells,
                  [](const rollups::Change& cell) { return cell.key.grain == Grain::kMinute; });
  }
  write(connection, std::move(changes));
}

void RollupStore::write(Connection& connection, rollups::Accumulator::Changes changes) {
  delete_minutes(connection, changes.minutes_ended);
  write_cells(connection, changes.cells);
  write_names(connection);
  if (!changes.minutes_begun.empty())
    connection.run(
        "INSERT INTO rollup_mark SELECT *, true FROM unnest($1, $2, $3) ON CONFLICT DO NOTHING",
        KeyColumns(changes.minutes_begun).parameters());
  touch_days(connection, changes.cells);
}

void RollupStore::write_names(Connection& connection) {
  std::vector<std::string> ids, texts, types;
  for (const auto& [id, name] : dictionary_.take_names()) {
    ids.push_back(binary(std::int64_t{id}));
    texts.push_back(name);
  }
  if (!ids.empty())
    connection.run("INSERT INTO rollup_name SELECT * FROM unnest($1, $2)",
                   {array_parameter(Type::kBigint, ids), array_parameter(Type::kBytes, texts)});
  ids.clear();
  texts.clear();
  for (const auto& series : dictionary_.take_series()) {
    ids.push_back(binary(std::int64_t{series.id}));
    types.push_back(binary(std::int64_t{series.type}));
    texts.push_back(series.tags);
  }
  if (!ids.empty())
    connection.run("INSERT INTO rollup_series SELECT * FROM unnest($1, $2, $3)",
                   {array_parameter(Type::kBigint, ids), array_parameter(Type::kBigint, types),
                    array_parameter(Type::kBytes, texts)});
}

// Days of hours that changed are not whole any more.
void RollupStore::touch_days(Connection& connection, const std::vector<rollups::Change>& cells) {
  std::set<std::pair<rollups::Part, std::int64_t>> days;
  const auto& zone = day_zone(connection);
  for (const auto& [key, value] : cells)
    if (key.grain == Grain::kHour && rollups::has_days(key.part))
      days.emplace(key.part, seconds_of(zone.day_of(rollups::begin_of(key.bucket)).first));
  std::vector<CellKey> keys;
  keys.reserve(days.size());
  for (const auto& [part, day] : days) keys.push_back({Grain::kDay, part, day, 0});
  if (keys.empty()) return;
  connection.run(
      "INSERT INTO rollup_mark AS m SELECT *, false FROM unnest($1, $2, $3) ON CONFLICT (grain, "
      "part, bucket) DO UPDATE SET whole = false WHERE m.whole",
      KeyColumns(keys).parameters());
}

// The oldest that is over and not whole.
bool RollupStore::make_day(Connection& connection, core::Time now) {
  Turn turn(connection);
  const auto due =
      turn.mine() ? read_marks(connection, Grain::kDay, false) : std::vector<CellKey>();
  if (due.empty()) return turn.leave(), false;
  const auto& zone = day_zone(connection);
  const auto& [grain, part, day, series] = due.front();
  const auto end = zone.day_of(rollups::begin_of(day)).second;
  if (now < end + kDayWaits) return turn.leave(), false;
  rollups::DayOfHours sum;
  scan_cells(connection, Grain::kHour, part, day, seconds_of(end),
             [&](const CellKey& key, std::string_view value) { sum.add(key, value); });
  connection.run("DELETE FROM rollup_cell WHERE grain = 2 AND part = $1 AND bucket = $2",
                 {bigint(part), bigint(day)});
  write_cells(connection, sum.take(part, day));
  connection.run(
      "UPDATE rollup_mark SET whole = true WHERE grain = 2 AND part = $1 AND bucket = $2",
      {bigint(part), bigint(day)});
  turn.commit();
  return true;
}

// But for hours in which a policy changed: costs before and after it are read from them.
void RollupStore::drop_minutes(Connection& connection, core::Time now) {
  Turn turn(connection);
  if (!turn.mine()) return turn.leave();
  load_names(connection, dictionary_);
  const auto policy =
      rollups::part_of(dictionary_.find_name(rollups::names::kPolicy), Kind::kTotal);
  const auto oldest =
      rollups::bucket_of(now - rollups::kMinutesFor - std::chrono::hours(1), Grain::kHour);
  const auto hours = connection.run(
      "SELECT part, bucket FROM rollup_mark m WHERE grain = 0 AND bucket < $1 AND NOT EXISTS "
      "(SELECT FROM rollup_cell c WHERE c.grain = 1 AND c.part = $2 AND c.bucket = m.bucket)",
      {bigint(oldest), bigint(policy)});
  std::vector<CellKey> gone;
  for (std::size_t row = 0; row < hours.rows(); ++row)
    gone.push_back({Grain::kMinute, static_cast<rollups::Part>(read_bigint(hours.value(row, 0))),
                    read_bigint(hours.value(row, 1)), 0});
  delete_minutes(connection, gone);
  turn.commit();
}

void RollupStore::drop_old(Connection& connection, core::Time before) {
  Turn turn(connection);
  if (!turn.mine()) return turn.leave();
  for (const char* table : {"rollup_cell", "rollup_mark"})
    connection.run(std::string("DELETE FROM ") + table + " WHERE bucket < $1",
                   {bigint(seconds_of(before))});
  turn.commit();
}

// The first agent's.
const core::Zone& RollupStore::day_zone(Connection& connection) {
  if (day_zone_) return *day_zone_;
  connection.run("INSERT INTO rollup_state VALUES ('zone', $1) ON CONFLICT DO NOTHING",
                 {parameter(Type::kText, zone_name_)});
  day_zone_.emplace(read_state(connection, "zone").value_or(zone_name_));
  return *day_zone_;
}

}  // namespace kcloud::postgres
