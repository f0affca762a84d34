// What the routes need from the agent, in one struct. Everything referred to must outlive the
// Router.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/alerting/status.h"
#include "agent/delivery/delivery.h"
#include "agent/delivery/replay.h"
#include "agent/journal/journal.h"
#include "config/config.h"
#include "core/collector.h"
#include "core/counters.h"
#include "core/time.h"

namespace kcloud::alerting {
class Alerting;
}

namespace kcloud::analytics {
class Analytics;
}

namespace kcloud::fleet {
class Fleet;
}

namespace kcloud::api {

// An exporter as health and metrics see it; the functions may be called from any thread.
struct ExporterView {
  std::string name;  // instance; its cursor is `exporter:<name>`
  std::string type;
  bool required = false;
  std::function<delivery::Status()> status;
  const core::ExporterCounters* counters = nullptr;
  // As delivery::Loop has it.
  std::function<void(std::shared_ptr<core::EventBatch>,
                     std::function<void(const delivery::SideResult&)>)>
      deliver_beside = {};
  bool keeps_seals = false;
  config::DeliveryConfig delivery = {};
};

enum class CollectorPhase : std::uint8_t {
  kStarting,
  kRunning,
  kRetrying,  // it failed and waits for its next try
  kPaused,    // by an admin
  kStopped
};

struct CollectorStatus {
  CollectorPhase phase = CollectorPhase::kStarting;
  std::uint64_t restarts = 0;  // after failures
  core::CollectorReport report;
};

// A collector beside the webhook, likewise.
struct CollectorView {
  std::string name;  // instance
  std::string type;
  std::function<CollectorStatus()> status;
  const core::CollectorCounters* counters = nullptr;
};

struct Context {
  std::shared_ptr<const config::Config> config;  // the one to begin with; see Router::reload
  std::function<std::string(const config::Config&)> show_config;  // JSON, secrets masked
  journal::Journal& journal;
  std::function<std::vector<ExporterView>()> exporters;  // any thread
  const core::Clock& clock;
  const std::atomic<bool>& ready;
  std::string version;
  std::string agent;                                            // this agent's name
  std::function<std::vector<CollectorView>()> collectors = {};  // any thread
  // Pauses or resumes one; false: there is none of that name. Any thread; may take seconds.
  std::function<bool(const std::string& name, bool paused)> pause_collector = {};
  delivery::Replays* replays = nullptr;
  // Sets in the hints for a dead letter what its position tells of the message. Any thread.
  std::function<void(const config::CollectorConfig&, core::TransportHints&)> recall = {};
  std::function<std::vector<alerting::NotifierView>()> notifiers = {};  // any thread; empty: none
  analytics::Analytics* analytics = nullptr;  // none: the routes of /analytics say so
  alerting::Alerting* alerting = nullptr;     // none: the routes of /alerts say so
  fleet::Fleet* fleet = nullptr;  // none: /events, /analytics and /reports are of the journal
};

}  // namespace kcloud::api
