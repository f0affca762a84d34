// The routes of /alerts: active and past alerts, the silences. Those of rules: alert_rules.cpp.
#include <fmt/format.h>

#include <algorithm>

#include "agent/alerting/alerting.h"
#include "agent/alerting/transition_event.h"
#include "agent/api/alert_json.h"
#include "agent/api/event_query.h"
#include "agent/api/render.h"
#include "agent/api/router.h"
#include "agent/http/url.h"
#include "core/json.h"

namespace kcloud::api {
namespace {

constexpr std::size_t kMostTransitions = 20;  // that one alert is shown with

http::Response json(std::string body, int status = 200) {
  http::Response response{.status = status};
  response.body = std::move(body);
  return response;
}

http::Response off() {
  return http::problem(503, "alerting is not enabled: set `alerting.enabled`");
}

}  // namespace

void Router::alerts(http::Request& request, http::Reply reply, const Match& match) {
  alerting::Alerting* const alerting = context_.alerting;
  const auto view = alerting == nullptr ? nullptr : alerting->view();
  if (view == nullptr) return reply.send(off());
  const auto parameters = http::parse_query(request.query);
  const auto parameter = http::percent_decode(match.parameter, false);
  if (!parameters || !parameter)
    return reply.send(http::problem(400, "a percent escape is malformed"));
  const core::Time now = context_.clock.now();
  switch (match.route->action) {
    case Action::kActiveAlerts: {
      const auto filter = parse_alert_filter(*parameters);
      if (!filter.error.empty()) return reply.send(http::problem(400, filter.error));
      return query(std::move(reply), [view, filter, alerting, now](Worker&) {
        return json(active_json(*view, filter, alerting->silences(), now));
      });
    }
    case Action::kAlertRules: {
      if (!parameters->empty())
        return reply.send(http::problem(
            400, fmt::format("unknown parameter `{}`; there are none", parameters->front().first)));
      http::Response response = json(rules_json(*view));
      http::add_header(response, "ETag", entity_tag(view->set.hash));
      return reply.send(std::move(response));
    }
    case Action::kOneAlert:
      return one_alert(std::move(reply), *parameter, view);
    case Action::kAlertHistory:
      return alert_history(std::move(reply), *parameters);
    case Action::kPostRules:
    case Action::kRemoveRules:
      return change_rules(request, std::move(reply), match, *parameter, *parameters);
    case Action::kSilences:
      return reply.send(json(silences_json(alerting->silences(), now)));
    default:
      return change_silences(request, std::move(reply), match, *parameter);
  }
}

void Router::change_silences(http::Request& request, http::Reply reply, const Match& match,
                             const std::string& id) {
  if (match.route->action == Action::kExpireSilence) {
    return query(std::move(reply), [this, id](Worker&) {
      const auto done = context_.alerting->expire_silence(id);
      if (!done) return http::problem(404, "there is no silence `" + id + "`");
      if (!*done) return http::problem(503, "the journal does not store at present");
      return http::Response{.status = 204};
    });
  }
  std::string error;
  auto silence = alerting::parse_silence(request.body, context_.clock.now(), error);
  if (!silence) return reply.send(http::problem(400, error));
  query(std::move(reply), [this, silence = std::move(*silence)](Worker&) mutable {
    const bool known = !silence.id.empty();
    const auto all = context_.alerting->silences();
    if (known && std::ranges::find(all, silence.id, &alerting::ParsedSilence::id) == all.end())
      return http::problem(
          404, "there is no silence `" + silence.id + "`; a new one is posted without `id`");
    if (!context_.alerting->put_silence(silence))
      return http::problem(503, "the journal does not store at present");
    return json(fmt::format("{{\"silenceID\":\"{}\"}}\n", silence.id), known ? 200 : 201);
  });
}

// The alert, the events that are its evidence, and how it came and went.
void Router::one_alert(http::Reply reply, const std::string& fingerprint,
                       std::shared_ptr<const alerting::View> view) {
  const auto& catalogue = settings_->config->catalogue;
  query(std::move(reply), [this, fingerprint, view, catalogue](Worker& worker) {
    journal::Query wanted;
    wanted.type = "alert_transition";
    wanted.text = fingerprint;
    wanted.limit = kMostTransitions;
    wanted.work_limit = std::chrono::milliseconds(500);
    journal::Page page = worker.reader().query(wanted);
    std::erase_if(page.batch.events, [&](const core::Event& event) {
      return core::json_text_at(event.body, {"fingerprint"}) != fingerprint;
    });
    const auto active = std::ranges::find(view->alerts, fingerprint, &rules::Alert::fingerprint);
    const auto past = page.batch.events.empty()
                          ? std::nullopt
                          : alerting::parse_transition(page.batch.events.front().body);
    if (active == view->alerts.end() && !past)
      return http::problem(404, "there is no alert `" + fingerprint +
                                    "` and its history is not kept here; GET /alerts/active "
                                    "lists those there are");
    const rules::Alert& alert = active != view->alerts.end() ? *active : past->alert;
    core::EventBatch evidence;
    for (const auto& id : alert.evidence) worker.reader().find(id, evidence);
    for (auto& event : evidence.events) worker.decoder(catalogue).complete(event, evidence);
    std::string body = "{\"alert\":{";
    alerting::append_alert(body, alert);
    append_silenced(body,
                    silenced_by(context_.alerting->silences(), alert.labels, context_.clock.now()));
    body += "},\"events\":[";
    for (const auto& event : evidence.events) {
      core::append_comma(body);
      core::append_event_json(body, event, context_.journal.epoch());
    }
    body += "],\"transitions\":[";
    for (const auto& event : page.batch.events) {
      core::append_comma(body);
      body += event.body;
    }
    return json(body + "]}\n");
  });
}

void Router::alert_history(http::Reply reply, const http::Parameters& parameters) {
  auto wanted =
      parse_history_query(parameters, context_.clock.now(), settings_->decode.default_zone);
  if (!wanted.error.empty()) return reply.send(http::problem(400, wanted.error));
  query(std::move(reply), [wanted = std::move(wanted)](Worker& worker) {
    return json(history_json(worker.reader(), wanted));
  });
}

}  // namespace kcloud::api
