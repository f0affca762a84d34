// The frame of a snapshot: which kind of bytes and version, the content, a checksum. Pure.
//
//   "kcloud-rules\n" | version | length and content | checksum of all before, 8 bytes
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kcloud::rules {

std::string sealed(std::string_view content);
// The content, inside `bytes`; nullopt: damaged, or of another version.
std::optional<std::string_view> unsealed(std::string_view bytes);

}  // namespace kcloud::rules
