// `kcloud-logger collectors`: those of a running agent, listed, paused and resumed. Blocks for the
// answer, which for a pause may take some seconds.
#pragma once

#include <string>

#include "agent/cli/address.h"

namespace kcloud::cli {

struct CollectorsOptions {
  Address agent;
  std::string name;  // of pause and resume
  bool json = false;
};

// 0: done; 1: the agent refused (no such collector, or without the role); 2: nobody answers.
int list_collectors(const CollectorsOptions& options);
int pause_collector(const CollectorsOptions& options, bool paused);

// The table of what GET /collectors answered; a head and a line for each.
std::string collectors_table(const std::string& answer);

}  // namespace kcloud::cli
