// When an event happened: the first source of its time that says something. Internal to core/.
//
// The body's own time; the transport's (`hints.time`); a shipper's inside the body; a shipper's
// beside the body it wraps; arrival.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "core/decode.h"
#include "core/decode_walk.h"

namespace kcloud::core {

// nullopt for what is no time.
std::optional<ParsedTime> read_time(const simdjson::dom::element& value, const Zone& default_zone);

// Fills time, time_source and zone_assumed. `wrapper` is the time of what wrapped the body. False,
// with an error, for a time that cannot be read or lies outside the options' limits.
bool set_time(const std::vector<Candidate>& candidates, const Plan& plan,
              const DecodeOptions& options, const TransportHints& hints,
              const std::optional<ParsedTime>& wrapper, Event& event,
              std::vector<FieldError>& errors, std::vector<std::string_view>& warnings);

}  // namespace kcloud::core
