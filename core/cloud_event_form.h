// Tells a CloudEvent in the JSON format from a plain event, for transports whose messages carry no
// content type (Redis, log lines).
//
// Pure; a text without the word costs one search; what is no JSON is no CloudEvent.
#pragma once

#include <string_view>

namespace kcloud::core {

// Whether the object has a member `specversion` of its own that is a text.
bool is_structured_cloud_event(std::string_view json);

}  // namespace kcloud::core
