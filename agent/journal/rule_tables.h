// The rules loop's tables: reading, and what salvage takes over. Writing is Store's
// (store_rules.cpp).
#pragma once

#include <string>
#include <vector>

#include "agent/journal/rule_state.h"
#include "agent/journal/sqlite.h"

namespace kcloud::journal {

std::vector<RuleStep> rule_steps_after(Database& db, std::uint64_t number);
std::uint64_t last_rule_step(Database& db);  // 0: none
std::vector<std::string> firing_alerts(Database& db);
std::vector<Silence> silences(Database& db);  // by id

// Throws SqliteError where the damaged file ends.
void carry_over_rules(Database& to, Database& from);

}  // namespace kcloud::journal
