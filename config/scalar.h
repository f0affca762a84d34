// Texts of numbers, sizes and durations as the file holds them, both ways. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kcloud::config {

// Digits only.
std::optional<std::uint64_t> parse_whole(std::string_view text);
// Digits, or with KiB MiB GiB TiB (powers of 1024), kB MB GB TB (powers of 1000), B.
std::optional<std::uint64_t> parse_size(std::string_view text);

// `10GiB`, `64KiB`, `1000`: the largest binary unit that keeps it whole.
std::string format_size(std::uint64_t bytes);
// `30d`, `12h`, `10s`, `200ms`: the largest unit that keeps it whole.
std::string format_duration(std::chrono::milliseconds duration);

}  // namespace kcloud::config
