// The rows that rollups are in (README.md, "Rollups"): statements and what they give. Whoever calls
// holds the transaction.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "exporters/postgres/connection.h"
#include "rollups/delta.h"
#include "rollups/keys.h"

namespace kcloud::postgres {

// Names and series behind those that the dictionary had. Throws Error.
void load_names(Connection& connection, rollups::Dictionary& dictionary);

struct PendingDelta {
  std::int64_t id = 0;
  std::optional<rollups::Delta> delta;  // nullopt: it is damaged
};
// The oldest, up to about so many bytes and at least one; 0: all of them.
std::vector<PendingDelta> read_pending(Connection& connection, std::int64_t most_bytes);

std::int64_t pending_bytes(Connection& connection);

// By (bucket, series), some rows at a time. The bytes are valid within the call.
using VisitCell = std::function<void(const rollups::CellKey& key, std::string_view value)>;
void scan_cells(Connection& connection, rollups::Grain grain, rollups::Part part, std::int64_t from,
                std::int64_t to, const VisitCell& visit);

using Bucket = std::tuple<rollups::Grain, rollups::Part, std::int64_t>;
void read_buckets(Connection& connection, const std::set<Bucket>& buckets, const VisitCell& visit);
void write_cells(Connection& connection, const std::vector<rollups::Change>& cells);

// Buckets with or, if not `whole`, without all that belongs to them, ascending.
std::vector<rollups::CellKey> read_marks(Connection& connection, rollups::Grain grain, bool whole);

// Since when rows are kept, when older ones were dropped.
std::optional<core::Time> kept_since(Connection& connection);

std::optional<std::string> read_state(Connection& connection, const std::string& name);

}  // namespace kcloud::postgres
