// When an event happened: the first source of its time that says something. Internal to core/.
#pragma once

#include <string_view>
#include <vector>

#include "core/decode.h"
#include "core/decode_walk.h"

namespace kcloud::core {

// Fills time, time_source and zone_assumed. False, with an error, for a time that cannot be read or
// lies outside the options' limits.
bool set_time(const std::vector<Candidate>& candidates, const Plan& plan,
              const DecodeOptions& options, const TransportHints& hints, Event& event,
              std::vector<FieldError>& errors, std::vector<std::string_view>& warnings);

}  // namespace kcloud::core
