#include "agent/api/analytics_query.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "agent/api/event_query.h"

namespace kcloud::api {
namespace {

using analytics::Baseline;

constexpr std::chrono::days kLongest{3660};
constexpr std::chrono::hours kDefaultRange{24 * 7};
constexpr std::chrono::hours kByTheMinute{6};  // shorter ranges begin with a minute, not an hour
constexpr std::chrono::minutes kShortestStep{1};
constexpr const char* kTimes = "RFC 3339, an epoch number, `now` or a distance such as -24h";

struct Parser {
  AnalyticsQuery& out;
  analytics::Kind kind;
  core::Time now;
  const core::Catalogue& catalogue;
  std::optional<std::chrono::nanoseconds> range = std::nullopt;
  std::optional<core::Time> since = std::nullopt, until = std::nullopt;

  void fail(std::string_view name, std::string_view value, std::string_view expected) {
    if (out.error.empty())
      out.error = fmt::format("parameter `{}` is `{}`; expected {}", name, value, expected);
  }

  void read_zone(const std::string& value) {
    try {
      out.request.zone = core::Zone(value);
    } catch (const std::invalid_argument&) {
      fail("zone", value, "an IANA time zone such as Asia/Seoul");
    }
  }

  void read_step(const std::string& value) {
    const auto step = core::parse_duration(value);
    const std::chrono::nanoseconds day = std::chrono::days(1);
    const bool fits = step && *step >= kShortestStep && *step <= kLongest &&
                      (*step < day ? day % *step : *step % day) == std::chrono::nanoseconds(0) &&
                      *step % kShortestStep == std::chrono::nanoseconds(0);
    if (!fits)
      return fail("step", value, "a part of a day in whole minutes, or whole days: 15m, 1h, 1d");
    out.request.step = std::chrono::duration_cast<std::chrono::seconds>(*step);
  }

  template <typename Take>
  void each(std::string_view value, Take take) {
    while (true) {
      const auto end = value.find(',');
      take(std::string(value.substr(0, end)));
      if (end == std::string_view::npos) return;
      value.remove_prefix(end + 1);
    }
  }

  void read_metrics(const std::string& value) {
    each(value, [&](const std::string& name) {
      const auto known = analytics::metric_name(kind, name);
      if (known.empty())
        return fail("metrics", name,
                    fmt::format("names of {}", fmt::join(analytics::metric_names(kind), ", ")));
      if (std::ranges::find(out.request.metrics, known) == out.request.metrics.end())
        out.request.metrics.push_back(known);
    });
  }

  void read_groups(const std::string& value) {
    const auto known = analytics::group_names(catalogue);
    each(value, [&](const std::string& name) {
      if (std::ranges::find(known, name) == known.end())
        return fail("group_by", name, fmt::format("names of {}", fmt::join(known, ", ")));
      auto& groups = out.request.group_by;
      if (std::ranges::find(groups, name) == groups.end()) groups.push_back(name);
    });
  }

  void read_baseline(const std::string& value) {
    Baseline& baseline = out.request.baseline;
    if (value == "false") return;
    if (value == "true" || value == "previous") {
      baseline.with = Baseline::With::kPrevious;
    } else if (value == "policy" || value.starts_with("policy:")) {
      baseline.with = Baseline::With::kPolicy;
      baseline.policy = value.size() > 7 ? value.substr(7) : std::string();
    } else {
      const auto slash = value.find('/');
      const auto from =
          parse_query_time(std::string_view(value).substr(0, slash), now, out.request.zone);
      const auto to =
          slash == std::string::npos
              ? std::nullopt
              : parse_query_time(std::string_view(value).substr(slash + 1), now, out.request.zone);
      if (!from || !to || *from >= *to)
        return fail("compare_baseline", value,
                    "true (the period before), SINCE/UNTIL, policy (before and after the newest "
                    "change of one) or policy:NAME");
      baseline = {Baseline::With::kFixed, *from, *to, {}};
    }
  }

  void read_time(const std::string& name, const std::string& value) {
    const auto time = parse_query_time(value, now, out.request.zone);
    if (!time) return fail(name, value, kTimes);
    (name == "since" ? since : until) = time;
  }

  void read(const std::string& name, const std::string& value) {
    if (value.empty()) {
      fail(name, value, "a value");
    } else if (name == "time_range") {
      range = core::parse_duration(value);
      if (!range || *range < kShortestStep || *range > kLongest)
        fail(name, value, "a time from 1m to 3660d, such as 24h, 7d or 30d");
    } else if (name == "since" || name == "until") {
      read_time(name, value);
    } else if (name == "step") {
      read_step(value);
    } else if (name == "metrics") {
      read_metrics(value);
    } else if (name == "group_by") {
      read_groups(value);
    } else if (name == "compare_baseline") {
      read_baseline(value);
    } else if (name == "format") {
      out.csv = value == "csv";
      if (value != "csv" && value != "json") fail(name, value, "json or csv");
    } else if (name != "zone" && out.error.empty()) {
      out.error = fmt::format(
          "unknown parameter `{}`; there are time_range, since, until, zone, step, group_by, "
          "metrics, compare_baseline and format",
          name);
    }
  }

  void finish() {
    if (!out.error.empty()) return;
    if (range && (since || until)) {
      out.error = "`time_range` goes without `since` and `until`: it ends now";
      return;
    }
    auto& request = out.request;
    // An open end takes in the minute that goes on.
    request.until = until.value_or(core::Time(std::chrono::ceil<std::chrono::minutes>(now)));
    if (since) {
      request.since = *since;
    } else {
      const auto length = range.value_or(kDefaultRange);
      const auto from = (until ? *until : now) - length;
      request.since = length < kByTheMinute
                          ? core::Time(std::chrono::floor<std::chrono::minutes>(from))
                          : core::Time(std::chrono::floor<std::chrono::hours>(from));
    }
    if (request.since >= request.until)
      out.error = fmt::format("`since` ({}) is not before `until` ({})",
                              core::format_time(request.since), core::format_time(request.until));
    else if (request.until - request.since > kLongest)
      out.error = "the range is longer than 3660d";
  }
};

}  // namespace

AnalyticsQuery parse_analytics_query(const http::Parameters& parameters, analytics::Kind kind,
                                     core::Time now, const std::string& zone,
                                     const core::Catalogue& catalogue) {
  AnalyticsQuery out;
  out.request.zone = core::Zone(zone);
  Parser parser{out, kind, now, catalogue};
  // Times without an offset are of the zone.
  for (const auto& [name, value] : parameters)
    if (name == "zone" && !value.empty()) parser.read_zone(value);
  for (const auto& [name, value] : parameters) parser.read(name, value);
  parser.finish();
  return out;
}

}  // namespace kcloud::api
