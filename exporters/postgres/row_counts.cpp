#include "exporters/postgres/row_counts.h"

#include "exporters/postgres/binary.h"
#include "exporters/postgres/stored_batch.h"

namespace kcloud::postgres {

RowCounts::RowCounts(Connection& connection) : connection_(connection) {
  connection_.script(
      "DECLARE row_counts NO SCROLL CURSOR FOR SELECT chain_id, batch_seq, count(*) FROM "
      "audit_event GROUP BY 1, 2 ORDER BY 1, 2");
  fetch();
}

void RowCounts::fetch() {
  const auto found = connection_.run("FETCH 1000 FROM row_counts");
  groups_.clear();
  at_ = 0;
  for (std::size_t row = 0; row < found.rows(); ++row) {
    Group group;
    core::ChainId chain{};
    if (read_bytes(found.value(row, 0), chain)) group.chain = chain;
    if (!found.is_null(row, 1)) group.seq = read_bigint(found.value(row, 1));
    group.rows = read_bigint(found.value(row, 2));
    groups_.push_back(group);
  }
}

}  // namespace kcloud::postgres
