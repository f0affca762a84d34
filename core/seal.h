// Seals: events grouped into batches, each with a Merkle root over its events and a hash that
// chains it to the batch before. Pure; the format is docs/audit.md, of the Merkle tree RFC
// 6962, 2.1.
//
// All integers are big-endian. A text is its length (u32) and its bytes; one that is not there, or
// empty, has the length 0xFFFFFFFF.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/event.h"
#include "core/sha256.h"
#include "core/time.h"

namespace kcloud::core {

using ChainId = std::array<std::uint8_t, 16>;

// One sealed batch of one chain. `seq` counts from 1; of the first batch `prev` is all zero, unless
// the chain follows another one.
struct Seal {
  ChainId chain{};
  std::uint64_t seq = 0;
  std::int32_t day = 0;            // when it was sealed: UTC days since 1970-01-01
  std::uint64_t events = 0;        // in this batch; 0: a heartbeat
  std::uint64_t total_events = 0;  // in the chain up to and with this batch
  std::uint64_t journal_end = 0;   // position of the last event up to and with this batch
  Sha256 root{};                   // over the leaves of its events, in the journal's order
  Sha256 prev{};                   // hash of the batch before
  Sha256 hash{};                   // of all of the above
  Time sealed;                     // not part of the hash
};

// SHA-256(0x00 | "kcl1" | id | time | type | source | SHA-256(body)), each with its length; time in
// nanoseconds since 1970 (i64). Nothing in it depends on the agent. `event.body_hash` must be set:
// a reader of the journal leaves it out.
Sha256 leaf_hash(Sha256Hasher& hasher, const Event& event);

// RFC 6962's tree hash of leaves that are hashed already; of none: SHA-256 of nothing. Changes
// `leaves`.
Sha256 merkle_root(Sha256Hasher& hasher, std::vector<Sha256>& leaves);

// SHA-256(0x02 | "kcl1" | chain | seq | day (i32) | events | total_events | journal_end | root |
// prev); u64 where nothing else is said.
Sha256 seal_hash(Sha256Hasher& hasher, const Seal& seal);

std::string to_string(const ChainId& chain);  // as a UUID

}  // namespace kcloud::core
