// What a delivery writes, inside the transaction that is open: ids, rows, batches, hourly sums and
// what is to be added to the rollups.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/event.h"
#include "core/seal.h"
#include "core/sha256.h"
#include "exporters/postgres/binary.h"
#include "exporters/postgres/connection.h"
#include "exporters/postgres/layout.h"
#include "exporters/postgres/rollup_store.h"

namespace kcloud::postgres {

struct Batch {
  const core::Seal* seal;
  std::span<const core::Event> events;  // with their body_hash
};

class Store {
 public:
  // Of events that the database has already, only the batches name them. Throws Error.
  void write(Connection& connection, const Layout& layout, std::span<const Batch> batches,
             RollupStore& rollups);

 private:
  struct Claim {
    const core::Event* event;
    const core::Seal* seal;
    std::int32_t day;   // of the event's row
    bool fresh = true;  // the row is this batch's to write
  };
  void claim_ids(Connection& connection, std::vector<Claim>& claims);
  void copy(Connection& connection, const Layout& layout, std::span<const Claim* const> rows);
  void write_batches(Connection& connection, std::span<const Batch> batches,
                     const std::vector<Claim>& claims);

  CopyRows rows_;
  core::Sha256Hasher hasher_;
};

}  // namespace kcloud::postgres
