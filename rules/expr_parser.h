// An alert's expression. Internal to rules/.
#pragma once

#include <optional>

#include "rules/cursor.h"

namespace kcloud::rules {

// With all names resolved; what its parts may be is check.h's. nullopt when its grammar is broken.
// The problems go to the scope.
std::optional<Expr> parse_expr(const config::Text& text, Scope& scope, Budget& budget);

}  // namespace kcloud::rules
