// An answer of /analytics: figures, and tables of them. JSON and CSV are two ways to write it.
// Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/time.h"

namespace kcloud::analytics {

struct Figure {
  std::string_view name;        // a constant
  std::optional<double> value;  // nullopt: there is none, null in JSON
};

// `keys` and `texts` are texts: what the row is about, and what else there is to say.
struct Row {
  std::vector<std::pair<std::string, std::string>> keys;
  std::vector<Figure> figures;
  std::vector<std::pair<std::string, std::string>> texts = {};
};

struct Table {
  std::string name;
  std::vector<Row> rows;
  bool single = false;  // one row, an object in JSON
};

struct Answer {
  core::Time since, until;
  std::string zone;
  core::Time as_of;       // what was stored up to here is counted
  std::uint64_t lag = 0;  // events stored since
  Row totals;             // members of the answer itself
  std::vector<Table> tables;
};

// One object: `range`, `as_of`, `lag_events`, the totals as members, each table as an array.
std::string to_json(const Answer& answer);
// `section,key,time,metric,value`, a line a figure (RFC 4180). Cells that a spreadsheet would
// calculate are quoted with an apostrophe.
std::string to_csv(const Answer& answer);

// Leaves only those of the names that were asked for; empty: all.
void select(Row& row, const std::vector<std::string>& metrics);

}  // namespace kcloud::analytics
