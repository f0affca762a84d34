// From a configuration file and the command line to what the agent runs with.
#pragma once

#include <optional>
#include <string>

#include "agent/journal/journal.h"
#include "config/config.h"

namespace kcloud::agent {

// What the command line overrides; empty: as configured.
struct Overrides {
  std::string config_file;
  std::string listen;
  std::string data_dir;
};

// Reads the file (or the embedded defaults), applies the overrides, checks. The result is usable
// only when there are no problems. No network call.
config::Config load(const Overrides& overrides, config::Problems& problems);

journal::Options journal_options(const config::Config& config);

// The configured name, else the host's.
std::string agent_name(const config::AgentConfig& config);

}  // namespace kcloud::agent
