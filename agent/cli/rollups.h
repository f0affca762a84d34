// `kcloud-logger rollups`: the sums behind /analytics of a running agent. The return value is the
// process's exit code.
#pragma once

#include <string>

#include "agent/cli/address.h"

namespace kcloud::cli {

struct RollupsOptions {
  Address agent;
  bool json = false;
  std::string since, until;  // of rebuild, as POST /analytics/rollups takes them
};

int show_rollups(const RollupsOptions& options);
// Follows it to its end; Ctrl-C leaves it to the agent. 1: some hours were left as they are, or the
// agent refused.
int rebuild_rollups(const RollupsOptions& options);

}  // namespace kcloud::cli
