// `check --online`: a real handshake and a real write at every configured sink. Opens no journal
// and works beside a running agent.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "agent/startup.h"
#include "core/exporter.h"

namespace kcloud::agent {

// The steps of `exporter.probe()`, on a thread of their own for at most about `limit`: what is not
// done by then is interrupted and FAILED. `abandoned`: the thread did not even end two seconds
// later; it still uses the exporter, and the process must end without waiting for it.
struct Probed {
  std::vector<core::ProbeStep> steps;
  bool abandoned = false;
};
Probed probe(std::shared_ptr<core::Exporter> exporter, std::chrono::milliseconds limit);

// `main-influx: write: passed (…)`. One line, whatever a server said. Pure.
std::string step_line(const std::string& sink, const core::ProbeStep& step);

// After check_configuration() found nothing: prints a line a step and a summary. 0 when no step
// failed, 1 otherwise. A skipped step is neither passed nor failed.
int check_online(const Overrides& overrides, std::chrono::milliseconds limit);

}  // namespace kcloud::agent
