// The answers of /analytics, from sums. docs/analytics.md has each figure's formula and unit.
#pragma once

#include <vector>

#include "agent/analytics/answer.h"
#include "agent/analytics/objectives.h"
#include "agent/analytics/request.h"
#include "agent/analytics/source.h"

namespace kcloud::analytics {

// Throw BadRange. `range`, `as_of` and `lag` are set by who calls.
Answer scheduling_performance(Source& source, const Request& request);
Answer cost_efficiency(Source& source, const Request& request);
Answer sla_compliance(Source& source, const Request& request,
                      const std::vector<Objective>& objectives);

}  // namespace kcloud::analytics
