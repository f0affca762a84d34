// Closes batches of stored events and chains them, in the commits that store them: the writer has
// each event and its body's hash at hand, so that nothing is read again.
//
// After a start the events behind the last seal are read, a slice at a time, beside the intake.
// The writer thread's own.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "agent/journal/journal.h"
#include "agent/journal/lineage.h"
#include "agent/journal/sqlite.h"
#include "core/seal.h"
#include "core/sha256.h"

namespace kcloud::journal {

class Sealer {
 public:
  // Reads where the chain stands, inside the open transaction. `head`: of the events.
  Sealer(const SealOptions& options, Database& db, std::uint64_t head, core::Time now);

  // An event that the open transaction stores; `event.body_hash` is set.
  void add(const core::Event& event);
  // Writes what is due into the open transaction. Whatever happens to it, the store is opened again
  // after a failure, and this with it.
  void seal(Database& db, std::uint64_t head, core::Time now);
  // Whether seal() would write something, or has a slice to read.
  bool due(core::Time now) const;
  // How long until it is; for the writer's sleep.
  std::chrono::milliseconds until_due(core::Time now) const;

  const core::ChainId& chain() const { return part_.chain; }
  const std::optional<core::Seal>& last() const { return last_; }
  // Everything up to here is sealed: what lies behind it is still needed.
  std::uint64_t sealed_to() const { return last_ ? last_->journal_end : part_.begin; }

 private:
  bool full() const;
  void add_leaf(const core::Event& event);
  void read_slice(Database& db, std::uint64_t head);
  void close(Database& db, core::Time now);

  const SealOptions options_;
  ChainPart part_;
  std::optional<core::Seal> last_;
  bool behind_ = false;        // events after covered_ are in the journal alone
  std::uint64_t covered_ = 0;  // position of the newest event in leaves_, or sealed
  std::vector<core::Sha256> leaves_;
  std::size_t bytes_ = 0;                 // of the bodies of leaves_
  std::optional<core::Time> open_since_;  // when the first of leaves_ was stored
  core::Time next_heartbeat_;
  core::Sha256Hasher hasher_;
};

}  // namespace kcloud::journal
