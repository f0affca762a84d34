#include "core/decode_type.h"

#include <algorithm>

#include "core/decode_parse.h"
#include "core/field_value.h"

namespace kcloud::core {

namespace {

constexpr std::size_t kMaxTypeName = 128;

}  // namespace

NamedType named_type(const simdjson::dom::element& root, std::span<const std::string> type_paths) {
  simdjson::dom::element value;
  for (const auto& path : type_paths) {
    if (root.at_key(path).get(value) == simdjson::SUCCESS && !value.is_null()) return {path, value};
  }
  return {type_paths.empty() ? std::string_view("type") : type_paths.front(), std::nullopt};
}

bool set_type(const NamedType& named, const Catalogue& catalogue, const DecodeOptions& options,
              const TransportHints& hints, Event& event, std::vector<FieldError>& errors) {
  const auto path = named.path;
  std::string_view found;
  if (named.value && (named.value->get_string().get(found) != simdjson::SUCCESS || found.empty())) {
    return refuse(errors, std::string(path), describe(*named.value), "the name of an event type");
  }
  const EventType* in_body = found.empty() ? nullptr : catalogue.find_endpoint(found);
  if (!hints.type.empty() && (!hints.type_is_default || found.empty())) {
    const EventType* given = catalogue.find_endpoint(hints.type);
    const bool same = found.empty() || found == hints.type ||
                      (given != nullptr && given == in_body) ||
                      (hints.from_agent && in_body == nullptr);
    if (!same) {
      return refuse(errors, std::string(path), describe(found),
                    "'" + std::string(hints.type) + "', as the endpoint says");
    }
    event.type = given;
    if (given == nullptr) found = hints.type;
  } else {
    if (found.empty())
      return refuse(errors, std::string(path), "missing", "the name of an event type");
    event.type = in_body;
  }
  if (event.type != nullptr) {
    event.type_name = event.type->name;
    if (event.type->reserved && !hints.from_agent) {
      return refuse(errors, std::string(path), describe(found),
                    "a type that is not reserved for the agent itself");
    }
    return true;
  }
  event.type_name = found;
  const bool printable = std::all_of(found.begin(), found.end(),
                                     [](unsigned char c) { return c >= 0x20 && c != 0x7F; });
  if (found.size() > kMaxTypeName || !printable) {
    return refuse(errors, std::string(path), describe(found),
                  "at most 128 bytes without control characters");
  }
  if (!options.accept_unknown_types) {
    return refuse(errors, std::string(path), "unknown type " + describe(found),
                  "a type of GET /schemas");
  }
  return true;
}

}  // namespace kcloud::core
