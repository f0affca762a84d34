// The agent as a whole: journal, HTTP, exporters, collectors, in the order in which they depend on
// each other.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "agent/alerting/alerting.h"
#include "agent/analytics/analytics.h"
#include "agent/api/router.h"
#include "agent/audit/checkpoints.h"
#include "agent/collector_set.h"
#include "agent/delivery/live_feed.h"
#include "agent/delivery/replay.h"
#include "agent/exporter_set.h"
#include "agent/fleet/fleet.h"
#include "agent/http/server.h"
#include "agent/journal/journal.h"
#include "agent/startup.h"
#include "config/config.h"
#include "core/time.h"

namespace kcloud::agent {

class Agent {
 public:
  // Opens the journal and binds the address. Throws std::runtime_error with a hint.
  Agent(Overrides overrides, std::shared_ptr<const config::Config> config);
  ~Agent();

  void start();
  // Reads the configuration again. A bad one changes nothing and is reported in the log; so are
  // options that only a restart changes.
  void reload();
  // Readiness first, then intake, exporters and the journal; at most about
  // `agent.shutdown_timeout`.
  void stop();

  const std::string& address() const { return server_->address(); }

 private:
  void start_parts();
  // What was done to this agent, as an event.
  void tell(std::string_view action, const std::string& detail);

  const Overrides overrides_;
  std::shared_ptr<const config::Config> config_;
  core::SystemClock clock_;
  std::atomic<bool> ready_{false};
  std::unique_ptr<journal::Journal> journal_;
  std::unique_ptr<audit::Checkpoints> checkpoints_;  // none when audit is off
  std::unique_ptr<alerting::Alerting> alerting_;
  std::unique_ptr<analytics::Analytics> analytics_;
  std::unique_ptr<fleet::Fleet> fleet_;  // none: questions are answered from the journal
  std::unique_ptr<ExporterSet> exporters_;
  std::unique_ptr<delivery::LiveFeed> feed_;
  std::unique_ptr<CollectorSet> collectors_;
  std::unique_ptr<delivery::Replays> replays_;
  std::unique_ptr<api::Router> router_;
  std::unique_ptr<http::Server> server_;
};

// `kcloud-logger run`: until SIGTERM or SIGINT. Returns the exit code: 0, 2 (cannot start), 78 (bad
// configuration).
int run(const Overrides& overrides);

}  // namespace kcloud::agent
