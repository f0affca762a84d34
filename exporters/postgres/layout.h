// Which typed column of audit_event holds which field of the catalogue. Pure.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/catalogue.h"
#include "exporters/postgres/binary.h"

namespace kcloud::postgres {

constexpr std::size_t kNoColumn = static_cast<std::size_t>(-1);

struct Column {
  std::string name;
  Type type;
};

struct Layout {
  std::vector<Column> columns;
  std::vector<std::vector<std::size_t>> slots;  // by type and slot: of `columns`, or kNoColumn
  // By type: the columns that its fields fill, in order, each with its slot. Made of `slots`.
  std::vector<std::vector<std::pair<std::size_t, std::size_t>>> filled;
  void fill();
};

// Columns of a table with the names of their types.
using Existing = std::map<std::string, std::string, std::less<>>;

// A field's column has its name; `<type>__<field>` when two types use the name for different kinds,
// when a column of every event has it, or when `existing` has it with another type.
Layout layout_of(const core::Catalogue& catalogue, const Existing& existing);

std::string_view sql_type(Type type);      // as it is declared: bigint, …
std::string_view catalog_name(Type type);  // as pg_type has it: int8, …

// The columns of every event, in the order of a row of COPY; column_errors comes after the typed
// ones.
const std::vector<std::string>& base_columns();

}  // namespace kcloud::postgres
