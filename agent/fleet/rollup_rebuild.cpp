#include "agent/fleet/rollup_rebuild.h"

#include <fmt/format.h>

#include <map>
#include <set>

#include "agent/fleet/event_table.h"
#include "agent/fleet/rollup_source.h"
#include "exporters/postgres/rollup_store.h"
#include "exporters/postgres/schema.h"
#include "rollups/accumulator.h"
#include "rollups/cell.h"

namespace kcloud::fleet {
namespace {

using postgres::Connection;
using rollups::Grain;
using rollups::Kind;
using std::chrono::hours;

// Events by the part of their type's total.
using Counts = std::map<rollups::Part, std::uint64_t>;

class Rebuilding {
 public:
  explicit Rebuilding(const RebuildOptions& options)
      : options_(options),
        connection_(options.database, -1),
        store_(options.plan, options.zone),
        decoder_(options.plan->catalogue(), options.decode) {
    const int version = postgres::schema_version(connection_);
    if (version != postgres::kSchemaVersion)
      throw postgres::Error(
          "3F000", fmt::format("schema {} has version {}, expected {}", options.database.schema,
                               version, postgres::kSchemaVersion));
  }

  Rebuilt run(const std::function<bool(const Rebuilt&, core::Time)>& progress) {
    const auto first = edge("SELECT min(time) FROM audit_event");
    const auto last = edge("SELECT max(time) FROM audit_event");
    auto at = std::max(options_.since.value_or(core::Time::min()), first.value_or(core::Time()));
    while (first) {
      const auto next =
          edge("SELECT time FROM audit_event WHERE time >= $1 ORDER BY time LIMIT 1", at);
      if (!next || (options_.until && *next >= *options_.until)) break;
      const auto hour = core::Time(std::chrono::floor<hours>(*next));
      make_hour(hour);
      at = hour + hours(1);
      if (!progress(done_, hour)) return done_;
    }
    const bool all = (!options_.since || !first || *options_.since <= *first) &&
                     (!options_.until || !last || *options_.until > *last);
    if (all) connection_.run("DELETE FROM rollup_state WHERE name = 'incomplete'");
    return done_;
  }

 private:
  std::optional<core::Time> edge(const std::string& statement,
                                 std::optional<core::Time> from = std::nullopt) {
    std::vector<postgres::Parameter> parameters;
    if (from)
      parameters.push_back(
          postgres::parameter(postgres::Type::kTimestamp, postgres::binary_time(*from)));
    const auto found = connection_.run(statement, parameters);
    if (found.rows() == 0 || found.is_null(0, 0)) return std::nullopt;
    return postgres::read_time(found.value(0, 0));
  }

  // The lock is held before the snapshot is: what it sees pending is what its rows have.
  void make_hour(core::Time hour) {
    postgres::RollupStore::lock(connection_);
    connection_.script("BEGIN ISOLATION LEVEL REPEATABLE READ");
    store_.fold_seen(connection_);
    replace(hour);
    connection_.script("COMMIT");
    postgres::RollupStore::unlock(connection_);
  }

  void replace(core::Time hour) {
    const auto bucket = rollups::bucket_of(hour, Grain::kHour);
    rollups::Accumulator sums(options_.plan, store_.dictionary(),
                              [](const rollups::CellKey&) { return std::string(); },
                              {.cache_bytes = static_cast<std::size_t>(-1)});
    std::uint64_t events = 0;
    EventTable(connection_).events("", hour, hour + hours(1), [&](core::EventBatch& batch) {
      for (auto& event : batch.events) {
        decoder_.complete(event, batch);
        sums.add(event);
      }
      events += batch.events.size();
    });
    auto changes = sums.take();
    Counts made;
    for (const auto& [key, value] : changes.cells)
      if (rollups::kind_of(key.part) == Kind::kTotal)
        made[key.part] = rollups::decode(value)->events;
    if (kept_since() && hour < *kept_since() && more_is_kept(bucket, made)) {
      done_.refused.push_back(hour);
      return;
    }
    const auto policy =
        rollups::part_of(store_.dictionary().find_name(rollups::names::kPolicy), Kind::kTotal);
    const bool recent = core::SystemClock().now() - hour < rollups::kMinutesFor + hours(1);
    store_.replace_hour(connection_, bucket, std::move(changes), recent || made.contains(policy));
    ++done_.hours;
    done_.events += events;
  }

  bool more_is_kept(std::int64_t bucket, const Counts& made) {
    std::set<postgres::Bucket> totals;
    for (const auto& [name, part] : store_.dictionary().names())
      totals.emplace(Grain::kHour, rollups::part_of(part, Kind::kTotal), bucket);
    bool more = false;
    postgres::read_buckets(
        connection_, totals, [&](const rollups::CellKey& key, std::string_view value) {
          const auto cell = rollups::decode(value);
          const auto found = made.find(key.part);
          more |= !cell || cell->events > (found == made.end() ? 0 : found->second);
        });
    return more;
  }

  const std::optional<core::Time>& kept_since() {
    if (!kept_since_) kept_since_ = postgres::kept_since(connection_);
    return *kept_since_;
  }

  const RebuildOptions& options_;
  Connection connection_;
  postgres::RollupStore store_;
  core::Decoder decoder_;
  std::optional<std::optional<core::Time>> kept_since_;
  Rebuilt done_;
};

}  // namespace

Rebuilt rebuild_rollups(const RebuildOptions& options,
                        const std::function<bool(const Rebuilt& done, core::Time at)>& progress) {
  try {
    return Rebuilding(options).run(progress);
  } catch (const postgres::Error& error) {
    throw std::runtime_error(fmt::format("PostgreSQL: {}", error.what()));
  }
}

}  // namespace kcloud::fleet
