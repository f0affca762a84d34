// From a configuration file and the command line to what the agent runs with.
#pragma once

#include <optional>
#include <string>
#include <utility>

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
// only when there are no problems. No network call. A reload passes no `tls_check`: whether the
// files it names are usable must not hold up the rest.
config::Config load(const Overrides& overrides, config::Problems& problems,
                    const config::TlsCheck& tls_check = {});
// Loads the files that `http.tls` names.
std::optional<std::pair<std::string, std::string>> check_tls(const config::TlsConfig& tls);

journal::Options journal_options(const config::Config& config);

// The configured name, else the host's.
std::string agent_name(const config::AgentConfig& config);

}  // namespace kcloud::agent
