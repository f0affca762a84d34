// Logs go to standard error: readable text on a terminal, one JSON object a line elsewhere.
#pragma once

#include "config/config.h"

namespace kcloud::agent {

void set_up_logging(const config::LogConfig& config);

}  // namespace kcloud::agent
