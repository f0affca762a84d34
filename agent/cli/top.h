// `kcloud-logger top`: a running agent's figures, live on a terminal, or as plain text. Blocks
// until the user ends it; the return value is the process's exit code.
#pragma once

#include <string>

#include "agent/cli/address.h"

namespace kcloud::cli {

struct TopOptions {
  Address agent;
  std::string interval = "1s";
  bool once = false;   // one frame, as text
  bool batch = false;  // a line an interval; so too when standard output is no terminal
};

// 0: ended by the user; 1: `once`, and nobody answers; 2: wrong options.
int top(const TopOptions& options);

}  // namespace kcloud::cli
