// An event as a `forward` exporter of another agent sends it, taken in as that same event: its id,
// time, columns and body, the agents that it came by, and the arrival here.
//
// Pure but for the memory of reader and decoder.
#pragma once

#include <string_view>
#include <vector>

#include "core/decode.h"
#include "core/envelope.h"

namespace kcloud::core {

// Where an agent takes them.
inline constexpr std::string_view kForwardPath = "/forward";

// `id_from` of an envelope: what the rest of the id is the SHA-256 of.
inline constexpr std::string_view kIdFromBody = "body";    // then the receiver computes it too
inline constexpr std::string_view kIdFromKey = "key";      // of the publisher
inline constexpr std::string_view kIdFromOther = "other";  // a place in a source, or what was there
                                                           // before a redaction

std::string_view to_string(TimeSource source);

// Appends the event to `batch`, or to `errors` and returns false. Of `hints` agent (this one's
// name) and arrival are used. An event that this agent stored first or forwarded itself comes as
// `came_back`, with nothing but its id.
bool decode_forwarded(std::string_view json, EnvelopeReader& reader, Decoder& decoder,
                      const TransportHints& hints, EventBatch& batch,
                      std::vector<FieldError>& errors, std::vector<std::string_view>& warnings);

}  // namespace kcloud::core
