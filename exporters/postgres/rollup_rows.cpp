#include "exporters/postgres/rollup_rows.h"

#include "exporters/postgres/binary.h"

namespace kcloud::postgres {
namespace {

using rollups::CellKey;
using rollups::Grain;

constexpr std::int64_t kPage = 2'000;  // cells

std::int64_t number(Grain grain) { return static_cast<std::int64_t>(grain); }

Parameter bigint(std::int64_t value) { return parameter(Type::kBigint, binary(value)); }

CellKey read_key(const Result& result, std::size_t row) {
  CellKey key;
  key.grain = static_cast<Grain>(read_bigint(result.value(row, 0)));
  key.part = static_cast<rollups::Part>(read_bigint(result.value(row, 1)));
  key.bucket = read_bigint(result.value(row, 2));
  key.series = static_cast<std::uint32_t>(read_bigint(result.value(row, 3)));
  return key;
}

}  // namespace

void load_names(Connection& connection, rollups::Dictionary& dictionary) {
  const auto names = connection.run("SELECT id, name FROM rollup_name WHERE id > $1 ORDER BY id",
                                    {bigint(dictionary.last_name())});
  for (std::size_t row = 0; row < names.rows(); ++row)
    dictionary.restore_name(static_cast<std::uint32_t>(read_bigint(names.value(row, 0))),
                            std::string(names.value(row, 1)));
  const auto series =
      connection.run("SELECT id, type, tags FROM rollup_series WHERE id > $1 ORDER BY id",
                     {bigint(dictionary.last_series())});
  for (std::size_t row = 0; row < series.rows(); ++row)
    dictionary.restore_series({static_cast<std::uint32_t>(read_bigint(series.value(row, 0))),
                               static_cast<std::uint32_t>(read_bigint(series.value(row, 1))),
                               std::string(series.value(row, 2))});
}

std::vector<PendingDelta> read_pending(Connection& connection, std::int64_t most_bytes) {
  const auto found = connection.run(
      "SELECT id, delta FROM (SELECT id, delta, sum(octet_length(delta)) OVER (ORDER BY id) - "
      "octet_length(delta) AS before FROM rollup_pending) p WHERE $1 = 0 OR before < $1 "
      "ORDER BY id",
      {bigint(most_bytes)});
  std::vector<PendingDelta> pending;
  pending.reserve(found.rows());
  for (std::size_t row = 0; row < found.rows(); ++row)
    pending.push_back(
        {read_bigint(found.value(row, 0)), rollups::decode_delta(found.value(row, 1))});
  return pending;
}

std::int64_t pending_bytes(Connection& connection) {
  const auto found =
      connection.run("SELECT coalesce(sum(octet_length(delta)), 0) FROM rollup_pending");
  return read_bigint(found.value(0, 0));
}

void scan_cells(Connection& connection, Grain grain, rollups::Part part, std::int64_t from,
                std::int64_t to, const VisitCell& visit) {
  std::int64_t series = -1;
  for (;;) {
    const auto cells = connection.run_prepared(
        "SELECT grain, part, bucket, series, value FROM rollup_cell WHERE grain = $1 AND part = $2 "
        "AND (bucket, series) > ($3, $4) AND bucket < $5 ORDER BY bucket, series LIMIT $6",
        {bigint(number(grain)), bigint(part), bigint(from), bigint(series), bigint(to),
         bigint(kPage)});
    for (std::size_t row = 0; row < cells.rows(); ++row)
      visit(read_key(cells, row), cells.value(row, 4));
    if (cells.rows() < static_cast<std::size_t>(kPage)) return;
    const auto last = read_key(cells, cells.rows() - 1);
    from = last.bucket;
    series = last.series;
  }
}

void read_buckets(Connection& connection, const std::set<Bucket>& buckets, const VisitCell& visit) {
  ArrayBuilder grains(Type::kBigint, buckets.size()), parts(Type::kBigint, buckets.size()),
      begins(Type::kBigint, buckets.size());
  for (const auto& [grain, part, bucket] : buckets) {
    grains.add(binary(number(grain)));
    parts.add(binary(std::int64_t{part}));
    begins.add(binary(bucket));
  }
  // LATERAL with OFFSET 0: each bucket by the index, whatever the planner thinks of the table.
  const auto cells = connection.run(
      "SELECT c.grain, c.part, c.bucket, c.series, c.value FROM unnest($1, $2, $3) AS k(grain, "
      "part, bucket), LATERAL (SELECT * FROM rollup_cell r WHERE r.grain = k.grain AND r.part = "
      "k.part AND r.bucket = k.bucket OFFSET 0) c",
      {grains.parameter(), parts.parameter(), begins.parameter()});
  for (std::size_t row = 0; row < cells.rows(); ++row)
    visit(read_key(cells, row), cells.value(row, 4));
}

void write_cells(Connection& connection, const std::vector<rollups::Change>& cells) {
  if (cells.empty()) return;
  ArrayBuilder grains(Type::kBigint, cells.size()), parts(Type::kBigint, cells.size()),
      buckets(Type::kBigint, cells.size()), series(Type::kBigint, cells.size()),
      values(Type::kBytes, cells.size());
  for (const auto& [key, value] : cells) {
    grains.add(binary(number(key.grain)));
    parts.add(binary(std::int64_t{key.part}));
    buckets.add(binary(key.bucket));
    series.add(binary(std::int64_t{key.series}));
    values.add(value);
  }
  connection.run(
      "INSERT INTO rollup_cell SELECT * FROM unnest($1, $2, $3, $4, $5) "
      "ON CONFLICT (grain, part, bucket, series) DO UPDATE SET value = excluded.value",
      {grains.parameter(), parts.parameter(), buckets.parameter(), series.parameter(),
       values.parameter()});
}

std::vector<CellKey> read_marks(Connection& connection, Grain grain, bool whole) {
  const auto found = connection.run(
      "SELECT grain, part, bucket, 0::bigint FROM rollup_mark WHERE grain = $1 AND whole = $2 "
      "ORDER BY bucket, part",
      {bigint(number(grain)), parameter(Type::kBoolean, binary(whole))});
  std::vector<CellKey> marks;
  for (std::size_t row = 0; row < found.rows(); ++row) marks.push_back(read_key(found, row));
  return marks;
}

// Days of ingest are dropped whole.
std::optional<core::Time> kept_since(Connection& connection) {
  const auto found = connection.run("SELECT max(day) + 1 FROM audit_retention");
  if (found.rows() == 0 || found.is_null(0, 0)) return std::nullopt;
  return core::Time(std::chrono::days(read_date(found.value(0, 0))));
}

std::optional<std::string> read_state(Connection& connection, const std::string& name) {
  const auto found = connection.run("SELECT value FROM rollup_state WHERE name = $1",
                                    {parameter(Type::kText, name)});
  if (found.rows() == 0) return std::nullopt;
  return std::string(found.value(0, 0));
}

}  // namespace kcloud::postgres
