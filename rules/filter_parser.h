// A selector's filter, from the words between its braces. Internal to rules/.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/cursor.h"

namespace kcloud::rules {

// Up to the first word that does not belong to it; normalised. With an unknown type (nullptr) only
// the grammar is checked. Throws SyntaxError.
Filter parse_filter(Cursor& cursor, const core::EventType* type);

// The type's own field, else what every event has.
std::optional<FieldRef> find_field(const core::EventType& type, std::string_view name);
// `event type 'x' has no field 'y' (did you mean 'z'?)`.
std::string no_field(const core::EventType& type, std::string_view name);
// The field as the catalogue has it; nullptr for what every event has.
const core::Field* catalogue_field(const core::EventType& type, const FieldRef& field);
bool is_number(const FieldRef& field);

}  // namespace kcloud::rules
