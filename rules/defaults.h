// The rule files that come with the agent (rules/defaults/), embedded.
#pragma once

#include <vector>

#include "rules/load.h"

namespace kcloud::rules {

std::vector<RuleFile> default_files();  // named `defaults/cost.yaml`, …

}  // namespace kcloud::rules
