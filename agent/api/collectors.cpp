// GET /collectors, POST /collectors/{name}/pause and /resume.
#include <algorithm>

#include "agent/api/health.h"
#include "agent/api/router.h"
#include "agent/http/url.h"
#include "core/json.h"

namespace kcloud::api {

namespace {

void append_collector(std::string& out, const CollectorView& collector) {
  const CollectorStatus status = collector.status();
  const auto text = [&](std::string_view key, std::string_view value) {
    core::append_key(out, key);
    core::append_json_string(out, value);
  };
  const auto number = [&](std::string_view key, const core::Counter& counter) {
    core::append_key(out, key);
    out.append(std::to_string(counter.load(std::memory_order_relaxed)));
  };
  core::append_comma(out);
  out.push_back('{');
  text("name", collector.name);
  text("type", collector.type);
  text("phase", to_string(status.phase));
  core::append_key(out, "connected");
  out.append(status.report.connected ? "true" : "false");
  number("received", collector.counters->received);
  number("stored", collector.counters->stored);
  number("rejected", collector.counters->rejected);
  core::append_key(out, "last_error");
  if (status.report.last_error.empty()) {
    out.append("null");
  } else {
    core::append_json_string(out, status.report.last_error);
  }
  out.push_back('}');
}

}  // namespace

http::Response Router::collectors() const {
  http::Response response;
  std::string& out = response.body;
  out = "{\"collectors\":[";
  for (const CollectorView& collector : context_.collectors()) append_collector(out, collector);
  out.append("]}\n");
  return response;
}

void Router::pause_collector(http::Reply reply, const Match& match, bool paused) {
  const auto name = http::percent_decode(match.parameter, false);
  if (!name) return reply.send(http::problem(400, "the collector's name is malformed"));
  if (*name == "webhook") {
    return reply.send(http::problem(
        409, "the webhook is always there; publishers are turned away with tokens or quotas"));
  }
  slow_query(std::move(reply), [this, name = *name, paused](Worker&) {
    if (!context_.pause_collector(name, paused)) {
      return http::problem(404, "there is no collector `" + name + "`; GET /collectors lists them");
    }
    http::Response response;
    const auto views = context_.collectors();
    const auto view = std::find_if(views.begin(), views.end(),
                                   [&](const CollectorView& one) { return one.name == name; });
    if (view != views.end()) append_collector(response.body, *view);
    response.body.push_back('\n');
    return response;
  });
}

}  // namespace kcloud::api
