// `kcloud-logger rollups rebuild --pg`: hours of the database's rollups made anew from its rows,
// each in one transaction, beside agents that go on storing.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/catalogue.h"
#include "core/decode.h"
#include "core/time.h"
#include "exporters/postgres/config.h"
#include "rollups/plan.h"

namespace kcloud::fleet {

struct RebuildOptions {
  postgres::Config database;
  std::shared_ptr<const rollups::Plan> plan;  // of shared sums
  core::DecodeOptions decode;
  std::string zone = "UTC";                // whose days are kept where no agent's are yet
  std::optional<core::Time> since, until;  // whole hours are made; nullopt: of all rows
};

struct Rebuilt {
  std::size_t hours = 0;
  std::uint64_t events = 0;
  std::vector<core::Time> refused;  // hours of which rows are gone that the rollups still have
};

// `progress`: after each hour, with what was done and where in the rows' times it is; false: stop.
// Throws std::runtime_error.
Rebuilt rebuild_rollups(const RebuildOptions& options,
                        const std::function<bool(const Rebuilt& done, core::Time at)>& progress);

}  // namespace kcloud::fleet
