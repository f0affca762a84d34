#include "core/quantity.h"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace kcloud::core {
namespace {

using Scale = std::pair<std::string_view, double>;

constexpr std::array<Scale, 10> kPrefixes{{{"k", 1e3},
                                           {"M", 1e6},
                                           {"G", 1e9},
                                           {"T", 1e12},
                                           {"P", 1e15},
                                           {"Ki", 0x1p10},
                                           {"Mi", 0x1p20},
                                           {"Gi", 0x1p30},
                                           {"Ti", 0x1p40},
                                           {"Pi", 0x1p50}}};
constexpr std::array<Scale, 5> kMilliseconds{
    {{"ms", 1}, {"s", 1e3}, {"m", 6e4}, {"h", 3.6e6}, {"d", 8.64e7}}};

// A multiplier and a divisor: 250 ms are exactly 0.25 s, where a factor of 0.001 would round.
struct Factor {
  double multiply = 1;
  double divide = 1;
};

template <std::size_t N>
std::optional<double> scale_of(const std::array<Scale, N>& scales, std::string_view suffix) {
  for (const auto& [name, factor] : scales)
    if (name == suffix) return factor;
  return std::nullopt;
}

// Milliseconds in the unit; 0 when the unit is no duration.
double milliseconds_in(Unit unit) {
  switch (unit) {
    case Unit::kMilliseconds:
      return 1;
    case Unit::kSeconds:
      return 1e3;
    case Unit::kHours:
      return 3.6e6;
    default:
      return 0;
  }
}

std::optional<Factor> factor_of(std::string_view suffix, Unit unit) {
  if (const double divide = milliseconds_in(unit); divide > 0)
    if (const auto multiply = scale_of(kMilliseconds, suffix)) return Factor{*multiply, divide};
  if (unit == Unit::kPercent && suffix == "%") return Factor{};
  if (unit == Unit::kCores && suffix == "m") return Factor{1, 1000};
  const bool symbol = (unit == Unit::kWatts && suffix.ends_with('W')) ||
                      (unit == Unit::kBytes && suffix.ends_with('B'));
  if (symbol) suffix.remove_suffix(1);
  if (suffix.empty()) return Factor{};
  const auto multiply = scale_of(kPrefixes, suffix);
  return multiply ? std::optional(Factor{*multiply, 1}) : std::nullopt;
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

}  // namespace

std::optional<double> parse_quantity(std::string_view text, Unit unit) {
  text = trim(text);
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  // from_chars would also read "inf" and "nan".
  if (text.empty() || std::string_view(".0123456789").find(text[0]) == text.npos)
    return std::nullopt;

  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  const auto used = static_cast<std::size_t>(end - text.data());
  const auto factor = factor_of(trim(text.substr(used)), unit);
  if (!factor) return std::nullopt;
  const double value = (negative ? -number : number) * factor->multiply / factor->divide;
  if (!std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace kcloud::core
