// Objectives as the rollups count them: from the configuration's words to what judges an event.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "rollups/plan.h"

namespace kcloud::analytics {

struct Objective {
  std::string name;
  std::string kind;  // latency, availability, events
  double target = 0;
  std::string type;     // whose events count; empty: availability
  std::string measure;  // of the rollups: count is all of them, sum the good ones; empty: likewise
  std::string good;     // in words
};

struct Objectives {
  std::vector<Objective> all;
  std::vector<rollups::Judged> judged;
};

// What is wrong goes to `problems`, at its place in `file`; such objectives are left out. The
// catalogue outlives what comes back.
Objectives read_objectives(const config::AnalyticsConfig& config, const core::Catalogue& catalogue,
                           const std::string& file, config::Problems& problems);

}  // namespace kcloud::analytics
