// One event's text: parsed, checked and minified into batch memory. Internal to core/.
#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/decode.h"

namespace kcloud::core {

struct ParsedEvent {
  std::string_view body;        // minified, in the batch's memory
  simdjson::dom::element root;  // an object, in the parser's memory
};

// Adds an error; false, so that a caller can return it.
inline bool refuse(std::vector<FieldError>& errors, std::string path, std::string problem,
                   std::string expected) {
  errors.push_back({std::move(path), std::move(problem), std::move(expected)});
  return false;
}

// False, with one error, for what is no JSON object, larger than `max_bytes` minified, or holds
// U+0000; then nothing of it stays in `batch`.
bool parse_event(simdjson::dom::parser& parser, std::string_view json, std::size_t max_bytes,
                 EventBatch& batch, ParsedEvent& out, std::vector<FieldError>& errors);

}  // namespace kcloud::core
