#include "agent/api/range_query.h"

#include <fmt/format.h>

#include <set>
#include <stdexcept>

#include "agent/api/event_query.h"

namespace kcloud::api {

RangeQuery::RangeQuery(const http::Parameters& parameters, core::Time time,
                       const std::string& default_zone)
    : now(time), zone(default_zone) {
  std::set<std::string_view> seen;
  for (const auto& [name, value] : parameters) {
    if (!seen.insert(name).second) fail(fmt::format("parameter `{}` is given twice", name));
    if (name != "zone") continue;
    try {
      zone = core::Zone(value);
    } catch (const std::invalid_argument&) {
      fail(name, value, "an IANA time zone such as Asia/Seoul");
    }
  }
}

bool RangeQuery::read(const std::string& name, const std::string& value) {
  if (name == "time_range") {
    length = core::parse_duration(value);
    if (!length || *length < std::chrono::minutes(1) || *length > kLongest)
      fail(name, value, "a time from 1m to 3660d, such as 24h, 7d or 30d");
  } else if (name == "since" || name == "until") {
    const auto time = parse_query_time(value, now, zone);
    if (!time) fail(name, value, "RFC 3339, an epoch number, `now` or a distance such as -24h");
    (name == "since" ? since : until) = time;
  } else {
    return name == "zone";
  }
  return true;
}

void RangeQuery::fail(std::string_view name, std::string_view value, std::string_view expected) {
  fail(fmt::format("parameter `{}` is `{}`; expected {}", name, value, expected));
}

void RangeQuery::fail(std::string sentence) {
  if (error.empty()) error = std::move(sentence);
}

void RangeQuery::finish() {
  if (length && (since || until))
    fail("`time_range` goes without `since` and `until`: it ends now");
}

void RangeQuery::check(core::Time from, core::Time to) {
  if (from >= to)
    fail(fmt::format("`since` ({}) is not before `until` ({})", core::format_time(from),
                     core::format_time(to)));
  else if (to - from > kLongest)
    fail("the range is longer than 3660d");
}

}  // namespace kcloud::api
