#include "agent/fleet/report_evidence.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "agent/fleet/chain_times.h"
#include "exporters/postgres/binary.h"
#include "exporters/postgres/verify.h"

namespace kcloud::fleet {
namespace {

using postgres::Connection;
using postgres::parameter;
using postgres::Type;
using report::Stopped;
using report::Stopping;

core::Time time_of(std::int32_t day) { return core::Time(std::chrono::days(day)); }

std::int32_t day_of(core::Time time) {
  return static_cast<std::int32_t>(
      std::chrono::floor<std::chrono::days>(time).time_since_epoch().count());
}

// The first day of which there are rows. Partitions are made ahead and may be empty.
std::optional<std::int32_t> first_day(Connection& connection, const Stopping& stopping) {
  const auto days = connection.run(
      "SELECT to_date(right(c.relname, 8), 'YYYYMMDD') FROM pg_inherits i JOIN pg_class c ON "
      "c.oid = i.inhrelid WHERE i.inhparent = 'audit_event'::regclass ORDER BY 1");
  for (std::size_t row = 0; row < days.rows(); ++row) {
    if (stopping()) throw Stopped();
    const auto found = connection.run("SELECT 1 FROM audit_event WHERE ingest_day = $1 LIMIT 1",
                                      {parameter(Type::kDate, std::string(days.value(row, 0)))});
    if (found.rows() != 0) return postgres::read_date(days.value(row, 0));
  }
  return std::nullopt;
}

report::Dropped read_dropped(Connection& connection, const report::Request& request) {
  constexpr std::string_view kWhere = " FROM audit_retention WHERE day BETWEEN $1 AND $2";
  const std::vector period{
      parameter(Type::kDate, postgres::binary_date(day_of(request.since))),
      parameter(Type::kDate,
                postgres::binary_date(day_of(request.until - std::chrono::nanoseconds(1))))};
  const auto sums = connection.run(
      std::string("SELECT count(DISTINCT day), coalesce(sum(rows), 0)::bigint").append(kWhere),
      period);
  const auto days = connection.run(std::string("SELECT day, dropped_at, rows, agent")
                                       .append(kWhere)
                                       .append(" ORDER BY day, dropped_at LIMIT ")
                                       .append(std::to_string(report::Dropped::kMost)),
                                   period);
  const auto count = [](std::string_view value) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, postgres::read_bigint(value)));
  };
  report::Dropped dropped;
  dropped.days = count(sums.value(0, 0));
  dropped.rows = count(sums.value(0, 1));
  for (std::size_t row = 0; row < days.rows(); ++row)
    dropped.list.push_back({time_of(postgres::read_date(days.value(row, 0))),
                            postgres::read_time(days.value(row, 1)), count(days.value(row, 2)),
                            std::string(days.value(row, 3))});
  return dropped;
}

// Those of which anything is kept, or that end within the period or later.
std::vector<ChainTimes> read_chains(Connection& connection, core::Time since,
                                    const Stopping& stopping) {
  const auto oldest = first_day(connection, stopping);
  std::vector<ChainTimes> chains;
  std::optional<core::ChainId> after;
  while (auto chain = next_chain(connection, after)) {
    if (stopping()) throw Stopped();
    after = chain->id;
    if (chain->ended < since && oldest && chain->last_day < *oldest) continue;
    chain->agent = read_agent(connection, *chain);
    chains.push_back(std::move(*chain));
  }
  return chains;
}

// When the agent began the chain with which it went on; nullopt: with none.
std::optional<core::Time> went_on(const ChainTimes& chain, const std::vector<ChainTimes>& chains) {
  std::optional<core::Time> at;
  if (chain.agent.empty()) return at;
  for (const auto& other : chains) {
    if (other.id == chain.id || other.agent != chain.agent || other.began < chain.ended) continue;
    if (!at || other.began < *at) at = other.began;
  }
  return at;
}

// Leaves only checkpoints of batches that the database has; says how many it took out.
std::uint64_t take_out_undelivered(Connection& connection, std::vector<core::ChainHead>& heads) {
  std::map<core::ChainId, std::uint64_t> last;
  return std::erase_if(heads, [&](const core::ChainHead& head) {
    auto found = last.find(head.chain);
    if (found == last.end())
      found = last.emplace(head.chain, last_batch(connection, head.chain)).first;
    return head.seq > found->second;
  });
}

bool holds_nothing(Connection& connection) {
  return connection
             .run(
                 "SELECT 1 WHERE EXISTS (SELECT FROM audit_batch) OR EXISTS (SELECT FROM "
                 "audit_event)")
             .rows() == 0;
}

}  // namespace

ReportEvidence::ReportEvidence(Settings settings) : settings_(std::move(settings)) {}

Connection& ReportEvidence::connected() {
  if (!connection_)
    connection_ = std::make_unique<Connection>(settings_.database, settings_.stop_fd);
  return *connection_;
}

void ReportEvidence::read_gaps(const report::Head& head, report::Gaps& gaps,
                               const Stopping& stopping) {
  auto& connection = connected();
  const auto& request = head.request;
  const auto chains = read_chains(connection, request.since, stopping);
  for (const auto& chain : chains) {
    gaps.begin(chain.id, chain.agent);
    const auto page = [&] {
      if (stopping()) throw Stopped();
    };
    read_sealed(connection, chain, request.since, request.until, page,
                [&](core::Time sealed) { gaps.add(sealed); });
    gaps.finish(std::min(head.made, went_on(chain, chains).value_or(head.made)));
  }
}

report::Kept ReportEvidence::read_kept(const report::Head& head, const Stopping& stopping) {
  auto& connection = connected();
  report::Kept kept;
  if (const auto day = first_day(connection, stopping)) kept.oldest = time_of(*day);
  kept.dropped = read_dropped(connection, head.request);
  return kept;
}

report::Integrity ReportEvidence::verify(const report::Head& head, const Stopping& stopping) {
  auto& connection = connected();
  std::uint64_t undelivered = 0;
  auto integrity = report::verify(
      settings_.place, head.request.since, store_options(), [&](core::VerifyOptions& options) {
        undelivered = take_out_undelivered(connection, options.heads);
        if (holds_nothing(connection)) return std::vector<core::ChainReport>();
        return postgres::verify_database(
            settings_.database, *settings_.catalogue, settings_.decode, options,
            [&](std::uint64_t) {
              if (stopping()) throw Stopped();
            },
            settings_.stop_fd);
      });
  integrity.undelivered = undelivered;
  return integrity;
}

std::string ReportEvidence::store_options() const {
  const auto& database = settings_.database;
  std::string options = "--pg " + report::shell_word(database.url);
  if (database.schema != postgres::Config().schema)
    options += " --pg-schema " + report::shell_word(database.schema);
  if (!settings_.config_file.empty())
    options += " --config " + report::shell_word(settings_.config_file);
  return options;
}

}  // namespace kcloud::fleet
