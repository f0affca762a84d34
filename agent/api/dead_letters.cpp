// GET /dead-letters and GET /dead-letters/{id}.
#include <fmt/format.h>

#include <charconv>

#include "agent/api/event_query.h"
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

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value == 0 || value > INT64_MAX) {
    return std::nullopt;
  }
  return value;
}

std::string unfit(std::string_view name, std::string_view value, std::string_view expected) {
  return fmt::format("parameter `{}` is `{}`; expected {}", name, value, expected);
}

// A sentence when the parameter is not fit; empty when it was taken.
std::string take(const std::pair<std::string, std::string>& parameter, core::Time now,
                 const core::Zone& zone, const core::Catalogue& catalogue,
                 journal::DeadLetterQuery& query) {
  const auto& [name, value] = parameter;
  if (name == "limit" || name == "before") {
    const auto given = number(value);
    if (!given || (name == "limit" && *given > 1000)) {
      return unfit(name, value, name == "limit" ? "1 to 1000" : "a number above 0");
    }
    (name == "limit" ? query.limit : query.before) = *given;
  } else if (name == "since" || name == "until") {
    auto& bound = name == "since" ? query.since : query.until;
    bound = parse_query_time(value, now, zone);
    if (!bound) return unfit(name, value, "a time, such as 2025-01-15T10:30:00Z or -24h");
  } else if (name == "origin" || name == "reason" || name == "type") {
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

}  // namespace

void Router::dead_letters(const http::Request& request, http::Reply reply) {
  const auto parameters = http::parse_query(request.query);
  if (!parameters) return reply.send(http::problem(400, "a percent escape is malformed"));
  journal::DeadLetterQuery wanted;
  for (const auto& parameter : *parameters) {
    const std::string problem =
        take(parameter, context_.clock.now(), settings_->decode.default_zone,
             *settings_->config->catalogue, wanted);
    if (!problem.empty()) return reply.send(http::problem(400, problem));
  }
  query(std::move(reply), [wanted = std::move(wanted)](Worker& worker) {
    const auto rows = worker.reader().dead_letters(wanted);
    http::Response response;
    std::string& out = response.body;
    out = "{\"dead_letters\":[";
    for (const auto& row : rows) append_dead_letter(out, row);
    out.append("],\"next\":");
    out.append(rows.size() == wanted.limit ? std::to_string(rows.back().id) : "null").append("}\n");
    return response;
  });
}

void Router::dead_letter(http::Reply reply, const Match& match) {
  const auto id = number(match.parameter);
  if (!id) return reply.send(http::problem(400, "a dead letter's id is a number above 0"));
  query(std::move(reply), [id = *id](Worker& worker) {
    const auto row = worker.reader().dead_letter(id);
    if (!row) {
      return http::problem(404, fmt::format("there is no dead letter {}; it may have been removed "
                                            "by journal.max_dead_letters",
                                            id));
    }
    http::Response response;
    append_dead_letter(response.body, *row);
    response.body.push_back('\n');
    return response;
  });
}

}  // namespace kcloud::api
