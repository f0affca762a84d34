#include "exporters/postgres/store.h"

#include <algorithm>

#include "exporters/postgres/hourly_sums.h"
#include "exporters/postgres/row.h"

namespace kcloud::postgres {
namespace {

constexpr std::size_t kChunk = std::size_t{128} << 10;  // sent while the next rows are made

template <std::size_t N>
std::string_view bytes_of(const std::array<std::uint8_t, N>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::int64_t signed_of(std::uint64_t number) { return static_cast<std::int64_t>(number); }

// Where the ids lie, sorted by them.
template <typename Claims>
auto find(Claims& sorted, std::string_view id) {
  return std::ranges::lower_bound(sorted, id, {},
                                  [](const auto* claim) { return claim->event->id.view(); });
}

}  // namespace

// Sorted, as agents that store the same ids at the same time would else wait for one another.
void Store::claim_ids(Connection& connection, std::vector<Claim>& claims) {
  std::vector<Claim*> sorted;
  sorted.reserve(claims.size());
  for (auto& claim : claims) sorted.push_back(&claim);
  const auto id_of = [](const Claim* claim) { return claim->event->id.view(); };
  std::ranges::stable_sort(sorted, {}, id_of);
  sorted.erase(std::unique(sorted.begin(), sorted.end(),
                           [&](const Claim* a, const Claim* b) { return id_of(a) == id_of(b); }),
               sorted.end());
  if (sorted.empty()) return;

  ArrayBuilder ids(Type::kUuid, sorted.size()), days(Type::kDate, sorted.size());
  for (const Claim* claim : sorted) {
    ids.add(id_of(claim));
    days.add(binary_date(claim->day));
  }
  const auto claimed = connection.run(
      "INSERT INTO audit_seen (event_id, ingest_day) SELECT * FROM unnest($1, $2) "
      "ON CONFLICT DO NOTHING RETURNING event_id",
      {ids.parameter(), days.parameter()});
  if (claimed.rows() == claims.size()) return;

  for (auto& claim : claims) claim.fresh = false;
  for (std::size_t row = 0; row < claimed.rows(); ++row)
    (*find(sorted, claimed.value(row, 0)))->fresh = true;
  std::vector<std::string> known;
  for (const Claim* claim : sorted)
    if (!claim->fresh) known.emplace_back(id_of(claim));
  if (!known.empty()) {
    const auto stored =
        connection.run("SELECT event_id, ingest_day FROM audit_seen WHERE event_id = ANY ($1)",
                       {array_parameter(Type::kUuid, known)});
    for (std::size_t row = 0; row < stored.rows(); ++row)
      (*find(sorted, stored.value(row, 0)))->day = read_date(stored.value(row, 1));
  }
  for (auto& claim : claims) claim.day = (*find(sorted, claim.event->id.view()))->day;
}

// A value that the server refuses is looked for by halves; its row then goes without typed columns.
void Store::copy(Connection& connection, const Layout& layout, std::span<const Claim* const> rows) {
  const auto send = [&](bool typed) {
    connection.script("SAVEPOINT rows");
    std::size_t next = 0;
    connection.copy(copy_statement(layout), [&]() -> std::string_view {
      rows_.clear();
      if (next == 0) rows_.header();
      while (next < rows.size() && rows_.size() < kChunk) {
        append_row(*rows[next]->event, *rows[next]->seal, layout, typed, rows_);
        if (++next == rows.size()) rows_.trailer();
      }
      return rows_.view();
    });
    connection.script("RELEASE SAVEPOINT rows");
  };
  try {
    return send(true);
  } catch (const Error& error) {
    if (!error.state.starts_with("22")) throw;
    connection.script("ROLLBACK TO SAVEPOINT rows; RELEASE SAVEPOINT rows");
  }
  if (rows.size() == 1) return send(false);
  copy(connection, layout, rows.first(rows.size() / 2));
  copy(connection, layout, rows.subspan(rows.size() / 2));
}

void Store::write_batches(Connection& connection, std::span<const Batch> batches,
                          const std::vector<Claim>& claims) {
  const std::size_t n = batches.size();
  ArrayBuilder chain(Type::kUuid, n), seq(Type::kBigint, n), day(Type::kDate, n),
      events(Type::kBigint, n), total(Type::kBigint, n), end(Type::kBigint, n),
      ids(Type::kBytes, n), leaves(Type::kBytes, n), days(Type::kBytes, n), root(Type::kBytes, n),
      prev(Type::kBytes, n), hash(Type::kBytes, n), sealed(Type::kTimestamp, n);
  auto claim = claims.begin();
  std::string own_ids, own_leaves, own_days;
  for (const auto& batch : batches) {
    const auto& seal = *batch.seal;
    own_ids.clear();
    own_leaves.clear();
    own_days.clear();
    for (const auto& event : batch.events) {
      own_ids += event.id.view();
      own_leaves += bytes_of(core::leaf_hash(hasher_, event));
      const int offset = claim++->day - seal.day;
      own_days += {static_cast<char>(offset >> 8), static_cast<char>(offset)};
    }
    chain.add(bytes_of(seal.chain));
    seq.add(binary(signed_of(seal.seq)));
    day.add(binary_date(seal.day));
    events.add(binary(signed_of(seal.events)));
    total.add(binary(signed_of(seal.total_events)));
    end.add(binary(signed_of(seal.journal_end)));
    ids.add(own_ids);
    leaves.add(own_leaves);
    days.add(own_days);
    root.add(bytes_of(seal.root));
    prev.add(bytes_of(seal.prev));
    hash.add(bytes_of(seal.hash));
    sealed.add(binary_time(seal.sealed));
  }
  connection.run(
      "INSERT INTO audit_batch (chain_id, seq, ingest_day, n_events, total_events, journal_end, "
      "event_ids, leaves, event_days, root, prev_hash, hash, sealed_at) SELECT * FROM "
      "unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
      {chain.parameter(), seq.parameter(), day.parameter(), events.parameter(), total.parameter(),
       end.parameter(), ids.parameter(), leaves.parameter(), days.parameter(), root.parameter(),
       prev.parameter(), hash.parameter(), sealed.parameter()});
}

void Store::write(Connection& connection, const Layout& layout, std::span<const Batch> batches,
                  RollupStore& rollups) {
  std::vector<Claim> claims;
  std::size_t count = 0;
  for (const auto& batch : batches) count += batch.events.size();
  claims.reserve(count);
  for (const auto& batch : batches)
    for (const auto& event : batch.events) claims.push_back({&event, batch.seal, batch.seal->day});
  claim_ids(connection, claims);

  std::vector<const Claim*> rows;
  HourlySums sums;
  for (const auto& claim : claims)
    if (claim.fresh) {
      rows.push_back(&claim);
      sums.add(*claim.event);
    }
  if (!rows.empty()) {
    copy(connection, layout, rows);
    std::vector<const core::Event*> events;
    events.reserve(rows.size());
    for (const Claim* row : rows) events.push_back(row->event);
    rollups.add(connection, events);
  }
  write_batches(connection, batches, claims);
  sums.write(connection);
}

}  // namespace kcloud::postgres
