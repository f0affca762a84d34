// From a JSON value to a catalogue field: types, units, enumerations. Used by decode*.cpp alone
// (they speak simdjson).
#pragma once

#include <simdjson.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/catalogue.h"
#include "core/event.h"

namespace kcloud::core {

// Both empty: the value fits.
struct FieldProblem {
  std::string found;
  std::string expected;
};

// Converts; texts point into the parser's memory, the catalogue or `batch` until keep_fields copies
// them.
FieldProblem convert(const simdjson::dom::element& value, const Field& field, EventBatch& batch,
                     FieldValue& out);
FieldProblem convert_number(double number, const Field& field, FieldValue& out);

// A number, or a text that is a quantity in `unit`.
std::optional<double> number_of(const simdjson::dom::element& value, Unit unit);

FieldValue text_value(std::string_view text);
std::span<const FieldValue> keep_fields(std::span<const FieldValue> values, EventBatch& batch);

// For errors: what was found (cut to a readable length), what a field expects.
std::string describe(const simdjson::dom::element& value);
std::string describe(std::string_view text);
std::string expected_of(const Field& field);

}  // namespace kcloud::core
