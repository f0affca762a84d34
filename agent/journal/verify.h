// Verifies the audit chain against the events that the journal holds: `audit verify --data-dir`.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "agent/journal/reader.h"
#include "core/chain_check.h"

namespace kcloud::journal {

struct VerifyOptions {
  std::vector<core::ChainHead> heads;  // kept outside
  // Batches sealed in [from, to) are read event by event; the links of all others are checked too.
  std::optional<core::Time> from, to;
};

struct ChainFinding {
  std::uint64_t batch = 0;  // 0: of the chain as a whole
  std::string problem;
};

// Of the chain that goes on; findings are of those before it too.
struct ChainReport {
  std::optional<core::ChainId> chain;  // nullopt: nothing was ever sealed here
  std::optional<core::Seal> first, last;
  std::uint64_t batches = 0;
  std::uint64_t events = 0;                // read and in their batch
  std::uint64_t unread = 0;                // of batches outside of the time, or no longer kept
  std::uint64_t unsealed = 0;              // behind the last batch
  std::uint64_t heads_met = 0;             // of every chain
  std::optional<core::ChainHead> follows;  // the batch of another chain that it names
  std::uint64_t older_batches = 0, older_events = 0;  // read of the chains before it
  std::vector<ChainFinding> findings;
  bool ok() const { return findings.empty(); }
};

// `progress` is called with the number of batches done. Throws std::runtime_error when the journal
// cannot be read.
ChainReport verify_chain(Reader& reader, const VerifyOptions& options,
                         const std::function<void(std::uint64_t batches)>& progress = {});

}  // namespace kcloud::journal
