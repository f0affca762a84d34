#include "agent/fleet/rollup_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "agent/fleet/event_table.h"
#include "rollups/damaged.h"
#include "rollups/workloads.h"

namespace kcloud::fleet {
namespace {

using rollups::CellKey;
using rollups::Grain;
using rollups::Kind;

// Numbers of what the dictionary has not: no dictionary gets there.
constexpr std::uint32_t kNewNames = std::uint32_t{1} << 28;
constexpr std::uint32_t kNewSeries = std::uint32_t{1} << 30;

// They are kept in memory for the answer.
constexpr std::int64_t kMostPending = std::int64_t{32} << 20;

// A chain that sealed nothing for so long is one of an agent that is no more.
constexpr std::chrono::hours kAway{24};

}  // namespace

RollupSource::RollupSource(postgres::Connection& connection, rollups::Dictionary& dictionary)
    : connection_(connection), dictionary_(dictionary) {
  if (const auto why = postgres::read_state(connection, "incomplete"))
    throw std::runtime_error(
        fmt::format("the database's rollups are not whole: {}; `kcloud-logger rollups rebuild --pg "
                    "URL` makes them anew",
                    *why));
  if (const auto bytes = postgres::pending_bytes(connection); bytes > kMostPending)
    throw std::runtime_error(fmt::format(
        "{} MiB of sums wait for an agent that stores to add them up; ask again in some seconds",
        bytes >> 20));
  zone_ = core::Zone(postgres::read_state(connection, "zone").value_or("UTC"));
  postgres::load_names(connection, dictionary_);
  for (const auto& one : postgres::read_pending(connection, 0)) {
    if (!one.delta) rollups::damaged();
    take(*one.delta);
  }
}

std::uint32_t RollupSource::name(const std::string& name) {
  if (const auto known = dictionary_.find_name(name); known != 0) return known;
  const auto found = new_names_.find(name);
  return found == new_names_.end() ? 0 : found->second;
}

std::uint32_t RollupSource::series_of(std::uint32_t type, const std::string& tags) {
  if (const auto known = dictionary_.find_series(type, tags); known != 0) return known;
  const auto next = kNewSeries + static_cast<std::uint32_t>(new_series_.size());
  return new_series_.try_emplace({type, tags}, next).first->second;
}

void RollupSource::take(const rollups::Delta& delta) {
  const rollups::DeltaNames names(delta, [this](const std::string& text) {
    if (const auto known = name(text); known != 0) return known;
    const auto next = kNewNames + static_cast<std::uint32_t>(new_names_.size());
    return new_names_.try_emplace(text, next).first->second;
  });
  std::set<Hour> with_minutes;
  for (const auto& key : delta.minutes) with_minutes.emplace(names.part(key.part), key.bucket);
  for (const auto& [key, value] : delta.cells) {
    const auto part = names.part(key.part);
    const auto kind = rollups::kind_of(part);
    std::uint32_t series = key.series;
    if (kind == Kind::kTags) {
      const auto* own = names.series(key.series);
      if (own == nullptr) rollups::damaged();
      series = series_of(part >> 2, own->tags);
    }
    const Hour hour{rollups::part_of(part >> 2, Kind::kTags), key.bucket};
    if (kind == Kind::kTotal && !with_minutes.contains(hour)) late_.insert(hour);
    auto& cells = pending_[{key.grain, part}][key.bucket];
    if (kind == Kind::kWorkloads) {
      cells.emplace_back(series, value);
      continue;
    }
    const auto cell = names.cell(value);
    if (!cell) rollups::damaged();
    cells.emplace_back(series, rollups::encode(*cell));
  }
}

std::vector<rollups::Dictionary::Series> RollupSource::series(std::uint32_t type) {
  auto all = dictionary_.all_series(type);
  for (const auto& [key, id] : new_series_)
    if (key.first == type) all.push_back({id, type, key.second});
  return all;
}

// What is pending adds up with days as with the hours that they were made of.
void RollupSource::visit_pending(const journal::RollupRange& range, const Visit& visit) const {
  const auto grain = range.grain == Grain::kMinute ? Grain::kMinute : Grain::kHour;
  const auto found = pending_.find({grain, range.part});
  if (found == pending_.end()) return;
  const auto end = found->second.lower_bound(range.to);
  for (auto bucket = found->second.lower_bound(range.from); bucket != end; ++bucket)
    for (const auto& [series, value] : bucket->second)
      visit({grain, range.part, bucket->first, series}, value);
}

void RollupSource::scan(const journal::RollupRange& range, const Visit& visit) {
  if (range.part >> 2 < kNewNames)
    postgres::scan_cells(connection_, range.grain, range.part, range.from, range.to, visit);
  visit_pending(range, visit);
}

void RollupSource::workloads(const journal::RollupRange& range, const SumOf& sum_of) {
  rollups::ChunkReader chunks;
  if (range.part >> 2 < kNewNames)
    postgres::scan_cells(connection_, range.grain, range.part, range.from, range.to,
                         [&](const CellKey& key, std::string_view value) {
                           chunks.add(sum_of(key.bucket), key.bucket, value);
                         });
  // Each chunk of a delta counts.
  visit_pending(range, [&](const CellKey& key, std::string_view value) {
    if (sum_of(key.bucket).add(value) == rollups::Workloads::Added::kDamaged) rollups::damaged();
  });
}

std::vector<std::int64_t> RollupSource::marks(const journal::RollupRange& range) {
  auto found = marks_.find(range.grain);
  if (found == marks_.end()) {
    found = marks_.try_emplace(range.grain).first;
    for (const auto& key : postgres::read_marks(connection_, range.grain, true))
      found->second[key.part].push_back(key.bucket);
  }
  std::vector<std::int64_t> all;
  for (const auto bucket : found->second[range.part])
    if (bucket >= range.from && bucket < range.to &&
        (range.grain != Grain::kMinute || !late_.contains({range.part, bucket})))
      all.push_back(bucket);
  return all;
}

void RollupSource::events(const std::string& type, core::Time from, core::Time to,
                          const std::function<void(core::EventBatch&)>& take) {
  EventTable(connection_).events(type, from, to, take);
}

std::optional<core::Time> RollupSource::kept_since() { return postgres::kept_since(connection_); }

// What each agent sealed was stored with its seals in their order: all is here up to the earliest
// of their newest seals.
journal::RollupSource::Freshness RollupSource::freshness(core::Time now) {
  const auto seals = connection_.run(
      "WITH RECURSIVE chains AS ((SELECT chain_id FROM audit_batch ORDER BY chain_id LIMIT 1) "
      "UNION ALL SELECT (SELECT chain_id FROM audit_batch b WHERE b.chain_id > c.chain_id ORDER BY "
      "chain_id LIMIT 1) FROM chains c WHERE c.chain_id IS NOT NULL) SELECT (SELECT sealed_at FROM "
      "audit_batch b WHERE b.chain_id = c.chain_id ORDER BY seq DESC LIMIT 1) FROM chains c WHERE "
      "c.chain_id IS NOT NULL");
  Freshness fresh{0, now};
  for (std::size_t row = 0; row < seals.rows(); ++row) {
    const auto sealed = postgres::read_time(seals.value(row, 0));
    if (now - sealed < kAway) fresh.as_of = std::min(fresh.as_of, sealed);
  }
  return fresh;
}

}  // namespace kcloud::fleet
