// The commands that work on a data directory or a configuration file, without a running agent.
#pragma once

#include <string>

#include "agent/startup.h"

namespace kcloud::agent {

// `check`: prints every problem of the configuration at its line. 0, or 78 when there are any. No
// network call.
int check_configuration(const Overrides& overrides);

// `journal check`: walks the whole journal. 0, or 1 when it is damaged, 2 when it cannot be opened.
int check_journal(const std::string& data_dir);

// `cursors ls` and `cursors drop NAME`, on the directory of a stopped agent.
int list_cursors(const std::string& data_dir);
int drop_cursor(const std::string& data_dir, const std::string& name);

}  // namespace kcloud::agent
