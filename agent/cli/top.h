// `kcloud-logger top`: a running agent's figures, live on a terminal, or as plain text. Blocks
// until the user ends it; the return value is the process's exit code.
#pragma once

#include <string>

namespace kcloud::cli {

struct TopOptions {
  std::string url = "http://localhost:8007";
  std::string token;  // bearer; empty: none
  std::string ca;     // PEM file of the authorities to trust; empty: the system's
  std::string interval = "1s";
  bool once = false;   // one frame, as text
  bool batch = false;  // a line an interval; so too when standard output is no terminal
};

// 0: ended by the user; 1: `once`, and nobody answers; 2: wrong options.
int top(const TopOptions& options);

}  // namespace kcloud::cli
