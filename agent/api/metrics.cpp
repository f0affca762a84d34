#include "agent/api/metrics.h"

#include <prometheus/collectable.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <map>
#include <utility>

#include "agent/api/health.h"
#include "agent/api/process.h"
#include "core/redact.h"

namespace kcloud::api {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

double read(const core::Counter& counter) {
  return static_cast<double>(counter.load(std::memory_order_relaxed));
}

class Collector final : public prometheus::Collectable {
 public:
  explicit Collector(const MetricsInput& input) : input_(input) {}

  std::vector<MetricFamily> Collect() const override {
    std::vector<MetricFamily> families;
    add(families, "build_info", "Version of the agent", MetricType::Gauge,
        {{{{"version", input_.version}}, 1}});
    journal(families);
    http(families);
    for_collectors(families);
    webhook(families);
    tls(families);
    publishers(families);
    redactions(families);
    for_exporters(families);
    process(families);
    return families;
  }

 private:
  using Samples = std::vector<std::pair<Labels, double>>;

  static void add(std::vector<MetricFamily>& families, const std::string& name, std::string help,
                  MetricType type, const Samples& samples) {
    add_named(families, "kcloud_logger_" + name, std::move(help), type, samples);
  }
  static void add_named(std::vector<MetricFamily>& families, std::string name, std::string help,
                        MetricType type, const Samples& samples) {
    MetricFamily family{std::move(name), std::move(help), type, {}};
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
    families.push_back(std::move(family));
  }

  void journal(std::vector<MetricFamily>& out) const {
    const journal::Stats& stats = input_.journal;
    const auto counter = [&](const char* name, const char* help, double value) {
      add(out, name, help, MetricType::Counter, {{{}, value}});
    };
    const auto gauge = [&](const char* name, const char* help, double value) {
      add(out, name, help, MetricType::Gauge, {{{}, value}});
    };
    const auto number = [](std::uint64_t value) { return static_cast<double>(value); };
    gauge("journal_open", "1 while the journal can store", stats.state == journal::State::kOpen);
    gauge("journal_full", "1 while a required exporter holds a journal that is over its size",
          stats.full);
    gauge("journal_head", "Position of the newest event", number(stats.head));
    gauge("journal_events", "Events kept", number(stats.events));
    gauge("journal_bytes", "Size of the journal", number(stats.bytes));
    gauge("journal_max_bytes", "Size at which the oldest events leave",
          number(input_.journal_max_bytes));
    gauge("journal_queued_bytes", "Events waiting for a commit", number(stats.queued_bytes));
    gauge("journal_dead_letters", "Dead letters kept", number(stats.dead_letters));
    counter("journal_commits_total", "Group commits", number(stats.commits));
    counter("journal_commit_seconds_total", "Time spent committing", stats.commit_seconds_sum);
    counter("journal_failed_commits_total", "Commits the disk refused",
            number(stats.failed_commits));
    counter("journal_committed_events_total", "Events stored", number(stats.committed_events));
    counter("journal_duplicates_total", "Events that were there already", number(stats.duplicates));
    counter("journal_conflicts_total", "Events whose id was there with another body",
            number(stats.conflicts));
    counter("journal_busy_total", "Hand-overs turned away", number(stats.busy));
    counter("journal_expired_events_total", "Events removed by age", number(stats.expired));
    counter("journal_evicted_events_total", "Events removed by size", number(stats.evicted));
    counter("journal_dead_letters_dropped_total", "Dead letters removed by retention",
            number(stats.dead_letters_dropped));
  }

  void http(std::vector<MetricFamily>& out) const {
    const http::Counters& counters = input_.http;
    Samples responses;
    for (std::size_t hundred = 1; hundred < std::size(counters.responses); ++hundred) {
      responses.push_back(
          {{{"code", std::to_string(hundred) + "xx"}}, read(counters.responses[hundred])});
    }
    add(out, "http_responses_total", "Responses by class of status", MetricType::Counter,
        responses);
    add(out, "http_connections", "Open connections", MetricType::Gauge,
        {{{}, read(counters.open)}});
    add(out, "http_connections_total", "Connections accepted and turned away", MetricType::Counter,
        {{{{"result", "accepted"}}, read(counters.accepted)},
         {{{"result", "refused"}}, read(counters.refused)}});
    add(out, "http_malformed_requests_total", "Requests refused before a route saw them",
        MetricType::Counter, {{{}, read(counters.malformed)}});
    add(out, "http_timeouts_total", "Connections that took too long", MetricType::Counter,
        {{{}, read(counters.timeouts)}});
    add(out, "http_pending_body_bytes", "Request bodies in memory", MetricType::Gauge,
        {{{}, read(counters.pending_body_bytes)}});
    tls(out);
    add(out, "http_denied_total", "Requests without the needed role", MetricType::Counter,
        {{{{"code", "401"}}, read(input_.api.unauthorized)},
         {{{"code", "403"}}, read(input_.api.forbidden)}});
    add(out, "stream_clients", "Clients of the live stream", MetricType::Gauge,
        {{{}, static_cast<double>(input_.stream_clients)}});
  }

  void publishers(std::vector<MetricFamily>& out) const {
    Samples faults, accepted, throttled;
    for (std::size_t i = 0; i < webhook::kSignatureFaults; ++i) {
      const auto reason = webhook::name_of(static_cast<webhook::SignatureFault>(i));
      faults.push_back({{{"reason", std::string(reason)}}, read(input_.api.signature_faults[i])});
    }
    for (const auto& [name, publisher] : input_.publishers) {
      const Labels labels = {{"publisher", name}};
      accepted.push_back({labels, static_cast<double>(publisher.accepted)});
      throttled.push_back({labels, static_cast<double>(publisher.throttled)});
    }
    add(out, "signature_failures_total", "Posts whose signature was refused", MetricType::Counter,
        faults);
    add(out, "publisher_stored_events_total", "Events stored, by who posted them",
        MetricType::Counter, accepted);
    add(out, "publisher_throttled_requests_total", "Posts over the publisher's quota (429)",
        MetricType::Counter, throttled);
    add(out, "credential_file_reloads_total",
        "Files of tokens and signing keys read again, by result", MetricType::Counter,
        {{{{"result", "ok"}}, static_cast<double>(input_.files.reloads)},
         {{{"result", "failed"}}, static_cast<double>(input_.files.failures)}});
  }

  void tls(std::vector<MetricFamily>& out) const {
    const http::Counters& counters = input_.http;
    add(out, "tls_handshakes_total", "TLS handshakes by how they ended", MetricType::Counter,
        {{{{"result", "done"}}, read(counters.tls_handshakes)},
         {{{"result", "failed"}}, read(counters.tls_failed)},
         {{{"result", "plain_http"}}, read(counters.tls_plain_http)}});
    Samples expiry, current;
    if (input_.tls) {
      const std::chrono::duration<double> left = input_.tls->not_after - input_.now;
      expiry = {{{}, left.count()}};
      current = {{{}, input_.tls->error.empty() ? 1.0 : 0.0}};
    }
    add(out, "tls_certificate_expiry_seconds",
        "Time until the certificate in force expires; with TLS only", MetricType::Gauge, expiry);
    add(out, "tls_certificate_current",
        "0 while the files changed and are not usable; with TLS only", MetricType::Gauge, current);
  }

  // The counters that all collectors have, the webhook among them.
  void for_collectors(std::vector<MetricFamily>& out) const {
    const auto counter = [&](const char* name, const char* help,
                             core::Counter core::CollectorCounters::*member) {
      Samples samples{{{{"collector", "webhook"}}, read(input_.api.webhook.*member)}};
      for (const CollectorView& collector : input_.collectors) {
        samples.push_back({{{"collector", collector.name}}, read(collector.counters->*member)});
      }
      add(out, std::string("collector_") + name, help, MetricType::Counter, samples);
    };
    counter("received_events_total", "Events seen, whole or broken",
            &core::CollectorCounters::received);
    counter("stored_events_total", "Events stored", &core::CollectorCounters::stored);
    counter("duplicate_events_total", "Events that were there already",
            &core::CollectorCounters::duplicates);
    counter("conflict_events_total", "Events whose id was there with another body",
            &core::CollectorCounters::conflicts);
    counter("rejected_events_total", "Events refused, now dead letters",
            &core::CollectorCounters::rejected);
    counter("busy_events_total", "Events turned away", &core::CollectorCounters::busy);
    counter("received_bytes_total", "Payload after decompression", &core::CollectorCounters::bytes);
    of_collectors(out);
  }

  // What those beside the webhook say of themselves.
  void of_collectors(std::vector<MetricFamily>& out) const {
    if (input_.collectors.empty()) return;
    struct Own {
      std::string help;
      MetricType type;
      Samples samples;
    };
    Samples up, paused, restarts;
    std::map<std::string, Own> own;
    for (const CollectorView& collector : input_.collectors) {
      const CollectorStatus status = collector.status();
      const Labels labels = {{"collector", collector.name}};
      up.push_back({labels, collector_level(status) == Level::kHealthy ? 1.0 : 0.0});
      paused.push_back({labels, status.phase == CollectorPhase::kPaused ? 1.0 : 0.0});
      restarts.push_back({labels, static_cast<double>(status.restarts)});
      for (const core::Measure& measure : status.report.measures) {
        Labels all = labels;
        for (const auto& [name, value] : measure.labels) all.push_back({name, value});
        Own& family = own["collector_" + collector.type + "_" + measure.name];
        family.help = measure.help;
        family.type =
            measure.kind == core::Measure::Kind::kCounter ? MetricType::Counter : MetricType::Gauge;
        family.samples.push_back({std::move(all), measure.value});
      }
    }
    add(out, "collector_up", "0 while it fails, is paused or its source does not answer",
        MetricType::Gauge, up);
    add(out, "collector_paused", "1 while an admin has paused it", MetricType::Gauge, paused);
    add(out, "collector_restarts_total", "Starts after a failure", MetricType::Counter, restarts);
    for (const auto& [name, family] : own) add(out, name, family.help, family.type, family.samples);
  }

  void webhook(std::vector<MetricFamily>& out) const {
    add(out, "collector_unauthorized_requests_total", "Posts without the needed role",
        MetricType::Counter, {{{{"collector", "webhook"}}, read(input_.api.webhook.unauthorized)}});
    by_label(out, "collector_mode_events_total", "Events received, by how they came", "mode",
             webhook::kModes, input_.api.posts.events);
    by_label(out, "collector_encoding_requests_total", "Requests received, by Content-Encoding",
             "encoding", webhook::kCodings, input_.api.posts.requests);
    by_label(out, "collector_refused_requests_total", "Requests refused as a whole, by reason",
             "reason", webhook::kRefusals, input_.api.posts.refused);

    const LatencyHistogram& latency = input_.api.ack_latency;
    ClientMetric metric;
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < latency.buckets.size(); ++i) {
      total += latency.buckets[i].load(std::memory_order_relaxed);
      const double bound =
          i < latency.kBounds.size() ? latency.kBounds[i] : std::numeric_limits<double>::infinity();
      metric.histogram.bucket.push_back({total, bound});
    }
    metric.histogram.sample_count = total;
    metric.histogram.sample_sum = read(latency.nanoseconds) / 1e9;
    out.push_back({"kcloud_logger_ack_seconds",
                   "From a request's last byte to its answer",
                   MetricType::Histogram,
                   {std::move(metric)}});
  }

  template <std::size_t N>
  static void by_label(std::vector<MetricFamily>& out, const char* name, const char* help,
                       const char* label, const std::array<std::string_view, N>& values,
                       const std::array<core::Counter, N>& counters) {
    Samples samples;
    for (std::size_t i = 0; i < N; ++i) {
      samples.push_back(
          {{{"collector", "webhook"}, {label, std::string(values[i])}}, read(counters[i])});
    }
    add(out, name, help, MetricType::Counter, samples);
  }

  void redactions(std::vector<MetricFamily>& out) const {
    if (input_.redaction == nullptr) return;
    Samples samples;
    const auto& rules = input_.redaction->rules();
    for (std::size_t i = 0; i < rules.size(); ++i) {
      samples.push_back(
          {{{"rule", rules[i].name}}, static_cast<double>(input_.redaction->hits(i))});
    }
    add(out, "redactions_total", "Values dropped, masked or hashed by intake.redact",
        MetricType::Counter, samples);
  }

  void for_exporters(std::vector<MetricFamily>& out) const {
    if (input_.exporters.empty()) return;
    const auto counter = [&](const char* name, const char* help,
                             core::Counter core::ExporterCounters::*member) {
      Samples samples;
      for (const ExporterView& exporter : input_.exporters) {
        samples.push_back({{{"exporter", exporter.name}}, read(exporter.counters->*member)});
      }
      add(out, std::string("exporter_") + name, help, MetricType::Counter, samples);
    };
    counter("delivered_events_total", "Events delivered", &core::ExporterCounters::delivered);
    counter("retried_total", "Deliveries repeated", &core::ExporterCounters::retried);
    counter("dead_lettered_events_total", "Events the sink refused for good",
            &core::ExporterCounters::dead_lettered);
    counter("skipped_events_total", "Events passed over because the journal was full",
            &core::ExporterCounters::skipped);
    counter("batches_total", "Batches sent", &core::ExporterCounters::batches);
    counter("sent_bytes_total", "Payload sent, before compression", &core::ExporterCounters::bytes);
    counter("adjusted_events_total", "Items changed on the way", &core::ExporterCounters::adjusted);
    Samples events, seconds, phases;
    for (const ExporterView& exporter : input_.exporters) {
      const delivery::Status status = exporter.status();
      const Labels labels = {{"exporter", exporter.name}};
      events.push_back({labels, static_cast<double>(status.lag_events)});
      seconds.push_back({labels, status.lag_seconds});
      phases.push_back({labels, status.phase == delivery::Phase::kIdle ||
                                        status.phase == delivery::Phase::kDelivering
                                    ? 1.0
                                    : 0.0});
    }
    add(out, "exporter_lag_events", "Events not delivered yet", MetricType::Gauge, events);
    add(out, "exporter_lag_seconds", "Age of the oldest event not delivered", MetricType::Gauge,
        seconds);
    add(out, "exporter_up", "0 while it retries, holds or is stopped", MetricType::Gauge, phases);
  }

  // The names that every Prometheus client library gives.
  static void process(std::vector<MetricFamily>& out) {
    const auto stats = read_process();
    if (!stats) return;
    const auto add_one = [&](const char* name, const char* help, MetricType type, double value) {
      add_named(out, std::string("process_") + name, help, type, {{{}, value}});
    };
    const auto gauge = [&](const char* name, const char* help, std::uint64_t value) {
      add_one(name, help, MetricType::Gauge, static_cast<double>(value));
    };
    add_one("cpu_seconds_total", "User and system CPU time", MetricType::Counter,
            stats->cpu_seconds);
    add_one("start_time_seconds", "Start of the process, since 1970", MetricType::Gauge,
            stats->start_seconds);
    gauge("resident_memory_bytes", "Resident memory", stats->resident_bytes);
    gauge("virtual_memory_bytes", "Virtual memory", stats->virtual_bytes);
    gauge("open_fds", "Open file descriptors", stats->open_fds);
    gauge("max_fds", "Most open file descriptors", stats->max_fds);
    gauge("threads", "Threads", stats->threads);
  }

  const MetricsInput& input_;
};

}  // namespace

void LatencyHistogram::observe(std::chrono::nanoseconds duration) {
  const double seconds = std::chrono::duration<double>(duration).count();
  const auto bound = std::lower_bound(kBounds.begin(), kBounds.end(), seconds);
  core::count(buckets[static_cast<std::size_t>(bound - kBounds.begin())]);
  core::count(nanoseconds, static_cast<std::uint64_t>(duration.count()));
}

std::string render_metrics(const MetricsInput& input) {
  return prometheus::TextSerializer().Serialize(Collector(input).Collect());
}

}  // namespace kcloud::api
