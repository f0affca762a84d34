#include "agent/api/health.h"

#include <algorithm>

#include "agent/api/health_write.h"

namespace kcloud::api {

namespace {

constexpr double kLagSeconds = 60;               // a sink that is further behind is degraded
constexpr std::chrono::hours kRenewal{24 * 14};  // a certificate is to be renewed by then

}  // namespace

Level rules_level(const RulesHealth& rules) {
  return rules.problems.empty() && rules.last_error.empty() ? Level::kHealthy : Level::kDegraded;
}

Level rollups_level(const analytics::LoopStatus& rollups) {
  return rollups.last_error.empty() ? Level::kHealthy : Level::kDegraded;
}

Level fleet_level(const fleet::Fleet::Status& fleet) {
  return fleet.last_error.empty() ? Level::kHealthy : Level::kDegraded;
}

Level files_level(const CredentialFiles::Report& files) {
  return files.faults.empty() ? Level::kHealthy : Level::kDegraded;
}

Level notifier_level(const NotifierHealth& notifier) {
  return notifier.status.failing ? Level::kDegraded : Level::kHealthy;
}

std::string_view to_string(Level level) {
  switch (level) {
    case Level::kHealthy:
      return "healthy";
    case Level::kDegraded:
      return "degraded";
    case Level::kUnhealthy:
      break;
  }
  return "unhealthy";
}

Level journal_level(const journal::Stats& stats, const journal::OpenReport& report) {
  if (stats.state != journal::State::kOpen || stats.full) return Level::kUnhealthy;
  return report.lost_events > 0 ? Level::kDegraded : Level::kHealthy;
}

Level exporter_level(const delivery::Status& status) {
  const bool calm =
      status.phase == delivery::Phase::kIdle || status.phase == delivery::Phase::kDelivering;
  return calm && status.lag_seconds <= kLagSeconds ? Level::kHealthy : Level::kDegraded;
}

std::string_view to_string(CollectorPhase phase) {
  switch (phase) {
    case CollectorPhase::kStarting:
      return "starting";
    case CollectorPhase::kRunning:
      return "running";
    case CollectorPhase::kRetrying:
      return "retrying";
    case CollectorPhase::kPaused:
      return "paused";
    case CollectorPhase::kStopped:
      break;
  }
  return "stopped";
}

Level collector_level(const CollectorStatus& status) {
  const bool runs =
      status.phase == CollectorPhase::kRunning || status.phase == CollectorPhase::kStarting;
  return runs && status.report.connected ? Level::kHealthy : Level::kDegraded;
}

Level tls_level(const http::TlsStatus& status, core::Time now) {
  const bool good = status.error.empty() && status.not_after - now >= kRenewal;
  return good ? Level::kHealthy : Level::kDegraded;
}

std::vector<journal::CursorInfo> orphaned_cursors(const HealthInput& input) {
  std::vector<journal::CursorInfo> orphans;
  for (const journal::CursorInfo& cursor : input.cursors) {
    const bool owned = std::any_of(
        input.exporters.begin(), input.exporters.end(),
        [&](const ExporterHealth& one) { return cursor.name == "exporter:" + one.name; });
    if (cursor.name.starts_with("exporter:") && !owned) orphans.push_back(cursor);
  }
  return orphans;
}

Health assemble_health(const HealthInput& input) {
  Health health;
  health.level = std::max(journal_level(input.journal, input.report), files_level(input.files));
  for (const CollectorHealth& collector : input.collectors) {
    health.level = std::max(health.level, collector_level(collector.status));
  }
  for (const ExporterHealth& exporter : input.exporters) {
    health.level = std::max(health.level, exporter_level(exporter.status));
  }
  for (const NotifierHealth& notifier : input.notifiers) {
    health.level = std::max(health.level, notifier_level(notifier));
  }
  if (input.rules) health.level = std::max(health.level, rules_level(*input.rules));
  if (input.rollups) health.level = std::max(health.level, rollups_level(*input.rollups));
  if (input.fleet) health.level = std::max(health.level, fleet_level(*input.fleet));
  if (input.tls) health.level = std::max(health.level, tls_level(*input.tls, input.now));
  health.http_status = health.level == Level::kUnhealthy ? 503 : 200;
  Writer json{health.body};
  health.body.push_back('{');
  json.text("status", to_string(health.level));
  json.text("service", "logger");
  json.text("version", input.version);
  json.text("agent", input.agent);
  json.boolean("ready", input.ready && input.journal.state == journal::State::kOpen);
  json.open("components");
  write_journal(json, input);
  write_audit(json, input);
  write_webhook(json, input);
  if (input.forward) write_forward(json, *input.forward);
  json.open("stream");
  json.text("status", to_string(Level::kHealthy));
  json.number("clients", static_cast<std::uint64_t>(input.stream_clients));
  json.close();
  if (input.tls) write_tls(json, *input.tls, input.now, input.details);
  write_files(json, input);
  for (const CollectorHealth& collector : input.collectors) {
    write_collector(json, collector, input.details);
  }
  for (const ExporterHealth& exporter : input.exporters) {
    write_exporter(json, exporter, input.details);
  }
  if (input.rules) write_rules(json, *input.rules, input.details);
  if (input.rollups) write_rollups(json, *input.rollups, input.details);
  if (input.fleet) write_fleet(json, *input.fleet, input.details);
  for (const NotifierHealth& notifier : input.notifiers) {
    write_notifier(json, notifier, input.details);
  }
  json.close();
  write_orphans(json, input);
  health.body.append("}\n");
  return health;
}

}  // namespace kcloud::api
