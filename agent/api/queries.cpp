// The routes that read the journal: through the pool, never on the I/O thread.
#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <stdexcept>

#include "agent/api/event_query.h"
#include "agent/api/render.h"
#include "agent/api/router.h"
#include "agent/fleet/fleet.h"
#include "agent/http/url.h"
#include "agent/journal/cursor_name.h"
#include "core/json.h"

namespace kcloud::api {

namespace {

// The same listing, continued: path and parameters as they came, with the cursor exchanged.
std::string next_link(std::string_view path, std::string_view query, std::string_view cursor) {
  std::string link(path);
  link.push_back('?');
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
    if (!pair.empty() && !pair.starts_with("cursor=")) link.append(pair).push_back('&');
  }
  return link.append("cursor=").append(cursor);
}

constexpr const char* kNoJournal = "the journal cannot be read: ";

http::Response bad_request(std::string_view detail) { return http::problem(400, detail); }

http::Response no_event(std::string_view id) {
  return http::problem(404, "no event `" + std::string(id) + "` is kept here");
}

void append_delivery(std::string& out, std::string_view name, const journal::CursorInfo* cursor,
                     std::uint64_t seq, std::string_view epoch) {
  const std::uint64_t at = cursor == nullptr ? 0 : cursor->seq;
  core::append_comma(out);
  out.push_back('{');
  core::append_key(out, "name");
  core::append_json_string(out, name);
  core::append_key(out, "state");
  out.append(at >= seq ? "\"delivered\"" : "\"pending\"");
  core::append_key(out, "cursor");
  core::append_json_string(out, format_position(epoch, at));
  core::append_key(out, "lag_events");
  out.append(std::to_string(at >= seq ? 0 : seq - at));
  core::append_key(out, "skipped");
  out.append(std::to_string(cursor == nullptr ? 0 : cursor->skipped));
  out.push_back('}');
}

}  // namespace

void Router::query(http::Reply reply, Query job) {
  submit(pool_, std::move(reply), std::move(job), kNoJournal);
}

void Router::ask(http::Reply reply, Query job) {
  if (fleet_pool_ == nullptr) return query(std::move(reply), std::move(job));
  // Where a server does not answer, those behind others would wait for each of them.
  const auto& database = context_.fleet->config();
  submit(*fleet_pool_, std::move(reply), std::move(job), "",
         database.connect_timeout + database.statement_timeout);
}

void Router::slow_query(http::Reply reply, Query job) {
  submit(slow_, std::move(reply), std::move(job), kNoJournal);
}

void Router::submit(QueryPool& pool, http::Reply reply, Query job, const char* trouble,
                    std::optional<std::chrono::milliseconds> patience) {
  using std::chrono::steady_clock;
  const auto held = std::make_shared<http::Reply>(std::move(reply));
  const bool taken = pool.submit(
      [held, trouble, job = std::move(job), patience, begin = steady_clock::now()](Worker& worker) {
        http::Response response;
        try {
          if (patience && steady_clock::now() - begin > *patience)
            throw std::runtime_error(fmt::format(
                "PostgreSQL: none of the connections was free for {} ms (query.connections)",
                patience->count()));
          response = job(worker);
        } catch (const std::exception& error) {
          response = http::problem(503, std::string(trouble) + error.what());
          http::add_header(response, "Retry-After", "5");
        }
        held->send(std::move(response));
      });
  if (taken) return;
  http::Response response = http::problem(503, "too many requests of this kind are waiting");
  http::add_header(response, "Retry-After", "1");
  held->send(std::move(response));
}

void Router::list_events(const http::Request& request, http::Reply reply, const Match& match) {
  const auto parameters = http::parse_query(request.query);
  const auto segment = http::percent_decode(match.parameter, false);
  if (!parameters || !segment) return reply.send(bad_request("a percent escape is malformed"));
  const Action action = match.route->action;
  const QueryKind kind = action == Action::kListType       ? QueryKind::kListOfType
                         : action == Action::kListWorkload ? QueryKind::kListOfWorkload
                                                           : QueryKind::kList;
  const auto& catalogue = settings_->config->catalogue;
  EventQuery parsed = parse_event_query(*parameters, kind, context_.clock.now(),
                                        settings_->decode.default_zone, *catalogue);
  if (!parsed.error.empty()) return reply.send(bad_request(parsed.error));
  if (action == Action::kListType) {
    const core::EventType* type = catalogue->find_endpoint(*segment);
    parsed.query.type = type == nullptr ? *segment : type->name;
  } else if (action == Action::kListWorkload) {
    parsed.query.workload = *segment;
  }
  ask(std::move(reply),
      [this, parsed = std::move(parsed), catalogue, path = std::string(request.path),
       raw_query = std::string(request.query)](Worker& worker) {
        journal::Page page = worker.events().query(parsed.query);
        Rendered rendered =
            render_page(page, parsed, context_.journal.epoch(), worker.decoder(catalogue));
        http::Response response;
        response.content_type = rendered.content_type;
        response.body = std::move(rendered.body);
        if (!rendered.next.empty()) {
          http::add_header(response, "X-Next-Cursor", rendered.next);
          http::add_header(response, "Link",
                           "<" + next_link(path, raw_query, rendered.next) + ">; rel=\"next\"");
        }
        return response;
      });
}

void Router::one_event(http::Reply reply, const Match& match) {
  const auto id = core::parse_event_id(match.parameter);
  if (!id) return reply.send(bad_request("an event's id looks like 01946a2e-89c0-8…"));
  ask(std::move(reply), [this, id = *id, catalogue = settings_->config->catalogue](Worker& worker) {
    core::EventBatch batch;
    if (!worker.events().find(id, batch)) return no_event(core::to_string(id));
    worker.decoder(catalogue).complete(batch.events.front(), batch);
    http::Response response;
    core::append_event_json(response.body, batch.events.front(), context_.journal.epoch());
    response.body.push_back('\n');
    return response;
  });
}

void Router::deliveries(http::Reply reply, const Match& match) {
  const auto id = core::parse_event_id(match.parameter);
  if (!id) return reply.send(bad_request("an event's id looks like 01946a2e-89c0-8…"));
  query(std::move(reply), [this, id = *id](Worker& worker) {
    core::EventBatch batch;
    if (!worker.reader().find(id, batch)) return no_event(core::to_string(id));
    const std::uint64_t seq = batch.events.front().seq;
    const std::string& epoch = context_.journal.epoch();
    const std::vector<journal::CursorInfo> cursors = context_.journal.cursors();
    http::Response response;
    std::string& out = response.body;
    out = "{\"id\":\"" + core::to_string(id) + "\"";
    out.append(",\"seq\":\"").append(format_position(epoch, seq)).append("\",\"deliveries\":[");
    for (const journal::CursorInfo& cursor : cursors) {
      if (!cursor.name.starts_with("exporter:") || journal::counts_batches(cursor.name)) continue;
      append_delivery(out, cursor.name, &cursor, seq, epoch);
    }
    for (const ExporterView& exporter : context_.exporters()) {
      const std::string name = "exporter:" + exporter.name;
      const bool listed = std::any_of(cursors.begin(), cursors.end(),
                                      [&](const auto& cursor) { return cursor.name == name; });
      if (!listed) append_delivery(out, name, nullptr, seq, epoch);
    }
    out.append("]}\n");
    return response;
  });
}

void Router::open_stream(const http::Request& request, http::Reply reply) {
  const auto parameters = http::parse_query(request.query);
  if (!parameters) return reply.send(bad_request("a percent escape is malformed"));
  EventQuery parsed =
      parse_event_query(*parameters, QueryKind::kStream, context_.clock.now(),
                        settings_->decode.default_zone, *settings_->config->catalogue);
  if (!parsed.error.empty()) return reply.send(bad_request(parsed.error));
  if (live_->clients() >= settings_->config->http.max_stream_clients) {
    http::Response response = http::problem(503, "http.max_stream_clients are connected");
    http::add_header(response, "Retry-After", "30");
    return reply.send(std::move(response));
  }
  std::string last = std::move(parsed.last_event_id);
  if (const auto header = request.header("last-event-id"); !header.empty()) last = header;
  const std::uint64_t head = context_.journal.head();
  std::uint64_t position = head;
  std::optional<Gap> gap;
  if (!last.empty()) {
    const auto asked = parse_position(last);
    if (!asked) {
      return reply.send(bad_request("Last-Event-ID is `" + last + "`; expected <epoch>-<seq>"));
    }
    if (asked->epoch != context_.journal.epoch()) {
      gap = Gap{last, "epoch"};
      position = 0;
    } else if (asked->seq > head) {
      gap = Gap{last, "ahead"};
    } else {
      position = asked->seq;
    }
  }
  http::Response response;
  response.content_type = "text/event-stream";
  response.headers = "Cache-Control: no-store\r\nX-Accel-Buffering: no\r\n";
  reply.stream(std::move(response), live_->open(std::move(parsed.query), position, std::move(gap)));
}

}  // namespace kcloud::api
