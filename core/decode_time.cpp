#include "core/decode_time.h"

#include "core/decode_parse.h"
#include "core/field_value.h"

namespace kcloud::core {

bool set_time(const std::vector<Candidate>& candidates, const Plan& plan,
              const DecodeOptions& options, const TransportHints& hints, Event& event,
              std::vector<FieldError>& errors, std::vector<std::string_view>& warnings) {
  const Candidate& found = candidates[kTime];
  if (found.state == Candidate::State::kElement) {
    std::optional<ParsedTime> parsed;
    if (found.value.is_string()) {
      parsed = parse_time(found.value.get_string().value_unsafe(), options.default_zone);
    } else if (std::int64_t whole = 0; found.value.get_int64().get(whole) == simdjson::SUCCESS) {
      if (auto time = time_from_epoch(whole)) parsed = ParsedTime{*time, false};
    } else if (double real = 0; found.value.get_double().get(real) == simdjson::SUCCESS) {
      if (auto time = time_from_epoch(real)) parsed = ParsedTime{*time, false};
    }
    if (!parsed) {
      return refuse(errors, plan.path(kTime, found.rank), describe(found.value),
                    "an RFC 3339 time or an epoch in s, ms, µs or ns, from 1970 to 2261");
    }
    event.time = parsed->time;
    event.zone_assumed = parsed->zone_assumed;
    if (event.zone_assumed) warnings.push_back("zone_assumed");
  } else if (hints.time) {
    event.time = *hints.time;
    event.time_source = TimeSource::kTransport;
  } else {
    event.time = hints.received;
    event.time_source = TimeSource::kArrival;
    warnings.push_back("no_time");
    return true;
  }
  const auto ahead = event.time - hints.received;
  if (ahead > options.max_future || -ahead > options.max_age) {
    const std::string path =
        found.state == Candidate::State::kElement ? plan.path(kTime, found.rank) : "$";
    return refuse(errors, path, format_time(event.time),
                  ahead > options.max_future
                      ? "a time at most the configured max_future ahead of arrival"
                      : "a time at most the configured max_age before arrival");
  }
  if (ahead > std::chrono::minutes(1)) warnings.push_back("future_time");
  return true;
}

}  // namespace kcloud::core
