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
  std::string pg;            // connection URI or `key=value …` of a database; empty: an agent's
  std::string pg_schema;     // empty: the exporter's default
  std::string config_file;   // with `pg`
};

int show_rollups(const RollupsOptions& options);
// Follows it to its end; Ctrl-C leaves it to the agent, or ends it behind an hour of the database.
// 1: some hours were left as they are, it was stopped, or the agent or the server refused.
int rebuild_rollups(const RollupsOptions& options);

}  // namespace kcloud::cli
