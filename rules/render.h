// Templates with their values put in. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "rules/alert.h"
#include "rules/rule.h"

namespace kcloud::rules {

struct TemplateValues {
  const Labels& labels;
  std::optional<double> value;  // nullopt is rendered as nothing, in JSON as null
  std::uint64_t count = 0;
  const std::map<std::string, std::string>& event;  // the newest event's fields, as text
};

// What is not there is nothing. Filters for numbers leave a text that is none as it is.
std::string render(const Template& text, const TemplateValues& values);

// As Prometheus writes them: `1.234k`, `250m`; of seconds: `1d 2h 3m 4s`, `12.5s`, `3ms`; of a
// ratio: `12.5%`.
std::string humanize(double value);
std::string humanize_duration(double seconds);
std::string humanize_percentage(double ratio);

}  // namespace kcloud::rules
