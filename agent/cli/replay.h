// `kcloud-logger replay`: has a running agent send events to one exporter once more, and shows how
// far it is. Blocks until the end or Ctrl-C, which cancels it; the return value is the process's
// exit code.
#pragma once

#include <chrono>
#include <string>

#include "agent/cli/address.h"
#include "agent/cli/progress.h"

namespace kcloud::cli {

struct ReplayOptions {
  Address agent;
  std::string exporter;
  std::string from, to, time, after;  // as POST /exporters/{name}/replay takes them; empty: none
  bool detach = false;                // start it and leave it to the agent
  bool wait = false;                  // start none: follow the one that runs
  bool cancel = false;                // end the one that runs
};

// 0: done; 1: the sink refused some, or the agent the request; 2: it ended before its end, or
// nobody answers.
int replay(const ReplayOptions& options);

// Of what GET /exporters/{name}/replay answered. Pure.
Progress replay_progress(const std::string& answer, std::chrono::duration<double> elapsed);
// `main: 500 sent, 2 refused, 0 gone; up to 2c7a289e-512`.
std::string replay_summary(const std::string& answer);
// The command that goes on from there.
std::string replay_command(const ReplayOptions& options, const std::string& answer);

}  // namespace kcloud::cli
