// What a verification of the audit chain is asked for and what it found, whatever the store.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/chain_check.h"
#include "core/seal.h"
#include "core/time.h"

namespace kcloud::core {

struct VerifyOptions {
  std::vector<ChainHead> heads;  // kept outside
  // Batches sealed in [from, to) are read event by event; the links of all others are checked too.
  std::optional<Time> from, to;

  bool wants(const Seal& seal) const {
    return (!from || seal.sealed >= *from) && (!to || seal.sealed < *to);
  }
};

struct ChainFinding {
  std::uint64_t batch = 0;  // 0: of the chain as a whole
  std::string problem;
};

struct ChainReport {
  std::optional<ChainId> chain;      // nullopt: of no chain
  std::optional<ChainHead> follows;  // the batch of another chain that it goes on from
  std::optional<Seal> first, last;
  std::uint64_t batches = 0;
  std::uint64_t events = 0;    // read and in their batch
  std::uint64_t unread = 0;    // of batches outside of the time, or no longer kept
  std::uint64_t unsealed = 0;  // behind the last batch
  std::uint64_t heads_met = 0;
  std::vector<ChainFinding> findings;
  bool ok() const { return findings.empty(); }
};

// Called with the number of batches done.
using VerifyProgress = std::function<void(std::uint64_t batches)>;

}  // namespace kcloud::core
