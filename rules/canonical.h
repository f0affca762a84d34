// One form for filters and selectors that mean the same, so that rules can share them. Pure.
#pragma once

#include <string>

#include "rules/rule.h"

namespace kcloud::rules {

// The same predicate with: `=`, `in` and `exists` instead of their negations under kNot, no null,
// and/or flattened, their operands and the values of `in` sorted, each once.
Filter normalised(Filter filter);

std::string canonical(const Filter& filter);      // of a normalised one
std::string canonical(const Selector& selector);  // with window, offset and `by`

// `"…"` as the language reads it back.
std::string quoted(std::string_view text);
// `1h30m` as `90m`: the largest unit that keeps it whole.
std::string to_string(Duration duration);

}  // namespace kcloud::rules
