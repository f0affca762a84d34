// Standard base64 (RFC 4648, section 4), with padding. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kcloud::core {

// nullopt: a character that is no base64, a missing padding, bits left over. Blanks and line ends
// are not passed over.
std::optional<std::string> base64_decode(std::string_view text);

std::string base64_encode(std::string_view bytes);

}  // namespace kcloud::core
