// GET, POST …/retry and DELETE of /dead-letters and /dead-letters/{id}.
#include <fmt/format.h>

#include "agent/api/letter_retry.h"
#include "agent/api/number_page.h"
#include "agent/api/render.h"
#include "agent/api/router.h"
#include "agent/http/url.h"
#include "core/json.h"

namespace kcloud::api {

namespace {

void append_dead_letter(std::string& out, const journal::Reader::DeadLetterRow& row) {
  const core::DeadLetter& letter = row.letter;
  const auto text = [&out](std::string_view key, std::string_view value) {
    core::append_key(out, key);
    core::append_json_string(out, value);
  };
  core::append_comma(out);
  out.append("{\"id\":").append(std::to_string(row.id));
  text("received", core::format_time(letter.received));
  text("origin", letter.origin);
  text("position", letter.position);
  text("reason", letter.reason);
  text("detail", letter.detail);
  text("type", letter.type);
  text("event_id", letter.event_id);
  text("body", letter.body);
  out.push_back('}');
}

// A sentence when the parameter is not fit; empty when it was taken.
std::string take(const std::pair<std::string, std::string>& parameter, core::Time now,
                 const core::Zone& zone, const core::Catalogue& catalogue,
                 journal::DeadLetterQuery& query) {
  if (auto taken = take_page(parameter, now, zone, query)) return *taken;
  const auto& [name, value] = parameter;
  if (name == "origin" || name == "reason" || name == "type") {
    if (value.empty()) return unfit(name, value, "a text");
    const auto* type = name == "type" ? catalogue.find_endpoint(value) : nullptr;
    (name == "origin"   ? query.origin
     : name == "reason" ? query.reason
                        : query.type) = type != nullptr ? type->name : value;
  } else {
    return fmt::format(
        "unknown parameter `{}`; there are limit, before, origin, reason, type, since and until",
        name);
  }
  return {};
}

constexpr std::size_t kMaxRetriedBytes = 8 << 20;  // of bodies, a call
constexpr const char* kNoSuchNumber = "a dead letter's id is a number above 0";

// What a request asks for, or a sentence why not.
std::string read_query(const http::Request& request, core::Time now, const Settings& settings,
                       journal::DeadLetterQuery& query, bool& all) {
  const auto parameters = http::parse_query(request.query);
  if (!parameters) return "a percent escape is malformed";
  for (const auto& parameter : *parameters) {
    if (parameter.first == "all" && request.method == "DELETE") {
      if (parameter.second != "true") return unfit("all", parameter.second, "true");
      all = true;
      continue;
    }
    std::string problem =
        take(parameter, now, settings.decode.default_zone, *settings.config->catalogue, query);
    if (!problem.empty()) return problem;
  }
  return {};
}

http::Response none_of(std::uint64_t id) {
  return http::problem(404, fmt::format("there is no dead letter {}; it may have been removed by "
                                        "journal.max_dead_letters or dead_letter_max_age",
                                        id));
}

http::Response not_stored(core::CommitStatus status) {
  http::Response response = http::problem(503, status == core::CommitStatus::kBusy
                                                   ? "the journal is full; nothing was stored"
                                                   : "the journal does not store at present");
  http::add_header(response, "Retry-After", "5");
  return response;
}

// `next` of a page: where the following one begins.
std::string next_of(const std::vector<journal::Reader::DeadLetterRow>& rows,
                    const journal::DeadLetterQuery& query) {
  std::size_t bytes = 0;
  for (const auto& row : rows) bytes += row.letter.body.size();
  const bool more = !rows.empty() && (rows.size() == query.limit || bytes >= query.max_bytes);
  return more ? std::to_string(rows.back().id) : "null";
}

std::string report_text(const RetryReport& report, const std::string& next) {
  std::string out =
      fmt::format(R"({{"retried":{},"stored":{},"duplicates":{},"delivered":{},"refused":[)",
                  report.retried, report.stored, report.duplicates, report.delivered);
  for (const auto& one : report.refused) {
    core::append_comma(out);
    out.append("{\"id\":").append(std::to_string(one.id));
    core::append_key(out, "reason");
    core::append_json_string(out, one.reason);
    core::append_key(out, "detail");
    core::append_json_string(out, one.detail);
    out.push_back('}');
  }
  return out.append("],\"next\":").append(next).append("}\n");
}

// The status of one letter's answer that nothing could be done with; 200 else.
int status_of_one(const RetryReport& report) {
  if (report.refused.empty()) return 200;
  const std::string& reason = report.refused.front().reason;
  if (reason == kNotRetriable || reason == kEventGone) return 409;
  if (reason == kNoExporter) return 404;
  return reason == kSinkUnavailable ? 503 : 200;
}

}  // namespace

void Router::retry_letters(const http::Request& request, http::Reply reply) {
  journal::DeadLetterQuery wanted;
  wanted.max_bytes = kMaxRetriedBytes;
  bool all = false;
  const auto problem = read_query(request, context_.clock.now(), *settings_, wanted, all);
  if (!problem.empty()) return reply.send(http::problem(400, problem));
  slow_query(std::move(reply),
             [this, settings = settings_, wanted = std::move(wanted)](Worker& worker) {
               const auto rows = worker.reader().dead_letters(wanted);
               const auto report = api::retry_letters(rows, context_, *settings, worker.reader());
               if (report.status != core::CommitStatus::kCommitted)
                 return not_stored(report.status);
               http::Response response;
               response.body = report_text(report, next_of(rows, wanted));
               return response;
             });
}

void Router::retry_letter(http::Reply reply, const Match& match) {
  const auto id = parse_number(match.parameter);
  if (!id) return reply.send(http::problem(400, kNoSuchNumber));
  slow_query(std::move(reply), [this, settings = settings_, id = *id](Worker& worker) {
    const auto row = worker.reader().dead_letter(id);
    if (!row) return none_of(id);
    const auto report = api::retry_letters({*row}, context_, *settings, worker.reader());
    if (report.status != core::CommitStatus::kCommitted) return not_stored(report.status);
    if (const int status = status_of_one(report); status != 200) {
      return http::problem(status, fmt::format("dead letter {} was not tried again: {}", id,
                                               report.refused.front().detail));
    }
    http::Response response;
    response.body = report_text(report, "null");
    return response;
  });
}

void Router::purge_letters(const http::Request& request, http::Reply reply) {
  journal::DeadLetterQuery wanted;
  wanted.limit = 1000;
  wanted.max_bytes = kMaxRetriedBytes;
  bool all = false;
  const auto problem = read_query(request, context_.clock.now(), *settings_, wanted, all);
  if (!problem.empty()) return reply.send(http::problem(400, problem));
  const bool filtered = !wanted.origin.empty() || !wanted.reason.empty() || !wanted.type.empty() ||
                        wanted.since || wanted.until;
  if (!filtered && !all) {
    return reply.send(http::problem(
        400, "say which: origin, reason, type, since or until; or all=true for every dead letter"));
  }
  query(std::move(reply), [this, wanted = std::move(wanted)](Worker& worker) {
    const auto rows = worker.reader().dead_letters(wanted);
    std::vector<std::uint64_t> ids;
    ids.reserve(rows.size());
    for (const auto& row : rows) ids.push_back(row.id);
    std::uint64_t removed = 0;
    const auto status = context_.journal.remove_letters(ids, removed);
    if (status != core::CommitStatus::kCommitted) return not_stored(status);
    http::Response response;
    response.body = fmt::format("{{\"removed\":{},\"next\":{}}}\n", removed, next_of(rows, wanted));
    return response;
  });
}

void Router::purge_letter(http::Reply reply, const Match& match) {
  const auto id = parse_number(match.parameter);
  if (!id) return reply.send(http::problem(400, kNoSuchNumber));
  query(std::move(reply), [this, id = *id](Worker&) {
    std::uint64_t removed = 0;
    const auto status = context_.journal.remove_letters({id}, removed);
    if (status != core::CommitStatus::kCommitted) return not_stored(status);
    if (removed == 0) return none_of(id);
    http::Response response;
    response.body = "{\"removed\":1,\"next\":null}\n";
    return response;
  });
}

void Router::dead_letters(const http::Request& request, http::Reply reply) {
  journal::DeadLetterQuery wanted;
  bool all = false;
  const auto problem = read_query(request, context_.clock.now(), *settings_, wanted, all);
  if (!problem.empty()) return reply.send(http::problem(400, problem));
  query(std::move(reply), [wanted = std::move(wanted)](Worker& worker) {
    const auto rows = worker.reader().dead_letters(wanted);
    http::Response response;
    std::string& out = response.body;
    out = "{\"dead_letters\":[";
    for (const auto& row : rows) append_dead_letter(out, row);
    out.append("],\"next\":");
    out.append(next_of(rows, wanted)).append("}\n");
    return response;
  });
}

void Router::dead_letter(http::Reply reply, const Match& match) {
  const auto id = parse_number(match.parameter);
  if (!id) return reply.send(http::problem(400, kNoSuchNumber));
  query(std::move(reply), [id = *id](Worker& worker) {
    const auto row = worker.reader().dead_letter(id);
    if (!row) return none_of(id);
    http::Response response;
    append_dead_letter(response.body, *row);
    response.body.push_back('\n');
    return response;
  });
}

}  // namespace kcloud::api
