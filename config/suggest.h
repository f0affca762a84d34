// "Did you mean …?": the nearest known word to a mistyped one. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kcloud::config {

// The nearest of `known` within a third of the word's length in edits (at least 1, at most 3);
// empty when none is that near.
std::string nearest(std::string_view word, const std::vector<std::string>& known);

// ` (did you mean 'x'?)`, or nothing.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& known);

// `a, b, c`.
std::string joined(const std::vector<std::string>& words);

}  // namespace kcloud::config
