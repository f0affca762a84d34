// From a configuration file and the command line to what the agent runs with.
#pragma once

#include <optional>
#include <stdexcept>
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

// Its message has every problem on a line of its own.
class BadConfiguration : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
config::Config load_or_throw(const Overrides& overrides);

journal::Options journal_options(const config::Config& config);

// Without the agent's configuration: no limit may remove what that agent is to keep.
journal::Options unlimited_journal(const std::string& data_dir);

// For commands on a stopped agent's directory: as configured, without limits when no file is named.
journal::Options command_journal(const Overrides& overrides, const config::Config& config);

// The configured name, else the host's.
std::string agent_name(const config::AgentConfig& config);

}  // namespace kcloud::agent
