// One hour of the rollups, made anew from its events.
#pragma once

#include <memory>
#include <set>
#include <utility>

#include "agent/journal/reader.h"
#include "agent/journal/rollup_state.h"
#include "core/decode.h"
#include "rollups/accumulator.h"

namespace kcloud::analytics {

struct MadeHour {
  bool refused = false;          // not all of its events are kept any more
  journal::RollupCommit commit;  // takes the place of what is kept of the hour; no cursor
};

// From the events up to `upto`, which the rollups are to hold exactly. `minute_hours`: of which
// minutes are kept.
MadeHour make_hour(journal::Reader& reader, core::Decoder& decoder,
                   const std::shared_ptr<const rollups::Plan>& plan,
                   rollups::Dictionary& dictionary,
                   const std::set<std::pair<rollups::Part, std::int64_t>>& minute_hours,
                   core::Time hour, std::uint64_t upto);

}  // namespace kcloud::analytics
