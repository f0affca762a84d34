#include "agent/fleet/chain_times.h"

#include <fmt/format.h>

#include <numeric>

#include "exporters/postgres/binary.h"
#include "exporters/postgres/stored_batch.h"

namespace kcloud::fleet {
namespace {

using postgres::binary;
using postgres::Connection;
using postgres::parameter;
using postgres::Type;

constexpr std::int64_t kPage = 1000;
constexpr std::int64_t kMostAsked = 200;  // events of a batch that are asked for their agent

postgres::Parameter uuid(const core::ChainId& chain) {
  return parameter(Type::kUuid, std::string(chain.begin(), chain.end()));
}

postgres::Parameter number(std::int64_t value) { return parameter(Type::kBigint, binary(value)); }

struct Place {
  std::int64_t seq = 0;
  std::int64_t events = 0;  // up to it
  core::Time sealed;
};

// The batch of that number, or the next one that is there.
std::optional<Place> batch_from(Connection& connection, const core::ChainId& chain,
                                std::int64_t seq) {
  const auto found = connection.run(
      "SELECT seq, total_events, sealed_at FROM audit_batch WHERE chain_id = $1 AND seq >= $2 "
      "ORDER BY seq LIMIT 1",
      {uuid(chain), number(seq)});
  if (found.rows() == 0) return std::nullopt;
  return Place{postgres::read_bigint(found.value(0, 0)), postgres::read_bigint(found.value(0, 1)),
               postgres::read_time(found.value(0, 2))};
}

// Neighbours: up to `before` it is not yet so, from `behind` on it is.
struct Border {
  std::optional<std::int64_t> before;
  std::int64_t behind = 0;
};

// By bisection; `reached` holds for the last batch, and from its first on for all.
Border find_border(Connection& connection, const ChainTimes& chain,
                   const std::function<bool(const Place&)>& reached) {
  Border border{.before = {}, .behind = chain.last};
  std::int64_t low = chain.first;
  std::int64_t high = chain.last;
  while (low < high) {
    const std::int64_t middle = std::midpoint(low, high);
    const auto found = batch_from(connection, chain.id, middle);
    if (!found || found->seq >= high) {
      high = middle;  // there is none between
    } else if (reached(*found)) {
      high = middle;
      border.behind = found->seq;
    } else {
      border.before = found->seq;
      low = found->seq + 1;
    }
  }
  return border;
}

}  // namespace

std::optional<ChainTimes> next_chain(Connection& connection,
                                     const std::optional<core::ChainId>& after) {
  const auto first = connection.run(
      fmt::format("SELECT chain_id, seq, sealed_at FROM audit_batch WHERE chain_id {} $1 ORDER BY "
                  "chain_id, seq LIMIT 1",
                  after ? ">" : ">="),
      {uuid(after.value_or(core::ChainId{}))});
  if (first.rows() == 0) return std::nullopt;
  ChainTimes chain;
  postgres::read_bytes(first.value(0, 0), chain.id);
  chain.first = postgres::read_bigint(first.value(0, 1));
  chain.began = postgres::read_time(first.value(0, 2));
  const auto last = connection.run(
      "SELECT seq, sealed_at, ingest_day, total_events FROM audit_batch WHERE chain_id = $1 ORDER "
      "BY seq DESC LIMIT 1",
      {uuid(chain.id)});
  if (last.rows() == 0) return std::nullopt;
  chain.last = postgres::read_bigint(last.value(0, 0));
  chain.ended = postgres::read_time(last.value(0, 1));
  chain.last_day = postgres::read_date(last.value(0, 2));
  chain.events = postgres::read_bigint(last.value(0, 3));
  return chain;
}

std::string read_agent(Connection& connection, const ChainTimes& chain) {
  // Behind the last events there may be very many heartbeats.
  const auto newest = find_border(connection, chain, [&](const Place& place) {
                        return place.events >= chain.events;
                      }).behind;
  const auto found = connection.run(
      "SELECT DISTINCT agent FROM audit_event WHERE ingest_day = (SELECT ingest_day FROM "
      "audit_batch WHERE chain_id = $1 AND seq = $2) AND event_id = ANY (ARRAY(SELECT "
      "encode(substr(event_ids, (16 * n + 1)::integer, 16), 'hex')::uuid FROM audit_batch, "
      "generate_series(0, least($3, length(event_ids) / 16) - 1) n WHERE chain_id = $1 AND seq = "
      "$2)) AND chain_id = $1 AND agent IS NOT NULL LIMIT 2",
      {uuid(chain.id), number(newest), number(kMostAsked)});
  return found.rows() == 1 ? std::string(found.value(0, 0)) : std::string();
}

void read_sealed(Connection& connection, const ChainTimes& chain, core::Time since,
                 core::Time until, const std::function<void()>& page,
                 const std::function<void(core::Time)>& sealed) {
  page();
  std::int64_t from = chain.last;
  if (chain.ended >= since) {
    const auto border =
        find_border(connection, chain, [&](const Place& place) { return place.sealed >= since; });
    from = border.before.value_or(chain.first);
  }
  for (const char* behind = ">=";; behind = ">") {
    page();
    const auto found = connection.run(
        fmt::format("SELECT seq, sealed_at FROM audit_batch WHERE chain_id = $1 AND seq {} $2 "
                    "ORDER BY seq LIMIT $3",
                    behind),
        {uuid(chain.id), number(from), number(kPage)});
    for (std::size_t row = 0; row < found.rows(); ++row) {
      const auto time = postgres::read_time(found.value(row, 1));
      sealed(time);
      if (time >= until) return;
    }
    if (found.rows() < static_cast<std::size_t>(kPage)) return;
    from = postgres::read_bigint(found.value(found.rows() - 1, 0));
  }
}

std::uint64_t last_batch(Connection& connection, const core::ChainId& chain) {
  const auto found = connection.run(
      "SELECT seq FROM audit_batch WHERE chain_id = $1 ORDER BY seq DESC LIMIT 1", {uuid(chain)});
  return found.rows() == 0 ? 0
                           : static_cast<std::uint64_t>(postgres::read_bigint(found.value(0, 0)));
}

}  // namespace kcloud::fleet
