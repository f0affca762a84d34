// Whether bytes are UTF-8 (RFC 3629). Pure.
#pragma once

#include <string_view>

namespace kcloud::core {

bool is_utf8(std::string_view bytes);

}  // namespace kcloud::core
