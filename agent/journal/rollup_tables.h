// The rollups' tables: reading, and what salvage takes over. Writing is Store's
// (store_rollups.cpp).
#pragma once

#include <memory>

#include "agent/journal/rollup_state.h"
#include "agent/journal/sqlite.h"

namespace kcloud::journal {

// Within the transaction that is open.
std::unique_ptr<RollupView> view_rollups(Database& db);

// All or nothing: false when the damaged file does not show them whole.
bool carry_over_rollups(Database& to, Database& from);

}  // namespace kcloud::journal
