#include "agent/api/metrics.h"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "agent/api/metric_families.h"
#include "agent/api/process.h"
#include "core/redact.h"

namespace kcloud::api {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricType;

void journal(Families& out, const MetricsInput& input) {
  const journal::Stats& stats = input.journal;
  const auto counter = [&](const char* name, const char* help, double value) {
    out.add(name, help, MetricType::Counter, {{{}, value}});
  };
  const auto gauge = [&](const char* name, const char* help, double value) {
    out.add(name, help, MetricType::Gauge, {{{}, value}});
  };
  const auto number = [](std::uint64_t value) { return static_cast<double>(value); };
  gauge("journal_open", "1 while the journal can store", stats.state == journal::State::kOpen);
  gauge("journal_full", "1 while a required exporter holds a journal that is over its size",
        stats.full);
  gauge("journal_head", "Position of the newest event", number(stats.head));
  gauge("journal_events", "Events kept", number(stats.events));
  gauge("journal_bytes", "Size of the journal", number(stats.bytes));
  const core::Seal last = input.chain.last.value_or(core::Seal{});
  gauge("audit_batches", "Sealed batches of this agent's chain", number(last.seq));
  gauge("audit_sealed_events", "Events in them", number(last.total_events));
  gauge("audit_sealed_to", "Position of the newest sealed event", number(last.journal_end));
  gauge("audit_last_sealed_timestamp_seconds", "When the newest batch was sealed; 0: none was",
        std::chrono::duration<double>(last.sealed.time_since_epoch()).count());
  gauge("journal_max_bytes", "Size at which the oldest events leave",
        number(input.journal_max_bytes));
  gauge("journal_queued_bytes", "Events waiting for a commit", number(stats.queued_bytes));
  gauge("journal_dead_letters", "Dead letters kept", number(stats.dead_letters));
  Samples by_reason;
  for (const auto& [reason, count] : stats.dead_letters_by_reason) {
    by_reason.push_back({{{"reason", reason}}, number(count)});
  }
  out.add("journal_dead_letters_by_reason", "Dead letters kept, by reason", MetricType::Gauge,
          by_reason);
  counter("journal_commits_total", "Group commits", number(stats.commits));
  counter("journal_commit_seconds_total", "Time spent committing", stats.commit_seconds_sum);
  counter("journal_failed_commits_total", "Commits the disk refused", number(stats.failed_commits));
  counter("journal_committed_events_total", "Events stored", number(stats.committed_events));
  counter("journal_duplicates_total", "Events that were there already", number(stats.duplicates));
  counter("journal_conflicts_total", "Events whose id was there with another body",
          number(stats.conflicts));
  counter("journal_busy_total", "Hand-overs turned away", number(stats.busy));
  counter("journal_expired_events_total", "Events removed by age", number(stats.expired));
  counter("journal_evicted_events_total", "Events removed by size", number(stats.evicted));
  counter("journal_dead_letters_retried_total", "Dead letters tried again, whatever came of it",
          number(stats.dead_letters_retried));
  counter("journal_dead_letters_purged_total", "Dead letters removed on demand",
          number(stats.dead_letters_purged));
  counter("journal_dead_letters_dropped_total", "Dead letters removed by retention",
          number(stats.dead_letters_dropped));
}

void http_server(Families& out, const MetricsInput& input) {
  const http::Counters& counters = input.http;
  Samples responses;
  for (std::size_t hundred = 1; hundred < std::size(counters.responses); ++hundred) {
    responses.push_back(
        {{{"code", std::to_string(hundred) + "xx"}}, read(counters.responses[hundred])});
  }
  out.add("http_responses_total", "Responses by class of status", MetricType::Counter, responses);
  out.add("http_connections", "Open connections", MetricType::Gauge, {{{}, read(counters.open)}});
  out.add("http_connections_total", "Connections accepted and turned away", MetricType::Counter,
          {{{{"result", "accepted"}}, read(counters.accepted)},
           {{{"result", "refused"}}, read(counters.refused)}});
  out.add("http_malformed_requests_total", "Requests refused before a route saw them",
          MetricType::Counter, {{{}, read(counters.malformed)}});
  out.add("http_timeouts_total", "Connections that took too long", MetricType::Counter,
          {{{}, read(counters.timeouts)}});
  out.add("http_pending_body_bytes", "Request bodies in memory", MetricType::Gauge,
          {{{}, read(counters.pending_body_bytes)}});
  out.add("http_denied_total", "Requests without the needed role", MetricType::Counter,
          {{{{"code", "401"}}, read(input.api.unauthorized)},
           {{{"code", "403"}}, read(input.api.forbidden)}});
  out.add("stream_clients", "Clients of the live stream", MetricType::Gauge,
          {{{}, static_cast<double>(input.stream_clients)}});
}

void publishers(Families& out, const MetricsInput& input) {
  Samples faults, accepted, throttled;
  for (std::size_t i = 0; i < webhook::kSignatureFaults; ++i) {
    const auto reason = webhook::name_of(static_cast<webhook::SignatureFault>(i));
    faults.push_back({{{"reason", std::string(reason)}}, read(input.api.signature_faults[i])});
  }
  for (const auto& [name, publisher] : input.publishers) {
    const Labels labels = {{"publisher", name}};
    accepted.push_back({labels, static_cast<double>(publisher.accepted)});
    throttled.push_back({labels, static_cast<double>(publisher.throttled)});
  }
  out.add("signature_failures_total", "Posts whose signature was refused", MetricType::Counter,
          faults);
  out.add("publisher_stored_events_total", "Events stored, by who posted them", MetricType::Counter,
          accepted);
  out.add("publisher_throttled_requests_total", "Posts over the publisher's quota (429)",
          MetricType::Counter, throttled);
  out.add("credential_file_reloads_total", "Files of tokens and signing keys read again, by result",
          MetricType::Counter,
          {{{{"result", "ok"}}, static_cast<double>(input.files.reloads)},
           {{{"result", "failed"}}, static_cast<double>(input.files.failures)}});
}

void tls(Families& out, const MetricsInput& input) {
  const http::Counters& counters = input.http;
  out.add("tls_handshakes_total", "TLS handshakes by how they ended", MetricType::Counter,
          {{{{"result", "done"}}, read(counters.tls_handshakes)},
           {{{"result", "failed"}}, read(counters.tls_failed)},
           {{{"result", "plain_http"}}, read(counters.tls_plain_http)}});
  Samples expiry, current;
  if (input.tls) {
    const std::chrono::duration<double> left = input.tls->not_after - input.now;
    expiry = {{{}, left.count()}};
    current = {{{}, input.tls->error.empty() ? 1.0 : 0.0}};
  }
  out.add("tls_certificate_expiry_seconds",
          "Time until the certificate in force expires; with TLS only", MetricType::Gauge, expiry);
  out.add("tls_certificate_current", "0 while the files changed and are not usable; with TLS only",
          MetricType::Gauge, current);
}

void redactions(Families& out, const MetricsInput& input) {
  if (input.redaction == nullptr) return;
  Samples samples;
  const auto& rules = input.redaction->rules();
  for (std::size_t i = 0; i < rules.size(); ++i) {
    samples.push_back({{{"rule", rules[i].name}}, static_cast<double>(input.redaction->hits(i))});
  }
  out.add("redactions_total", "Values dropped, masked or hashed by intake.redact",
          MetricType::Counter, samples);
}

// The names that every Prometheus client library gives.
void process(Families& out) {
  const auto stats = read_process();
  if (!stats) return;
  const auto add_one = [&](const char* name, const char* help, MetricType type, double value) {
    out.add_named(std::string("process_") + name, help, type, {{{}, value}});
  };
  const auto gauge = [&](const char* name, const char* help, std::uint64_t value) {
    add_one(name, help, MetricType::Gauge, static_cast<double>(value));
  };
  add_one("cpu_seconds_total", "User and system CPU time", MetricType::Counter, stats->cpu_seconds);
  add_one("start_time_seconds", "Start of the process, since 1970", MetricType::Gauge,
          stats->start_seconds);
  gauge("resident_memory_bytes", "Resident memory", stats->resident_bytes);
  gauge("virtual_memory_bytes", "Virtual memory", stats->virtual_bytes);
  gauge("open_fds", "Open file descriptors", stats->open_fds);
  gauge("max_fds", "Most open file descriptors", stats->max_fds);
  gauge("threads", "Threads", stats->threads);
}

}  // namespace

void Families::add_named(std::string name, std::string help, MetricType type,
                         const Samples& samples) {
  prometheus::MetricFamily family{std::move(name), std::move(help), type, {}};
  for (const auto& [labels, value] : samples) {
    ClientMetric metric;
    metric.label = labels;
    if (type == MetricType::Counter) {
      metric.counter.value = value;
    } else {
      metric.gauge.value = value;
    }
    family.metric.push_back(std::move(metric));
  }
  families_.push_back(std::move(family));
}

void LatencyHistogram::observe(std::chrono::nanoseconds duration) {
  const double seconds = std::chrono::duration<double>(duration).count();
  const auto bound = std::lower_bound(kBounds.begin(), kBounds.end(), seconds);
  core::count(buckets[static_cast<std::size_t>(bound - kBounds.begin())]);
  core::count(nanoseconds, static_cast<std::uint64_t>(duration.count()));
}

std::string render_metrics(const MetricsInput& input) {
  Families families;
  families.add("build_info", "Version of the agent", MetricType::Gauge,
               {{{{"version", input.version}}, 1}});
  journal(families, input);
  http_server(families, input);
  collectors(families, input);
  webhook_collector(families, input);
  tls(families, input);
  publishers(families, input);
  redactions(families, input);
  exporters(families, input);
  rules(families, input);
  rollups(families, input);
  notifiers(families, input);
  process(families);
  return prometheus::TextSerializer().Serialize(families.take());
}

}  // namespace kcloud::api
