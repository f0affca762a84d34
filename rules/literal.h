// The values that a filter compares with: read, and checked against the field. Internal to rules/.
#pragma once

#include <memory>
#include <vector>

#include "rules/cursor.h"
#include "rules/pattern.h"

namespace kcloud::rules {

struct Value {
  Literal literal;
  std::size_t at = 0;
  bool percent = false;
};

Value take_value(Cursor& cursor);

// Complains when the comparison of `filter` (its kind and field) with `value` has no sense or can
// never be true.
void check_value(Cursor& cursor, const core::EventType& type, const Filter& filter,
                 const Value& value);

// The list's texts as values of the field; complains at those that are none.
std::vector<Literal> list_values(Cursor& cursor, const core::EventType& type, const FieldRef& field,
                                 const Token& name, const NamedList& list);

// nullptr when it is none.
std::shared_ptr<const Pattern> take_pattern(Cursor& cursor, const Value& value);

}  // namespace kcloud::rules
