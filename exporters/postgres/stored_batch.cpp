#include "exporters/postgres/stored_batch.h"

#include "exporters/postgres/binary.h"

namespace kcloud::postgres {
namespace {

StoredBatch read_batch(const Result& found, std::size_t row, const core::ChainId& chain) {
  const auto number = [&](int column) {
    return static_cast<std::uint64_t>(read_bigint(found.value(row, column)));
  };
  StoredBatch batch;
  auto& seal = batch.seal;
  seal.chain = chain;
  seal.seq = number(0);
  seal.day = read_date(found.value(row, 1));
  seal.events = number(2);
  seal.total_events = number(3);
  seal.journal_end = number(4);
  batch.ids = found.value(row, 5);
  batch.leaves = found.value(row, 6);
  batch.days = found.value(row, 7);
  batch.whole = read_bytes(found.value(row, 8), seal.root) &&
                read_bytes(found.value(row, 9), seal.prev) &&
                read_bytes(found.value(row, 10), seal.hash);
  seal.sealed = read_time(found.value(row, 11));
  return batch;
}

}  // namespace

std::vector<StoredBatch> batches_behind(Connection& connection, const core::ChainId& chain,
                                        std::int64_t after, std::int64_t limit) {
  const auto found = connection.run(
      "SELECT seq, ingest_day, n_events, total_events, journal_end, event_ids, leaves, "
      "event_days, root, prev_hash, hash, sealed_at FROM audit_batch WHERE chain_id = $1 AND "
      "seq > $2 ORDER BY seq LIMIT $3",
      {parameter(Type::kUuid, std::string(chain.begin(), chain.end())),
       parameter(Type::kBigint, binary(after)), parameter(Type::kBigint, binary(limit))});
  std::vector<StoredBatch> batches;
  batches.reserve(found.rows());
  for (std::size_t row = 0; row < found.rows(); ++row)
    batches.push_back(read_batch(found, row, chain));
  return batches;
}

}  // namespace kcloud::postgres
