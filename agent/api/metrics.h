// GET /metrics: Prometheus text from the parts' counters, read when asked.
#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "agent/analytics/rollup_loop.h"
#include "agent/api/context.h"
#include "agent/api/credential_files.h"
#include "agent/api/publishers.h"
#include "agent/http/server.h"
#include "agent/journal/journal.h"
#include "collectors/webhook/counters.h"
#include "collectors/webhook/signature.h"
#include "core/counters.h"

namespace kcloud::core {
class Redaction;
}

namespace kcloud::alerting {
struct View;
}

namespace kcloud::api {

// Durations in fixed buckets; written by one thread, read by any.
class LatencyHistogram {
 public:
  static constexpr std::array<double, 13> kBounds = {
      0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5};
  void observe(std::chrono::nanoseconds duration);

  std::array<core::Counter, kBounds.size() + 1> buckets{};  // the last: beyond every bound
  core::Counter nanoseconds{0};
};

// The API's own counters. Written on the I/O thread.
struct ApiCounters {
  core::CollectorCounters webhook;
  webhook::Counters posts;
  core::CollectorCounters forward;  // what other agents send; its duplicates hold the loops
  core::Counter forward_loops{0};
  core::Counter unauthorized{0};                                   // 401
  core::Counter forbidden{0};                                      // 403
  core::Counter signature_faults[webhook::kSignatureFaults] = {};  // by webhook::SignatureFault
  LatencyHistogram ack_latency;  // from a request's last byte to the answer after the commit
};

struct MetricsInput {
  const ApiCounters& api;
  const http::Counters& http;
  const std::vector<ExporterView>& exporters;
  const std::vector<CollectorView>& collectors;
  const std::vector<alerting::NotifierView>& notifiers;
  const alerting::View* alerts = nullptr;             // nullptr: alerting is off
  std::optional<analytics::LoopStatus> rollups = {};  // none: analytics is off
  journal::Stats journal;
  journal::Journal::ChainState chain;
  const std::map<std::string, Publisher>& publishers;
  CredentialFiles::Report files;
  std::size_t stream_clients = 0;
  std::string version;
  const core::Redaction* redaction = nullptr;  // nullptr: no rules
  std::optional<http::TlsStatus> tls;
  core::Time now{};
  std::uint64_t journal_max_bytes = 0;
};

// Prometheus exposition format 0.0.4.
std::string render_metrics(const MetricsInput& input);

}  // namespace kcloud::api
