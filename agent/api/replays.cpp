#include "agent/api/replays.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/api/event_query.h"
#include "agent/api/router.h"
#include "core/json.h"

namespace kcloud::api {

namespace {

const ExporterView* find(const std::vector<ExporterView>& exporters, const std::string& name) {
  const auto found = std::find_if(exporters.begin(), exporters.end(),
                                  [&](const ExporterView& one) { return one.name == name; });
  return found == exporters.end() ? nullptr : &*found;
}

}  // namespace

std::optional<delivery::ReplaySink> replay_sink(const std::vector<ExporterView>& exporters,
                                                const std::string& name) {
  const ExporterView* view = find(exporters, name);
  if (view == nullptr) return std::nullopt;
  return delivery::ReplaySink{view->status(), view->deliver_beside, view->delivery.batch_events,
                              view->delivery.batch_bytes};
}

ReplayRequest parse_replay(const http::Parameters& parameters, core::Time now,
                           const core::Zone& zone, std::string_view epoch) {
  ReplayRequest request;
  const auto unfit = [&](const std::string& name, const std::string& value,
                         std::string_view expected) {
    request.error = fmt::format("parameter `{}` is `{}`; expected {}", name, value, expected);
    return request;
  };
  std::optional<core::Time> from;
  request.range.to = now;
  for (const auto& [name, value] : parameters) {
    if (name == "from" || name == "to") {
      const auto time = parse_query_time(value, now, zone);
      if (!time)
        return unfit(name, value, "RFC 3339, an epoch number, `now` or a distance such as -24h");
      (name == "from" ? from.emplace() : request.range.to) = *time;
    } else if (name == "time") {
      if (value != "received" && value != "event")
        return unfit(name, value, "`received` (when it arrived here) or `event` (its own time)");
      request.range.event_time = value == "event";
    } else if (name == "after") {
      const auto position = parse_position(value);
      if (!position) return unfit(name, value, "<epoch>-<seq>");
      if (position->epoch != epoch)
        return unfit(name, value, fmt::format("a position of this journal, {}-<seq>", epoch));
      request.range.after = position->seq;
    } else {
      request.error =
          fmt::format("unknown parameter `{}`; there are from, to, time and after", name);
      return request;
    }
  }
  if (!from) {
    request.error =
        "say from when: parameter `from` is missing, such as -24h or 2025-01-15T10:30:00Z";
    return request;
  }
  request.range.from = *from;
  if (request.range.from >= request.range.to)
    return unfit("from", core::format_time(*from),
                 "a time before `to`, which is " + core::format_time(request.range.to));
  return request;
}

std::string replay_json(const std::string& exporter, const delivery::ReplayStatus& status,
                        core::Time now, std::string_view epoch) {
  const bool over = delivery::is_over(status.state);
  const std::chrono::duration<double> elapsed = (over ? status.ended : now) - status.started;
  std::string out = "{";
  const auto text = [&](std::string_view key, std::string_view value) {
    core::append_key(out, key);
    core::append_json_string(out, value);
  };
  const auto number = [&](std::string_view key, std::uint64_t value) {
    core::append_key(out, key);
    out += std::to_string(value);
  };
  text("exporter", exporter);
  text("state", delivery::to_string(status.state));
  text("time", status.range.event_time ? "event" : "received");
  text("from", core::format_time(status.range.from));
  text("to", core::format_time(status.range.to));
  text("started", core::format_time(status.started));
  text("started_by", status.started_by);
  core::append_key(out, "ended");
  if (over)
    core::append_json_string(out, core::format_time(status.ended));
  else
    out += "null";
  number("sent", status.sent);
  number("refused", status.refused);
  number("gone", status.gone);
  number("remaining", status.remaining);
  core::append_key(out, "rate");
  const double seconds = elapsed.count();
  out += fmt::format("{:.1f}", seconds > 0 ? static_cast<double>(status.sent) / seconds : 0);
  text("position", format_position(epoch, status.position));
  core::append_key(out, "last_error");
  if (status.last_error.empty())
    out += "null";
  else
    core::append_json_string(out, status.last_error);
  return out + "}\n";
}

void Router::replay(const http::Request& request, http::Reply reply, const Match& match) {
  const auto name = http::percent_decode(match.parameter, false);
  const auto parameters = http::parse_query(request.query);
  if (!name || !parameters) return reply.send(http::problem(400, "a percent escape is malformed"));
  const auto exporters = context_.exporters();
  const ExporterView* exporter = find(exporters, *name);
  if (exporter == nullptr)
    return reply.send(
        http::problem(404, "there is no exporter `" + *name + "`; GET /health lists them"));
  const Action action = match.route->action;
  ReplayRequest wanted;
  if (action == Action::kStartReplay) {
    if (exporter->keeps_seals)
      return reply.send(http::problem(
          409,
          fmt::format("`{}` keeps sealed batches, each once; what its database lost comes back "
                      "through a second exporter with another `schema`: docs/operations.md, "
                      "\"Sending events again\"",
                      *name)));
    wanted = parse_replay(*parameters, context_.clock.now(), settings_->decode.default_zone,
                          context_.journal.epoch());
    if (!wanted.error.empty()) return reply.send(http::problem(400, wanted.error));
  }
  // Starting one waits for the thread of the one before.
  query(std::move(reply), [this, action, name = *name, range = wanted.range,
                           by = publishers_.name_of(request.owner)](Worker&) {
    delivery::Replays& replays = *context_.replays;
    if (action == Action::kStartReplay && !replays.start(name, range, by))
      return http::problem(409, "a replay of `" + name +
                                    "` runs already, or the agent stops; GET shows it, DELETE "
                                    "cancels it");
    if (action == Action::kCancelReplay && !replays.cancel(name, by))
      return http::problem(404, "no replay of `" + name + "` runs");
    const auto status = replays.status(name);
    if (!status)
      return http::problem(404, "there was no replay of `" + name + "` since the agent started");
    http::Response response{.status = action == Action::kStartReplay ? 202 : 200};
    response.body = replay_json(name, *status, context_.clock.now(), context_.journal.epoch());
    return response;
  });
}

}  // namespace kcloud::api
