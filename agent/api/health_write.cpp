#include "agent/api/health_write.h"

#include <fmt/format.h>

#include <algorithm>

namespace kcloud::api {
namespace {

std::string_view name_of(journal::State state) {
  switch (state) {
    case journal::State::kOpen:
      return "open";
    case journal::State::kRecovering:
      return "recovering";
    case journal::State::kClosed:
      break;
  }
  return "closed";
}

std::string_view name_of(delivery::Phase phase) {
  switch (phase) {
    case delivery::Phase::kIdle:
      return "idle";
    case delivery::Phase::kDelivering:
      return "delivering";
    case delivery::Phase::kRetrying:
      return "retrying";
    case delivery::Phase::kHolding:
      return "holding";
    case delivery::Phase::kStopped:
      break;
  }
  return "stopped";
}

std::string_view short_name(const core::Measure& measure) {
  std::string_view name = measure.name;
  if (name.ends_with("_total")) name.remove_suffix(6);
  return name;
}

void write_measures(Writer& json, const std::vector<core::Measure>& measures) {
  for (const core::Measure& measure : measures) {
    if (measure.labels.empty()) json.number(short_name(measure), measure.value);
  }
}

}  // namespace

void write_journal(Writer& json, const HealthInput& input) {
  const journal::Stats& stats = input.journal;
  json.open("journal");
  json.text("status", to_string(journal_level(stats, input.report)));
  json.text("state", name_of(stats.state));
  json.boolean("full", stats.full);
  json.text("epoch", input.epoch);
  json.number("head", stats.head);
  json.number("oldest", stats.oldest);
  json.number("events", stats.events);
  json.number("bytes", stats.bytes);
  json.number("queued_bytes", stats.queued_bytes);
  json.number("dead_letters", stats.dead_letters);
  json.number("failed_commits", stats.failed_commits);
  if (input.details) json.text_or_null("last_error", stats.last_error);
  json.open("opened");
  json.boolean("unclean", input.report.unclean);
  json.number("lost_events", input.report.lost_events);
  json.number("salvaged_events", input.report.salvaged_events);
  if (input.details) {
    json.text_or_null("damaged_file", input.report.damaged_file);
    json.text_or_null("detail", input.report.detail);
  }
  json.close();
  json.close();
}

void write_audit(Writer& json, const HealthInput& input) {
  const auto& last = input.chain.last;
  json.open("audit");
  json.text("status", "healthy");
  json.text("chain", core::to_string(input.chain.chain));
  json.number("batches", last ? last->seq : 0);
  json.number("sealed_events", last ? last->total_events : 0);
  json.number("sealed_to", last ? last->journal_end : 0);
  json.text_or_null("last_sealed", last ? core::format_time(last->sealed) : "");
  json.close();
}

void write_webhook(Writer& json, const HealthInput& input) {
  json.open("webhook");
  json.text("status", to_string(Level::kHealthy));
  json.number("received", input.webhook.received);
  json.number("stored", input.webhook.stored);
  json.number("rejected", input.webhook.rejected);
  json.number("unauthorized", input.webhook.unauthorized);
  json.number("busy", input.webhook.busy);
  json.close();
}

void write_forward(Writer& json, const ForwardHealth& forward) {
  json.open("forward");
  json.text("status", to_string(Level::kHealthy));
  json.number("received", forward.received);
  json.number("stored", forward.stored);
  json.number("duplicates", forward.duplicates);
  json.number("loops", forward.loops);
  json.number("rejected", forward.rejected);
  json.number("unauthorized", forward.unauthorized);
  json.number("busy", forward.busy);
  json.close();
}

void write_files(Writer& json, const HealthInput& input) {
  if (input.files.files == 0) return;
  json.open("credential_files");
  json.text("status", to_string(files_level(input.files)));
  json.number("files", static_cast<std::uint64_t>(input.files.files));
  json.number("bad", static_cast<std::uint64_t>(input.files.faults.size()));
  json.number("reloads", input.files.reloads);
  if (input.details) {
    json.text_or_null("last_error", input.files.faults.empty() ? "" : input.files.faults.front());
  }
  json.close();
}

void write_tls(Writer& json, const http::TlsStatus& tls, core::Time now, bool details) {
  json.open("tls");
  json.text("status", to_string(tls_level(tls, now)));
  json.time("not_after", tls.not_after);
  const auto left = std::chrono::floor<std::chrono::days>(tls.not_after - now).count();
  core::append_key(json.out, "days_left");
  fmt::format_to(std::back_inserter(json.out), "{}", left);
  if (details) json.text_or_null("last_error", tls.error);
  json.close();
}

// A counter without its `_total`.
void write_exporter(Writer& json, const ExporterHealth& exporter, bool details) {
  json.open("exporter:" + exporter.name);
  json.text("status", to_string(exporter_level(exporter.status)));
  json.text("type", exporter.type);
  json.boolean("required", exporter.required);
  json.text("phase", name_of(exporter.status.phase));
  json.number("cursor", exporter.status.cursor);
  json.number("lag_events", exporter.status.lag_events);
  json.number("lag_seconds", exporter.status.lag_seconds);
  json.number("delivered", exporter.delivered);
  json.number("dead_lettered", exporter.dead_lettered);
  json.number("skipped", exporter.skipped);
  if (exporter.status.carried_to) json.number("carried_to", *exporter.status.carried_to);
  write_measures(json, exporter.status.measures);
  if (details) json.text_or_null("last_error", exporter.status.last_error);
  json.time("last_error_time", exporter.status.last_error_time);
  json.time("last_success_time", exporter.status.last_success_time);
  json.close();
}

void write_collector(Writer& json, const CollectorHealth& collector, bool details) {
  const core::CollectorReport& report = collector.status.report;
  json.open("collector:" + collector.name);
  json.text("status", to_string(collector_level(collector.status)));
  json.text("type", collector.type);
  json.text("phase", to_string(collector.status.phase));
  json.boolean("connected", report.connected);
  json.number("received", collector.received);
  json.number("stored", collector.stored);
  json.number("duplicates", collector.duplicates);
  json.number("conflicts", collector.conflicts);
  json.number("rejected", collector.rejected);
  json.number("busy", collector.busy);
  json.number("restarts", collector.status.restarts);
  write_measures(json, report.measures);
  if (details) json.text_or_null("last_error", report.last_error);
  json.time("last_error_time", report.last_error_time);
  json.time("last_event_time", report.last_event_time);
  json.close();
}

void write_rules(Writer& json, const RulesHealth& rules, bool details) {
  json.open("rules");
  json.text("status", to_string(rules_level(rules)));
  json.number("rules", static_cast<std::uint64_t>(rules.rules));
  json.number("firing", static_cast<std::uint64_t>(rules.firing));
  json.number("pending", static_cast<std::uint64_t>(rules.pending));
  json.number("lag_events", rules.lag_events);
  json.time("frontier", rules.frontier);
  json.number("problems", static_cast<std::uint64_t>(rules.problems.size()));
  if (details) {
    json.text_or_null("detail", rules.problems.empty() ? std::string() : rules.problems.front());
    json.text_or_null("last_error", rules.last_error);
  }
  json.close();
}

void write_rollups(Writer& json, const analytics::LoopStatus& rollups, bool details) {
  json.open("rollups");
  json.text("status", to_string(rollups_level(rollups)));
  json.number("lag_events", rollups.lag);
  if (details) json.text_or_null("last_error", rollups.last_error);
  json.close();
}

void write_fleet(Writer& json, const fleet::Fleet::Status& fleet, bool details) {
  json.open("query");
  json.text("status", to_string(fleet_level(fleet)));
  json.text("backend", "postgres");
  json.boolean("asked", fleet.asked);
  if (details) json.text_or_null("last_error", fleet.last_error);
  json.close();
}

void write_notifier(Writer& json, const NotifierHealth& notifier, bool details) {
  json.open("notifier:" + notifier.name);
  json.text("status", to_string(notifier_level(notifier)));
  json.text("type", notifier.type);
  json.number("waiting", notifier.status.waiting);
  json.number("silenced", notifier.status.silenced);
  json.number("queued", notifier.status.queued);
  json.number("sent", notifier.sent);
  json.number("failed", notifier.failed);
  json.number("dropped", notifier.dropped);
  if (details) json.text_or_null("last_error", notifier.status.last_error);
  json.time("last_error_time", notifier.status.last_error_time);
  json.time("last_success_time", notifier.status.last_success_time);
  json.close();
}

void write_orphans(Writer& json, const HealthInput& input) {
  core::append_key(json.out, "cursors_without_exporter");
  json.out.push_back('[');
  for (const journal::CursorInfo& cursor : orphaned_cursors(input)) {
    core::append_comma(json.out);
    json.out.push_back('{');
    json.text("name", cursor.name);
    json.number("seq", cursor.seq);
    json.time("updated", cursor.updated);
    json.close();
  }
  json.out.push_back(']');
}

}  // namespace kcloud::api
