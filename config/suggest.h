// "Did you mean …?": the nearest known word to a mistyped one. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/catalogue.h"

namespace kcloud::config {

// The nearest of `known` within a third of the word's length in edits (at least 1, at most 3);
// empty when none is that near.
std::string nearest(std::string_view word, const std::vector<std::string>& known);

// ` (did you mean 'x'?)`, or nothing.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& known);

// `a, b, c`.
std::string joined(const std::vector<std::string>& words);

// `no event type (did you mean 'alert'?); there are alert, …`: publishers' types and their aliases.
std::string no_event_type(std::string_view name, const core::Catalogue& catalogue);

}  // namespace kcloud::config
