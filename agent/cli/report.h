// `kcloud-logger report audit`: a report of a running agent, as it comes, into a file. Blocks until
// the end or Ctrl-C; the return value is the process's exit code.
#pragma once

#include <string>

#include "agent/cli/address.h"

namespace kcloud::cli {

struct ReportOptions {
  Address agent;
  // The parameters of GET /reports/audit, as given; empty: none.
  std::string since, until, time_range, zone, type, cluster, workload, actor, lang;
  std::string format;  // empty: by the file's name
  std::string file = "-";
};

// By the end of a file's name, with or without `.gz` or `.zst`; json where it says nothing.
std::string report_format(const std::string& file);

// 0: done; 1: the agent refused; 2: failed, interrupted or not whole, and no file was made.
int report_audit(const ReportOptions& options);

}  // namespace kcloud::cli
