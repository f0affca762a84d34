// The routes of /analytics.
#include "agent/analytics/analytics.h"

#include <fmt/format.h>

#include "agent/analytics/source.h"
#include "agent/api/analytics_query.h"
#include "agent/api/event_query.h"
#include "agent/api/router.h"
#include "agent/http/url.h"
#include "core/json.h"

namespace kcloud::api {
namespace {

constexpr std::string_view kCsv = "text/csv; charset=utf-8; header=present";

http::Response off() {
  return http::problem(503, "analytics is not enabled: set `analytics.enabled`");
}

std::string_view name_of(analytics::RebuildStatus::State state) {
  using State = analytics::RebuildStatus::State;
  return state == State::kRunning ? "running" : state == State::kDone ? "done" : "none";
}

http::Response rollups_response(const analytics::LoopStatus& status, int code) {
  const auto& rebuild = status.rebuild;
  http::Response response{.status = code};
  std::string& out = response.body;
  out = fmt::format(
      R"({{"lag_events":{},"events_added":{},"events_missed":{},"events_in_other":{},"memory_bytes":{})",
      status.lag, status.events, status.missed, status.others, status.bytes);
  core::append_member(out, "last_error", status.last_error);
  core::append_key(out, "rebuild");
  out += "{";
  core::append_member(out, "state", name_of(rebuild.state));
  if (rebuild.hours > 0) {
    core::append_member(out, "since", core::format_time(rebuild.since));
    core::append_member(out, "until", core::format_time(rebuild.until));
    out += fmt::format(R"(,"hours":{},"hours_done":{},"refused":[)", rebuild.hours, rebuild.done);
    for (const auto hour : rebuild.refused) {
      core::append_comma(out);
      core::append_json_string(out, core::format_time(hour));
    }
    out += "]";
  }
  out += "}}\n";
  return response;
}

}  // namespace

void Router::analytics(const http::Request& request, http::Reply reply, const Match& match) {
  const auto parameters = http::parse_query(request.query);
  if (!parameters) return reply.send(http::problem(400, "a percent escape is malformed"));
  if (context_.analytics == nullptr || !context_.analytics->enabled()) return reply.send(off());
  const auto kind = match.route->action == Action::kSchedulingPerformance
                        ? analytics::Kind::kScheduling
                    : match.route->action == Action::kCostEfficiency ? analytics::Kind::kCost
                                                                     : analytics::Kind::kSla;
  const auto& config = settings_->config;
  auto parsed = parse_analytics_query(*parameters, kind, context_.clock.now(),
                                      config->agent.default_zone, *config->catalogue);
  if (!parsed.error.empty()) return reply.send(http::problem(400, parsed.error));
  ask(std::move(reply),
      [this, kind, parsed = std::move(parsed), catalogue = config->catalogue](Worker& worker) {
        try {
          const auto answer = context_.analytics->answer(kind, parsed.request, worker.events(),
                                                         worker.decoder(catalogue));
          http::Response response;
          if (parsed.csv) response.content_type = kCsv;
          response.body = parsed.csv ? analytics::to_csv(answer) : analytics::to_json(answer);
          return response;
        } catch (const analytics::BadRange& error) {
          return http::problem(400, error.what());
        }
      });
}

void Router::rollups(const http::Request& request, http::Reply reply, const Match& match) {
  if (context_.analytics == nullptr || !context_.analytics->keeps_rollups())
    return reply.send(off());
  if (match.route->action == Action::kRollups)
    return reply.send(rollups_response(context_.analytics->status(), 200));
  const auto parameters = http::parse_query(request.query);
  if (!parameters) return reply.send(http::problem(400, "a percent escape is malformed"));
  std::optional<core::Time> since;
  auto until = context_.clock.now();
  for (const auto& [name, value] : *parameters) {
    const auto time = parse_query_time(value, context_.clock.now(), settings_->decode.default_zone);
    if ((name != "since" && name != "until") || !time)
      return reply.send(http::problem(
          400, fmt::format("parameter `{}` is `{}`; expected `since` and `until` as RFC 3339, an "
                           "epoch number, `now` or a distance such as -24h",
                           name, value)));
    (name == "since" ? since.emplace() : until) = *time;
  }
  if (!since || *since >= until)
    return reply.send(http::problem(400, "expected `since`, and before `until`"));
  constexpr std::chrono::days kLongest{3660};
  if (until - *since > kLongest)
    return reply.send(http::problem(400, "the range is longer than 3660d"));
  if (!context_.analytics->rebuild(*since, until))
    return reply.send(http::problem(409,
                                    "rollups are being made anew; GET /analytics/rollups "
                                    "says how far it is"));
  reply.send(rollups_response(context_.analytics->status(), 202));
}

}  // namespace kcloud::api
