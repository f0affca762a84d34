// The health model: what the parts say of themselves to one status and its JSON. Pure.
//
// Unhealthy: the journal cannot store: the disk refuses, or it is full and a required sink holds
// it. Degraded: a collector fails, is paused or its source does not answer, a sink lags, retries or
// holds, a rule file is bad, a notifier's messages are not taken, acknowledged events were lost to
// damage, a file of tokens or secrets is bad, or the TLS certificate expires within 14 days or
// cannot be renewed. A sink that is not required never makes the agent unhealthy.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/analytics/rollup_loop.h"
#include "agent/api/context.h"
#include "agent/api/credential_files.h"
#include "agent/delivery/delivery.h"
#include "agent/fleet/fleet.h"
#include "agent/http/certificates.h"
#include "agent/journal/journal.h"

namespace kcloud::api {

struct ExporterHealth {
  std::string name;
  std::string type;
  bool required = false;
  delivery::Status status;
  std::uint64_t delivered = 0;
  std::uint64_t dead_lettered = 0;
  std::uint64_t skipped = 0;
};

struct WebhookHealth {
  std::uint64_t received = 0;
  std::uint64_t stored = 0;
  std::uint64_t rejected = 0;
  std::uint64_t unauthorized = 0;
  std::uint64_t busy = 0;
};

struct ForwardHealth {
  std::uint64_t received = 0;
  std::uint64_t stored = 0;
  std::uint64_t duplicates = 0;  // without the loops
  std::uint64_t loops = 0;
  std::uint64_t rejected = 0;
  std::uint64_t unauthorized = 0;
  std::uint64_t busy = 0;
};

struct CollectorHealth {
  std::string name;
  std::string type;
  CollectorStatus status;
  std::uint64_t received = 0;
  std::uint64_t stored = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t conflicts = 0;
  std::uint64_t rejected = 0;
  std::uint64_t busy = 0;
};

struct NotifierHealth {
  std::string name;
  std::string type;
  alerting::NotifierStatus status;
  std::uint64_t sent = 0;
  std::uint64_t failed = 0;
  std::uint64_t dropped = 0;
};

struct RulesHealth {
  std::size_t rules = 0, firing = 0, pending = 0;
  std::uint64_t lag_events = 0;
  core::Time frontier{};
  std::vector<std::string> problems;  // of the newest try to load
  std::string last_error;
};

struct HealthInput {
  std::string version;
  std::string agent;
  std::string epoch;
  bool ready = true;
  journal::Stats journal;
  journal::OpenReport report;
  journal::Journal::ChainState chain;
  WebhookHealth webhook;
  std::optional<ForwardHealth> forward;  // of an agent to which others forward
  std::vector<CollectorHealth> collectors;
  std::vector<ExporterHealth> exporters;
  std::optional<RulesHealth> rules;              // none: alerting is off
  std::optional<analytics::LoopStatus> rollups;  // none: analytics is off
  std::optional<fleet::Fleet::Status> fleet;     // none: questions are answered from the journal
  std::vector<NotifierHealth> notifiers;
  std::vector<journal::CursorInfo> cursors;
  CredentialFiles::Report files;
  std::size_t stream_clients = 0;
  bool details = true;  // texts of errors and names of files, which are for readers only
  std::optional<http::TlsStatus> tls;
  core::Time now{};
};

enum class Level : std::uint8_t { kHealthy, kDegraded, kUnhealthy };
std::string_view to_string(Level level);
std::string_view to_string(CollectorPhase phase);

struct Health {
  Level level = Level::kHealthy;
  int http_status = 200;  // 503 when unhealthy
  std::string body;
};

Health assemble_health(const HealthInput& input);

Level journal_level(const journal::Stats& stats, const journal::OpenReport& report);
Level exporter_level(const delivery::Status& status);
// Paused is degraded too: it is not to be forgotten.
Level collector_level(const CollectorStatus& status);
Level tls_level(const http::TlsStatus& status, core::Time now);

// Cursors of exporters that are not configured (any more).
std::vector<journal::CursorInfo> orphaned_cursors(const HealthInput& input);

}  // namespace kcloud::api
