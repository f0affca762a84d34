// The parameters that calls over a range of event time share: `time_range`, `since`, `until`,
// `zone`; each given once. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "agent/http/url.h"
#include "core/time.h"

namespace kcloud::api {

class RangeQuery {
 public:
  static constexpr std::chrono::days kLongest{3660};

  // `zone`: where the request names none. Reads the request's, of which times without an offset
  // are, and finds what is given twice.
  RangeQuery(const http::Parameters& parameters, core::Time now, const std::string& zone);

  // Whether it is one of these parameters; it is read then.
  bool read(const std::string& name, const std::string& value);
  // That the parameter is not as expected; the first such sentence stays.
  void fail(std::string_view name, std::string_view value, std::string_view expected);
  void fail(std::string sentence);
  // `time_range` goes without the others.
  void finish();
  // Of the range that comes of them.
  void check(core::Time from, core::Time to);

  core::Time now;
  core::Zone zone;
  std::optional<std::chrono::nanoseconds> length;
  std::optional<core::Time> since, until;
  std::string error;  // not empty: a sentence for a 400
};

}  // namespace kcloud::api
