// The options that say where a running agent is and how to be let in. Alike for all commands that
// ask one.
#pragma once

#include <string>

#include "agent/cli/address.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace kcloud::cli {

// Returns the option --url; `what` is its help.
CLI::Option* add_agent(CLI::App& command, Address& agent, const std::string& what);

}  // namespace kcloud::cli
