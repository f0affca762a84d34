// A file that is there whole or not at all: written beside, synced, renamed, its directory synced.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string_view>

namespace kcloud::core {

// The directory must exist. Throws std::runtime_error naming the file. Blocks for the disk.
void write_durably(const std::filesystem::path& file, std::string_view content, mode_t mode = 0600);
// False: it was not there. Throws likewise.
bool remove_durably(const std::filesystem::path& file);

}  // namespace kcloud::core
