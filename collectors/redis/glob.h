// Redis's glob patterns, as PSUBSCRIBE matches channels: `*`, `?`, `[a-c]`, `[^x]`, `\` before a
// literal. Byte-wise and case-sensitive; the corners (an unclosed class, an empty text) are those
// of Redis 7. Pure; never reads beyond its arguments; at most pattern times text steps.
#pragma once

#include <string_view>

namespace kcloud::redis {

bool glob_match(std::string_view pattern, std::string_view text);

// Whether the text holds a character that means something in a pattern.
bool is_glob(std::string_view text);

}  // namespace kcloud::redis
