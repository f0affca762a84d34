// Parameters of lists whose rows have a number, newest first: limit, before, since, until. Pure.
#pragma once

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "agent/api/event_query.h"
#include "core/time.h"

namespace kcloud::api {

inline constexpr std::uint64_t kMostRows = 1000;  // of a page

// Above 0.
inline std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value == 0 || value > INT64_MAX) {
    return std::nullopt;
  }
  return value;
}

inline std::string unfit(std::string_view name, std::string_view value, std::string_view expected) {
  return fmt::format("parameter `{}` is `{}`; expected {}", name, value, expected);
}

// nullopt: the parameter is another one; else what is wrong with it, empty when it was taken.
template <typename Query>
std::optional<std::string> take_page(const std::pair<std::string, std::string>& parameter,
                                     core::Time now, const core::Zone& zone, Query& query) {
  const auto& [name, value] = parameter;
  if (name == "limit" || name == "before") {
    const auto given = parse_number(value);
    if (!given || (name == "limit" && *given > kMostRows)) {
      return unfit(name, value, name == "limit" ? "1 to 1000" : "a number above 0");
    }
    (name == "limit" ? query.limit : query.before) = *given;
  } else if (name == "since" || name == "until") {
    auto& bound = name == "since" ? query.since : query.until;
    bound = parse_query_time(value, now, zone);
    if (!bound) return unfit(name, value, "a time, such as 2025-01-15T10:30:00Z or -24h");
  } else {
    return std::nullopt;
  }
  return std::string();
}

}  // namespace kcloud::api
