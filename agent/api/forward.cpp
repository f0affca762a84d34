// POST /forward: events of another agent (core/forwarded.h).
#include "agent/api/pending_post.h"
#include "core/json.h"

namespace kcloud::api {

std::optional<http::Response> Router::admit_forward(const http::Request& request) {
  if (auto refused = refuse_unread(*static_cast<Publisher*>(request.owner))) return refused;
  auto check =
      webhook::check_content(request.header("content-type"), request.header("content-encoding"));
  if (!check.problem && (!check.content.lines || check.content.envelopes)) {
    check.problem = {415, "agents forward application/x-ndjson, an event a line",
                     webhook::Refusal::kContentType};
  }
  if (check.problem) return refuse_post(*check.problem);
  return std::nullopt;
}

void Router::post_forward(http::Request& request, http::Reply reply) {
  auto* publisher = static_cast<Publisher*>(request.owner);
  // A sender that asks who is here and whether it may.
  if (request.body.empty()) {
    http::Response response;
    webhook::write_forward_answer({}, {}, context_.agent, context_.version, response.body);
    return reply.send(std::move(response));
  }
  webhook::Post post;
  post.forwarded = true;
  take(post, request, std::move(reply), *publisher);
}

}  // namespace kcloud::api
