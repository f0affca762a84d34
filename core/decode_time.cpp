#include "core/decode_time.h"

#include "core/decode_parse.h"
#include "core/field_value.h"

namespace kcloud::core {

namespace {

void assume(const ParsedTime& parsed, TimeSource source, Event& event,
            std::vector<std::string_view>& warnings) {
  event.time = parsed.time;
  event.time_source = source;
  event.zone_assumed = parsed.zone_assumed;
  if (event.zone_assumed) warnings.push_back("zone_assumed");
}

bool present(const Candidate& candidate) { return candidate.state == Candidate::State::kElement; }

}  // namespace

std::optional<ParsedTime> read_time(const simdjson::dom::element& value, const Zone& default_zone) {
  if (value.is_string()) return parse_time(value.get_string().value_unsafe(), default_zone);
  std::optional<Time> time;
  if (std::int64_t whole = 0; value.get_int64().get(whole) == simdjson::SUCCESS) {
    time = time_from_epoch(whole);
  } else if (double real = 0; value.get_double().get(real) == simdjson::SUCCESS) {
    time = time_from_epoch(real);
  }
  if (!time) return std::nullopt;
  return ParsedTime{*time, false};
}

bool set_time(const std::vector<Candidate>& candidates, const Plan& plan,
              const DecodeOptions& options, const TransportHints& hints,
              const std::optional<ParsedTime>& wrapper, Event& event,
              std::vector<FieldError>& errors, std::vector<std::string_view>& warnings) {
  std::uint16_t slot = kTime;
  if (!present(candidates[kTime]) && !hints.time && present(candidates[kShipperTime])) {
    slot = kShipperTime;
  }
  const Candidate& found = candidates[slot];
  if (present(found)) {
    const auto parsed = read_time(found.value, options.default_zone);
    if (!parsed) {
      return refuse(errors, plan.path(slot, found.rank), describe(found.value),
                    "an RFC 3339 time or an epoch in s, ms, µs or ns, from 1970 to 2261");
    }
    assume(*parsed, TimeSource::kBody, event, warnings);
  } else if (hints.time) {
    assume({*hints.time, false}, TimeSource::kTransport, event, warnings);
  } else if (wrapper) {
    assume(*wrapper, TimeSource::kTransport, event, warnings);
  } else {
    event.time = hints.received;
    event.time_source = TimeSource::kArrival;
    warnings.push_back("no_time");
    return true;
  }
  const auto ahead = event.time - hints.received;
  if (ahead > options.max_future || -ahead > options.max_age) {
    return refuse(
        errors, present(found) ? plan.path(slot, found.rank) : "$", format_time(event.time),
        ahead > options.max_future ? "a time at most the configured max_future ahead of arrival"
                                   : "a time at most the configured max_age before arrival");
  }
  if (ahead > std::chrono::minutes(1)) warnings.push_back("future_time");
  return true;
}

}  // namespace kcloud::core
