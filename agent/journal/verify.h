// Verifies the audit chain against the events that the journal holds: `audit verify --data-dir`.
#pragma once

#include "agent/journal/reader.h"
#include "core/chain_report.h"

namespace kcloud::journal {

// Of the chain that goes on; findings are of those before it too. Throws std::runtime_error when
// the journal cannot be read. Without a `chain`: nothing was ever sealed here.
core::ChainReport verify_chain(Reader& reader, const core::VerifyOptions& options,
                               const core::VerifyProgress& progress = {});

}  // namespace kcloud::journal
