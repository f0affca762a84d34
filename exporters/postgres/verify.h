// Verifies the chains that a database holds against its rows: `audit verify --pg`.
//
// Reads one snapshot in a read-only transaction; a reader role is enough. Beside the chain itself
// (core/chain_check.h): each row is what was sealed, none is missing but for days that retention
// dropped, none is there twice, none is there that was not sealed, and what its columns say is what
// its body says.
#pragma once

#include <vector>

#include "core/catalogue.h"
#include "core/chain_report.h"
#include "core/decode.h"
#include "exporters/postgres/config.h"

namespace kcloud::postgres {

// One report a chain, by chain id; findings that belong to none are in a last one without a chain.
// Columns are compared by `catalogue` and `decode`; a NULL where the body has a value is none of
// its findings, as a column may be younger than the row. `stop_fd` as a connection takes it. Throws
// std::runtime_error when the database cannot be read or has no chain.
std::vector<core::ChainReport> verify_database(const Config& config,
                                               const core::Catalogue& catalogue,
                                               const core::DecodeOptions& decode,
                                               const core::VerifyOptions& options,
                                               const core::VerifyProgress& progress = {},
                                               int stop_fd = -1);

}  // namespace kcloud::postgres
