// The dead letter of an event that a collector refused, alike for all of them. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/collector.h"
#include "core/decode.h"

namespace kcloud::core {

// In the detail of a letter whose body is not whole.
inline constexpr std::string_view kBodyCut = "body cut at ";

// `path: problem, expected …; …`.
std::string describe(const std::vector<FieldError>& errors);

// `hints` gives collector, position, type and arrival; `kept` comes from Decoder::refused() or
// unread(), of which at most `max_body_bytes` stay.
DeadLetter refusal(const TransportHints& hints, const std::vector<FieldError>& errors,
                   const Refused& kept, std::size_t max_body_bytes);

}  // namespace kcloud::core
