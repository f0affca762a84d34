#include "agent/api/analytics_query.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>

#include "agent/api/event_query.h"
#include "agent/api/range_query.h"

namespace kcloud::api {
namespace {

using analytics::Baseline;

constexpr std::chrono::hours kDefaultRange{24 * 7};
constexpr std::chrono::hours kByTheMinute{6};  // shorter ranges begin with a minute, not an hour
constexpr std::chrono::minutes kShortestStep{1};

struct Parser {
  AnalyticsQuery& out;
  analytics::Kind kind;
  const core::Catalogue& catalogue;
  RangeQuery& range;

  void read_step(const std::string& value) {
    const auto step = core::parse_duration(value);
    const std::chrono::nanoseconds day = std::chrono::days(1);
    const bool fits = step && *step >= kShortestStep && *step <= RangeQuery::kLongest &&
                      (*step < day ? day % *step : *step % day) == std::chrono::nanoseconds(0) &&
                      *step % kShortestStep == std::chrono::nanoseconds(0);
    if (!fits)
      return range.fail("step", value,
                        "a part of a day in whole minutes, or whole days: 15m, 1h, 1d");
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
        return range.fail(
            "metrics", name,
            fmt::format("names of {}", fmt::join(analytics::metric_names(kind), ", ")));
      if (std::ranges::find(out.request.metrics, known) == out.request.metrics.end())
        out.request.metrics.push_back(known);
    });
  }

  void read_groups(const std::string& value) {
    const auto known = analytics::group_names(catalogue);
    each(value, [&](const std::string& name) {
      if (std::ranges::find(known, name) == known.end())
        return range.fail("group_by", name, fmt::format("names of {}", fmt::join(known, ", ")));
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
          parse_query_time(std::string_view(value).substr(0, slash), range.now, range.zone);
      const auto to =
          slash == std::string::npos
              ? std::nullopt
              : parse_query_time(std::string_view(value).substr(slash + 1), range.now, range.zone);
      if (!from || !to || *from >= *to)
        return range.fail(
            "compare_baseline", value,
            "true (the period before), SINCE/UNTIL, policy (before and after the newest "
            "change of one) or policy:NAME");
      baseline = {Baseline::With::kFixed, *from, *to, {}};
    }
  }

  void read(const std::string& name, const std::string& value) {
    if (value.empty()) {
      range.fail(name, value, "a value");
    } else if (range.read(name, value)) {
      return;
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
      if (value != "csv" && value != "json") range.fail(name, value, "json or csv");
    } else {
      range.fail(fmt::format(
          "unknown parameter `{}`; there are time_range, since, until, zone, step, group_by, "
          "metrics, compare_baseline and format",
          name));
    }
  }

  void finish() {
    range.finish();
    auto& request = out.request;
    request.zone = range.zone;
    // An open end takes in the minute that goes on.
    request.until =
        range.until.value_or(core::Time(std::chrono::ceil<std::chrono::minutes>(range.now)));
    const auto length = range.length.value_or(kDefaultRange);
    const auto from = range.until.value_or(range.now) - length;
    request.since = range.since.value_or(
        length < kByTheMinute ? core::Time(std::chrono::floor<std::chrono::minutes>(from))
                              : core::Time(std::chrono::floor<std::chrono::hours>(from)));
    range.check(request.since, request.until);
    out.error = range.error;
  }
};

}  // namespace

AnalyticsQuery parse_analytics_query(const http::Parameters& parameters, analytics::Kind kind,
                                     core::Time now, const std::string& zone,
                                     const core::Catalogue& catalogue) {
  AnalyticsQuery out;
  RangeQuery range(parameters, now, zone);
  Parser parser{out, kind, catalogue, range};
  for (const auto& [name, value] : parameters) parser.read(name, value);
  parser.finish();
  return out;
}

}  // namespace kcloud::api
