// POST /forward: events of another agent (core/forwarded.h).
#include <chrono>

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
  post.content_type = request.header("content-type");
  post.content_encoding = request.header("content-encoding");
  post.body = request.body;
  const std::string nonce = request_prefix_ + std::to_string(++requests_);
  post.request = nonce;
  post.received = context_.clock.now();
  post.forwarded = true;
  const auto begin = std::chrono::steady_clock::now();
  webhook::Received received = webhook::receive(post, settings_->webhook, *decoder_, workspace_);
  if (received.problem) return reply.send(refuse_post(*received.problem));
  if (auto refused = charge(*publisher, received.ledger.inputs)) {
    return reply.send(std::move(*refused));
  }
  store(std::make_shared<Post>(Post{std::move(reply), std::move(received.ledger), received.bytes,
                                    received.content, begin, settings_, publisher, true}),
        std::move(received.intake));
}

}  // namespace kcloud::api
