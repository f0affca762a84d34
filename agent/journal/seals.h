// Seals in the journal: the chain's name and its batches, written by the writer alone.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "agent/journal/lineage.h"
#include "agent/journal/sqlite.h"
#include "core/seal.h"

namespace kcloud::journal {

// The chain of this data directory; made when there is none, inside the open transaction.
core::ChainId chain_of(Database& db);
// The chains of this data directory, oldest first; the last is chain_of(). Empty: none yet.
std::vector<ChainPart> lineage(Database& db);
// A new chain takes the place of the one there is, and follows its batch `after`, or none of it
// (0). Inside the open transaction. Throws std::invalid_argument when there is no such batch.
Renewal renew_chain(Database& db, std::uint64_t after);
std::optional<core::Seal> last_seal(Database& db, const core::ChainId& chain);
void add_seal(Database& db, const core::Seal& seal);
// Seals of the chain with a greater seq, in order.
std::vector<core::Seal> seals_after(Database& db, const core::ChainId& chain, std::uint64_t seq,
                                    std::size_t limit);
// Takes the chain and its seals over from a damaged file. Throws SqliteError where that ends.
void carry_over_seals(Database& to, Database& from);
// Removes at most `slice` of the oldest seals whose events are gone (positions below `oldest`) and
// that were made before `sealed_before` (ns). The last of them stays: the chain's anchor, at whose
// end the first batch that is kept begins.
void drop_seals(Database& db, std::uint64_t oldest, std::int64_t sealed_before,
                std::uint32_t slice);

}  // namespace kcloud::journal
