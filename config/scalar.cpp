#include "config/scalar.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <limits>
#include <utility>

namespace kcloud::config {
namespace {

using Suffix = std::pair<std::string_view, std::uint64_t>;

constexpr std::array<Suffix, 10> kSizes{{{"TiB", 1ull << 40},
                                         {"GiB", 1ull << 30},
                                         {"MiB", 1ull << 20},
                                         {"KiB", 1ull << 10},
                                         {"TB", 1'000'000'000'000},
                                         {"GB", 1'000'000'000},
                                         {"MB", 1'000'000},
                                         {"kB", 1'000},
                                         {"B", 1},
                                         {"", 1}}};
constexpr std::size_t kBinarySizes = 4;
constexpr std::array<Suffix, 4> kDurations{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}}};

}  // namespace

std::optional<std::uint64_t> parse_whole(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = parse_whole(text.substr(0, digits));
  if (!number) return std::nullopt;
  for (const auto& [suffix, factor] : kSizes) {
    if (text.substr(digits) != suffix) continue;
    if (*number > std::numeric_limits<std::uint64_t>::max() / factor) return std::nullopt;
    return *number * factor;
  }
  return std::nullopt;
}

std::string format_size(std::uint64_t bytes) {
  for (std::size_t i = 0; i < kBinarySizes && bytes > 0; ++i)
    if (bytes % kSizes[i].second == 0)
      return fmt::format("{}{}", bytes / kSizes[i].second, kSizes[i].first);
  return fmt::format("{}", bytes);
}

std::string format_duration(std::chrono::milliseconds duration) {
  const auto ms = static_cast<std::uint64_t>(duration.count());
  for (const auto& [suffix, factor] : kDurations)
    if (ms > 0 && ms % factor == 0) return fmt::format("{}{}", ms / factor, suffix);
  return fmt::format("{}ms", ms);
}

}  // namespace kcloud::config
