// Numbers that arrive as text: "25%", "32Gi", "1.5k", "500m", "2h".
#pragma once

#include <optional>
#include <string_view>

#include "core/catalogue.h"

namespace kcloud::core {

// The number in the field's own unit, or nullopt when the text is no number or carries a suffix
// that the unit does not know. Suffixes: decimal k M G T P, binary Ki Mi Gi Ti Pi (any unit); %
// (percent); ms s m h d (durations); W kW MW (watts); m = milli (cores); B kB GiB (bytes). Blanks
// around the text and before the suffix are ignored. The result is always finite.
std::optional<double> parse_quantity(std::string_view text, Unit unit);

}  // namespace kcloud::core
