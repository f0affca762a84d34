// POST /events and POST /events/{type}: decoded on the I/O thread, answered after the commit.
#include <chrono>

#include "agent/api/pending_post.h"
#include "agent/http/url.h"
#include "core/json.h"

namespace kcloud::api {

namespace {

http::Response later(core::CommitStatus status) {
  const bool busy = status == core::CommitStatus::kBusy;
  http::Response response = http::problem(
      503, busy ? "the journal is full or behind; nothing was stored, send it again later"
           : status == core::CommitStatus::kStopped
               ? "the agent is shutting down; nothing was stored, send it again"
               : "the disk refused the events; nothing was acknowledged, send them again later");
  http::add_header(response, "Retry-After", busy ? "1" : "5");
  return response;
}

}  // namespace

std::optional<http::Response> Router::admit_post(const http::Request& request, const Match& match) {
  // A signed request's publisher is known when its body is there.
  if (request.owner != nullptr) {
    if (auto refused = refuse_unread(*static_cast<Publisher*>(request.owner))) return refused;
  }
  const auto check =
      webhook::check_content(request.header("content-type"), request.header("content-encoding"));
  if (check.problem) return refuse_post(*check.problem);
  if (check.content.envelopes &&
      settings_->auth
              .check(request.header("authorization"), Access::kAdmin, request.client_verified)
              .permission != Permission::kGranted) {
    core::count(counters_.forbidden);
    core::count(counters_.webhook.unauthorized);
    return http::problem(403, "events under ids of their own need the role admin too");
  }
  if (match.route->action != Action::kPostTyped) return std::nullopt;
  const core::EventType* type = settings_->config->catalogue->find_endpoint(match.parameter);
  if (type == nullptr) {
    std::string known;
    for (const core::EventType& one : settings_->config->catalogue->types()) {
      if (one.reserved) continue;
      if (!known.empty()) known.append(", ");
      known.append(one.alias.empty() ? one.name : one.alias);
    }
    return http::problem(404, "there is no event type `" + std::string(match.parameter) +
                                  "`; there are " + known + "; POST /events takes any type");
  }
  if (type->reserved) {
    return http::problem(403, "`" + type->name + "` events are written by the agent itself");
  }
  return std::nullopt;
}

http::Response Router::refuse_post(const webhook::Problem& problem) {
  core::count(counters_.posts.refused[static_cast<std::size_t>(problem.reason)]);
  http::Response response = http::problem(problem.status, problem.detail);
  if (problem.reason == webhook::Refusal::kContentType) {
    http::add_header(response, "Accept", webhook::kAcceptedTypes);
  } else if (problem.reason == webhook::Refusal::kContentEncoding) {
    http::add_header(response, "Accept-Encoding", webhook::kAcceptedCodings);
  }
  if (problem.status == 503) http::add_header(response, "Retry-After", "1");
  return response;
}

void Router::post_events(http::Request& request, http::Reply reply, std::string_view endpoint) {
  Publisher* publisher = nullptr;
  std::string_view signed_key;
  if (auto refused = check_signature(request, publisher, signed_key)) {
    return reply.send(std::move(*refused));
  }
  if (!signed_key.empty()) {
    if (auto refused = refuse_unread(*publisher)) return reply.send(std::move(*refused));
  }
  webhook::Post post;
  if (!endpoint.empty()) {
    post.type = settings_->config->catalogue->find_endpoint(endpoint)->name;
  }
  post.prefer = request.header("prefer");
  // Only what a signature covers may tell a signed request from its replay.
  post.key = signed_key.empty() ? request.header("idempotency-key") : signed_key;
  if (post.key.empty()) post.key = request.header("webhook-id");
  for (const http::Header& header : request.headers) post.cloud.add(header.name, header.value);
  // A signature covers the body, not `ce-*`: with other ones a replay would be a new event.
  if (!signed_key.empty() && !post.cloud.empty()) {
    return reply.send(refuse_post({400,
                                   "a signature does not cover ce-* header fields; send a signed "
                                   "CloudEvent in structured mode",
                                   webhook::Refusal::kCloudEvent}));
  }
  take(post, request, std::move(reply), *publisher);
}

// Whatever the route filled in of the post: receives, charges and stores it.
void Router::take(webhook::Post& post, const http::Request& request, http::Reply reply,
                  Publisher& publisher) {
  const std::string nonce = request_prefix_ + std::to_string(++requests_);
  post.content_type = request.header("content-type");
  post.content_encoding = request.header("content-encoding");
  post.body = request.body;
  post.request = nonce;
  post.received = context_.clock.now();
  const auto begin = std::chrono::steady_clock::now();
  webhook::Received received = webhook::receive(post, settings_->webhook, *decoder_, workspace_);
  if (received.problem) return reply.send(refuse_post(*received.problem));
  if (auto refused = charge(publisher, received.ledger.inputs)) {
    return reply.send(std::move(*refused));
  }
  store(
      std::make_shared<Post>(Post{std::move(reply), std::move(received.ledger), received.bytes,
                                  received.content, begin, settings_, &publisher, post.forwarded}),
      std::move(received.intake));
}

void Router::store(std::shared_ptr<Post> post, std::unique_ptr<core::Intake> intake) {
  context_.journal.accept(std::move(intake),
                          [this, pending = std::move(post)](core::CommitStatus status,
                                                            std::unique_ptr<core::Intake> stored) {
                            pending->status = status;
                            pending->intake = std::move(stored);
                            pending->reply.post([this, pending] { finish_post(*pending); });
                          });
}

void Router::finish_post(Post& post) {
  core::CollectorCounters& counters = post.forwarded ? counters_.forward : counters_.webhook;
  if (post.status != core::CommitStatus::kCommitted) {
    core::count(counters.busy, post.ledger.inputs);
    post.publisher->bucket.give_back(post.ledger.inputs);
    return post.reply.send(later(post.status));
  }
  http::Response response;
  webhook::Answer answer;
  if (post.forwarded) {
    const auto forward = webhook::write_forward_answer(
        post.ledger, post.intake->batch, context_.agent, context_.version, response.body);
    core::count(counters_.forward_loops, forward.loops);
    core::count(counters.duplicates, forward.loops);
    answer = forward;
  } else {
    answer = webhook::write_answer(post.ledger, post.intake->batch, response.body);
    core::count(counters_.posts.events[static_cast<std::size_t>(post.content.mode)],
                post.ledger.inputs);
    core::count(counters_.posts.requests[static_cast<std::size_t>(post.content.coding)]);
  }
  response.status = answer.status;
  if (answer.status == 422) response.content_type = http::kProblemJson;
  core::count(counters.received, post.ledger.inputs);
  core::count(counters.stored, answer.accepted);
  post.publisher->accepted += answer.accepted;
  core::count(counters.duplicates, answer.duplicates);
  core::count(counters.conflicts, answer.conflicts);
  core::count(counters.rejected, answer.rejected - answer.conflicts);
  core::count(counters.bytes, post.bytes);
  counters_.ack_latency.observe(std::chrono::steady_clock::now() - post.begin);
  post.reply.send(std::move(response));
}

}  // namespace kcloud::api
