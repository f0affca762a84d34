// The rollups of all agents, as their database has them in one snapshot: the cells, and what was
// stored since they were added up last (exporters/postgres/rollup_store.h).
//
// Within a transaction of REPEATABLE READ that whoever makes it holds open. Everything throws
// postgres::Error; std::runtime_error where numbers would not be whole.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "agent/journal/rollup_state.h"
#include "exporters/postgres/connection.h"
#include "exporters/postgres/rollup_rows.h"
#include "rollups/delta.h"

namespace kcloud::fleet {

class RollupSource final : public journal::RollupSource {
 public:
  // `dictionary`: names as far as they were read; it is brought up to date, and outlives this.
  RollupSource(postgres::Connection& connection, rollups::Dictionary& dictionary);

  std::uint32_t name(const std::string& name) override;
  std::vector<rollups::Dictionary::Series> series(std::uint32_t type) override;
  void scan(const journal::RollupRange& range, const Visit& visit) override;
  void workloads(const journal::RollupRange& range, const SumOf& sum_of) override;
  std::vector<std::int64_t> marks(const journal::RollupRange& range) override;
  void events(const std::string& type, core::Time from, core::Time to,
              const std::function<void(core::EventBatch&)>& take) override;
  std::optional<core::Time> kept_since() override;
  const core::Zone* day_zone() const override { return &zone_; }
  Freshness freshness(core::Time now) override;

 private:
  using Place = std::pair<rollups::Grain, rollups::Part>;
  using Cells = std::map<std::int64_t, std::vector<std::pair<std::uint32_t, std::string>>>;
  using Hour = std::pair<rollups::Part, std::int64_t>;

  void take(const rollups::Delta& delta);
  // Of minutes and hours, which are pending; each with its key in the dictionary's numbers.
  void visit_pending(const journal::RollupRange& range, const Visit& visit) const;
  std::uint32_t series_of(std::uint32_t type, const std::string& tags);

  postgres::Connection& connection_;
  rollups::Dictionary& dictionary_;
  core::Zone zone_;
  // Names and series that are pending alone have numbers past those of the dictionary.
  std::map<std::string, std::uint32_t> new_names_;
  std::map<std::pair<std::uint32_t, std::string>, std::uint32_t> new_series_;
  std::map<Place, Cells> pending_;
  std::set<Hour> late_;  // by the part of the tags: what is pending of them has no minutes
  std::map<rollups::Grain, std::map<rollups::Part, std::vector<std::int64_t>>> marks_;
};

}  // namespace kcloud::fleet
