// The chains that a database holds, and when their batches were sealed.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/seal.h"
#include "core/time.h"
#include "exporters/postgres/connection.h"

namespace kcloud::fleet {

struct ChainTimes {
  core::ChainId id{};
  std::int64_t first = 0, last = 0;  // batches
  core::Time began, ended;           // when these were sealed
  std::int32_t last_day = 0;         // the last one's, UTC days since 1970
  std::int64_t events = 0;           // up to the last one
  std::string agent;                 // as read_agent() says
};

// The chain with the smallest id behind `after`; nullopt: there is none. Without its agent. Throws
// postgres::Error, as all of these.
std::optional<ChainTimes> next_chain(postgres::Connection& connection,
                                     const std::optional<core::ChainId>& after);

// The agent that rows of the chain's newest batch with events name; empty: several (it forwards
// what others stored first), or there are no such rows.
std::string read_agent(postgres::Connection& connection, const ChainTimes& chain);

// When the batches were sealed, in order: from the last one before `since` on, up to the first at
// `until` or later. In short pages, `page` is called before each.
void read_sealed(postgres::Connection& connection, const ChainTimes& chain, core::Time since,
                 core::Time until, const std::function<void()>& page,
                 const std::function<void(core::Time)>& sealed);

// The last batch that the database has of a chain; 0: none.
std::uint64_t last_batch(postgres::Connection& connection, const core::ChainId& chain);

}  // namespace kcloud::fleet
