// Which type an event has: what the body names, and what the route gives. Internal to core/.
#pragma once

#include <simdjson.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/decode.h"

namespace kcloud::core {

struct NamedType {
  std::string_view path;                        // where the body names its type, or would
  std::optional<simdjson::dom::element> value;  // nullopt: it names none
};

NamedType named_type(const simdjson::dom::element& root, std::span<const std::string> type_paths);

// Fills type and type_name; the latter points into the parser's memory where the catalogue does not
// know the type. False, with an error, for none, two, a reserved or an unwanted one.
bool set_type(const NamedType& named, const Catalogue& catalogue, const DecodeOptions& options,
              const TransportHints& hints, Event& event, std::vector<FieldError>& errors);

}  // namespace kcloud::core
