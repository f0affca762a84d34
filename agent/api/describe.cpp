// The routes that describe the agent itself: answered at once on the I/O thread.
#include "agent/alerting/alerting.h"
#include "agent/analytics/analytics.h"
#include "agent/api/health.h"
#include "agent/api/openapi.h"
#include "agent/api/router.h"
#include "agent/http/url.h"
#include "core/json.h"

namespace kcloud::api {

namespace {

RulesHealth rules_health(const alerting::View& view, std::uint64_t head) {
  RulesHealth health;
  for (const auto& group : view.set.rules->groups) health.rules += group.rules.size();
  for (const auto& alert : view.alerts)
    ++(alert.state == rules::AlertState::kFiring ? health.firing : health.pending);
  health.lag_events = head > view.seq ? head - view.seq : 0;
  health.frontier = view.frontier;
  health.problems = view.set.problems;
  health.last_error = view.last_error;
  return health;
}

std::uint64_t read(const core::Counter& counter) { return counter.load(std::memory_order_relaxed); }

http::Response json(std::string body) {
  http::Response response;
  response.body = std::move(body);
  return response;
}

}  // namespace

http::Response Router::answer_now(const Match& match, const http::Request& request) {
  switch (match.route->action) {
    case Action::kIndex:
      return index();
    case Action::kSchemas:
      return schemas();
    case Action::kSchema:
      return schema(match);
    case Action::kCollectors:
      return collectors();
    case Action::kConfig:
      return json(context_.show_config(*settings_->config) + "\n");
    case Action::kHealth:
      return health(request);
    case Action::kReady:
      return ready();
    case Action::kMetrics:
      return metrics();
    case Action::kOpenApi:
      return json(std::string(openapi_document()));
    default:
      return json("{\"status\":\"alive\"}\n");
  }
}

http::Response Router::index() const {
  std::string out = "{\"service\":\"logger\",\"version\":";
  core::append_json_string(out, context_.version);
  out.append(",\"endpoints\":[");
  for (const Route& route : routes()) {
    core::append_comma(out);
    out.append("{\"method\":\"").append(route.method);
    out.append("\",\"path\":\"").append(route.pattern);
    out.append("\",\"summary\":\"").append(route.summary).append("\"}");
  }
  return json(out.append("]}\n"));
}

http::Response Router::schemas() const {
  std::string out = "{\"types\":[";
  for (const core::EventType& type : settings_->config->catalogue->types()) {
    core::append_comma(out);
    out.push_back('{');
    core::append_key(out, "type");
    core::append_json_string(out, type.name);
    core::append_key(out, "endpoint");
    if (type.reserved) {
      out.append("null");
    } else {
      core::append_json_string(out, "/events/" + (type.alias.empty() ? type.name : type.alias));
    }
    core::append_key(out, "schema");
    core::append_json_string(out, "/schemas/" + type.name);
    core::append_key(out, "description");
    core::append_json_string(out, type.description);
    core::append_key(out, "reserved");
    out.append(type.reserved ? "true}" : "false}");
  }
  return json(out.append("]}\n"));
}

http::Response Router::schema(const Match& match) const {
  const auto name = http::percent_decode(match.parameter, false);
  const core::EventType* type = name ? settings_->config->catalogue->find_endpoint(*name) : nullptr;
  if (type == nullptr) return http::problem(404, "no such event type; GET /schemas lists them");
  http::Response response = json(core::json_schema(*type) + "\n");
  response.content_type = "application/schema+json";
  return response;
}

http::Response Router::health(const http::Request& request) const {
  HealthInput input;
  input.version = context_.version;
  input.agent = context_.agent;
  input.epoch = context_.journal.epoch();
  input.ready = context_.ready;
  input.journal = context_.journal.stats();
  input.report = context_.journal.open_report();
  input.chain = context_.journal.chain();
  input.cursors = context_.journal.cursors();
  input.files = files_->report();
  input.details =
      settings_->auth.check(request.header("authorization"), Access::kRead, request.client_verified)
          .permission == Permission::kGranted;
  input.stream_clients = live_->clients();
  const core::CollectorCounters& webhook = counters_.webhook;
  input.webhook = {read(webhook.received), read(webhook.stored), read(webhook.rejected),
                   read(webhook.unauthorized), read(webhook.busy)};
  const core::CollectorCounters& forward = counters_.forward;
  if (forward.received + forward.unauthorized + forward.busy > 0) {
    const std::uint64_t loops = read(counters_.forward_loops);
    input.forward = {read(forward.received),
                     read(forward.stored),
                     read(forward.duplicates) - loops,
                     loops,
                     read(forward.rejected),
                     read(forward.unauthorized),
                     read(forward.busy)};
  }
  for (const CollectorView& collector : context_.collectors()) {
    const core::CollectorCounters& counters = *collector.counters;
    input.collectors.push_back({collector.name, collector.type, collector.status(),
                                read(counters.received), read(counters.stored),
                                read(counters.duplicates), read(counters.conflicts),
                                read(counters.rejected), read(counters.busy)});
  }
  for (const ExporterView& exporter : context_.exporters()) {
    input.exporters.push_back({exporter.name, exporter.type, exporter.required, exporter.status(),
                               read(exporter.counters->delivered),
                               read(exporter.counters->dead_lettered),
                               read(exporter.counters->skipped)});
  }
  if (context_.notifiers) {
    for (const alerting::NotifierView& notifier : context_.notifiers()) {
      const alerting::NotifierCounters& counters = *notifier.counters;
      input.notifiers.push_back({notifier.name, notifier.type, notifier.status(),
                                 read(counters.sent), read(counters.failed),
                                 read(counters.dropped)});
    }
  }
  if (const auto view = context_.alerting ? context_.alerting->view() : nullptr)
    input.rules = rules_health(*view, input.journal.head);
  if (context_.analytics != nullptr && context_.analytics->keeps_rollups())
    input.rollups = context_.analytics->status();
  if (context_.fleet != nullptr) input.fleet = context_.fleet->status();
  input.tls = server_->tls_status();
  input.now = context_.clock.now();
  Health health = assemble_health(input);
  http::Response response = json(std::move(health.body));
  response.status = health.http_status;
  return response;
}

http::Response Router::ready() const {
  const bool open = context_.journal.stats().state == journal::State::kOpen;
  if (context_.ready && open) return json("{\"status\":\"ready\"}\n");
  return http::problem(503, open ? "starting or shutting down" : "the journal cannot store");
}

http::Response Router::metrics() const {
  const auto exporters = context_.exporters();
  const auto collectors = context_.collectors();
  const auto notifiers =
      context_.notifiers ? context_.notifiers() : std::vector<alerting::NotifierView>();
  const auto alerts = context_.alerting ? context_.alerting->view() : nullptr;
  const bool rolls_up = context_.analytics != nullptr && context_.analytics->enabled();
  http::Response response = json(render_metrics(
      {counters_, server_->counters(), exporters, collectors, notifiers, alerts.get(),
       rolls_up ? std::optional(context_.analytics->status()) : std::nullopt,
       context_.journal.stats(), context_.journal.chain(), publishers_.all(), files_->report(),
       live_->clients(), context_.version, settings_->decode.redaction.get(), server_->tls_status(),
       context_.clock.now(), context_.config->journal.max_bytes}));
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  return response;
}

}  // namespace kcloud::api
