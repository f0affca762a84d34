// What every collector, exporter and notifier counts, and what collectors say of themselves.
#include <limits>
#include <map>
#include <utility>

#include "agent/api/health.h"
#include "agent/api/metric_families.h"

namespace kcloud::api {

using prometheus::ClientMetric;
using prometheus::MetricType;

namespace {

template <std::size_t N>
void by_label(Families& out, const char* name, const char* help, const char* label,
              const std::array<std::string_view, N>& values,
              const std::array<core::Counter, N>& counters) {
  Samples samples;
  for (std::size_t i = 0; i < N; ++i) {
    samples.push_back(
        {{{"collector", "webhook"}, {label, std::string(values[i])}}, read(counters[i])});
  }
  out.add(name, help, MetricType::Counter, samples);
}

// What plugins have beside the counters of all: a family a type and measure.
class OwnMeasures {
 public:
  void add(const std::string& prefix, const Labels& labels,
           const std::vector<core::Measure>& measures) {
    for (const core::Measure& measure : measures) {
      Labels all = labels;
      for (const auto& [name, value] : measure.labels) all.push_back({name, value});
      Own& family = own_[prefix + "_" + measure.name];
      family.help = measure.help;
      family.type =
          measure.kind == core::Measure::Kind::kCounter ? MetricType::Counter : MetricType::Gauge;
      family.samples.push_back({std::move(all), measure.value});
    }
  }
  void write(Families& out) const {
    for (const auto& [name, family] : own_) out.add(name, family.help, family.type, family.samples);
  }

 private:
  struct Own {
    std::string help;
    MetricType type;
    Samples samples;
  };
  std::map<std::string, Own> own_;
};

// What those beside the webhook say of themselves.
void of_collectors(Families& out, const MetricsInput& input) {
  if (input.collectors.empty()) return;
  Samples up, paused, restarts;
  OwnMeasures own;
  for (const CollectorView& collector : input.collectors) {
    const CollectorStatus status = collector.status();
    const Labels labels = {{"collector", collector.name}};
    up.push_back({labels, collector_level(status) == Level::kHealthy ? 1.0 : 0.0});
    paused.push_back({labels, status.phase == CollectorPhase::kPaused ? 1.0 : 0.0});
    restarts.push_back({labels, static_cast<double>(status.restarts)});
    own.add("collector_" + collector.type, labels, status.report.measures);
  }
  out.add("collector_up", "0 while it fails, is paused or its source does not answer",
          MetricType::Gauge, up);
  out.add("collector_paused", "1 while an admin has paused it", MetricType::Gauge, paused);
  out.add("collector_restarts_total", "Starts after a failure", MetricType::Counter, restarts);
  own.write(out);
}

}  // namespace

// The counters that all collectors have, the webhook among them.
void collectors(Families& out, const MetricsInput& input) {
  const auto counter = [&](const char* name, const char* help,
                           core::Counter core::CollectorCounters::*member) {
    Samples samples{{{{"collector", "webhook"}}, read(input.api.webhook.*member)},
                    {{{"collector", "forward"}}, read(input.api.forward.*member)}};
    for (const CollectorView& collector : input.collectors) {
      samples.push_back({{{"collector", collector.name}}, read(collector.counters->*member)});
    }
    out.add(std::string("collector_") + name, help, MetricType::Counter, samples);
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
  of_collectors(out, input);
}

void webhook_collector(Families& out, const MetricsInput& input) {
  out.add("collector_unauthorized_requests_total", "Posts without the needed role",
          MetricType::Counter,
          {{{{"collector", "webhook"}}, read(input.api.webhook.unauthorized)},
           {{{"collector", "forward"}}, read(input.api.forward.unauthorized)}});
  out.add("collector_forward_loops_total",
          "Events that came back to this agent, among the duplicates", MetricType::Counter,
          {{{{"collector", "forward"}}, read(input.api.forward_loops)}});
  by_label(out, "collector_mode_events_total", "Events received, by how they came", "mode",
           webhook::kModes, input.api.posts.events);
  by_label(out, "collector_encoding_requests_total", "Requests received, by Content-Encoding",
           "encoding", webhook::kCodings, input.api.posts.requests);
  by_label(out, "collector_refused_requests_total", "Requests refused as a whole, by reason",
           "reason", webhook::kRefusals, input.api.posts.refused);

  const LatencyHistogram& latency = input.api.ack_latency;
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
  out.add_family({"kcloud_logger_ack_seconds",
                  "From a request's last byte to its answer",
                  MetricType::Histogram,
                  {std::move(metric)}});
}

void exporters(Families& out, const MetricsInput& input) {
  if (input.exporters.empty()) return;
  const auto counter = [&](const char* name, const char* help,
                           core::Counter core::ExporterCounters::*member) {
    Samples samples;
    for (const ExporterView& exporter : input.exporters) {
      samples.push_back({{{"exporter", exporter.name}}, read(exporter.counters->*member)});
    }
    out.add(std::string("exporter_") + name, help, MetricType::Counter, samples);
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
  counter("carried_seals_total", "Seals of the audit chain that the sink took",
          &core::ExporterCounters::carried_seals);
  counter("lost_seals_total", "Seals refused for good, or removed before they were carried",
          &core::ExporterCounters::lost_seals);
  Samples events, seconds, phases;
  OwnMeasures own;
  for (const ExporterView& exporter : input.exporters) {
    const delivery::Status status = exporter.status();
    const Labels labels = {{"exporter", exporter.name}};
    events.push_back({labels, static_cast<double>(status.lag_events)});
    seconds.push_back({labels, status.lag_seconds});
    phases.push_back({labels, status.phase == delivery::Phase::kIdle ||
                                      status.phase == delivery::Phase::kDelivering
                                  ? 1.0
                                  : 0.0});
    own.add("exporter_" + exporter.type, labels, status.measures);
  }
  own.write(out);
  out.add("exporter_lag_events", "Events not delivered yet", MetricType::Gauge, events);
  out.add("exporter_lag_seconds", "Age of the oldest event not delivered", MetricType::Gauge,
          seconds);
  out.add("exporter_up", "0 while it retries, holds or is stopped", MetricType::Gauge, phases);
}

void notifiers(Families& out, const MetricsInput& input) {
  if (input.notifiers.empty()) return;
  Samples outcomes, queued, waiting, up;
  for (const alerting::NotifierView& notifier : input.notifiers) {
    const alerting::NotifierCounters& counters = *notifier.counters;
    const auto outcome = [&](const char* name, const core::Counter& counter) {
      outcomes.push_back({{{"notifier", notifier.name}, {"outcome", name}}, read(counter)});
    };
    outcome("sent", counters.sent);
    outcome("resent", counters.resent);
    outcome("retried", counters.retried);
    outcome("failed", counters.failed);
    outcome("dropped", counters.dropped);
    const alerting::NotifierStatus status = notifier.status();
    const Labels labels = {{"notifier", notifier.name}};
    queued.push_back({labels, static_cast<double>(status.queued)});
    waiting.push_back({labels, static_cast<double>(status.waiting)});
    up.push_back({labels, status.failing ? 0.0 : 1.0});
  }
  out.add("notifications_total", "Messages to notifiers, by what became of them",
          MetricType::Counter, outcomes);
  out.add("notifications_queued", "Messages that are to be sent", MetricType::Gauge, queued);
  out.add("notifier_waiting_alerts", "Alerts that wait for their group, or a silence to end",
          MetricType::Gauge, waiting);
  out.add("notifier_up", "0 while what is sent is not taken", MetricType::Gauge, up);
}

}  // namespace kcloud::api
