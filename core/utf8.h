// UTF-8 (RFC 3629). Pure.
#pragma once

#include <string_view>

namespace kcloud::core {

bool is_utf8(std::string_view bytes);
// At most so many bytes of a text, without a part of a character at the end.
std::string_view utf8_prefix(std::string_view text, std::size_t most);

}  // namespace kcloud::core
