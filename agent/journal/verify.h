// Verifies the audit chains of a data directory against the events that the journal holds: `audit
// verify --data-dir`.
#pragma once

#include <vector>

#include "agent/journal/reader.h"
#include "core/chain_report.h"

namespace kcloud::journal {

// A report of each chain, oldest first; empty: nothing was ever sealed here. Throws
// std::runtime_error when the journal cannot be read.
std::vector<core::ChainReport> verify_chains(Reader& reader, const core::VerifyOptions& options,
                                             const core::VerifyProgress& progress = {});

}  // namespace kcloud::journal
