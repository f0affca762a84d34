#include "agent/api/router.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "agent/api/handshake.h"
#include "agent/api/told_reply.h"
#include "agent/audit/own_event.h"
#include "agent/fleet/fleet.h"
#include "agent/http/url.h"
#include "core/hex.h"
#include "core/json.h"
#include "core/sha256.h"

namespace kcloud::api {

namespace {

constexpr std::size_t kQueryThreads = 2;
constexpr std::size_t kMaxWaitingQueries = 256;
constexpr std::size_t kMaxWaitingSlow = 4;
constexpr std::size_t kMaxWaitingReports = 8;

std::string random_prefix() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}-", random(), random());
}

std::shared_ptr<const Settings> make_settings(std::shared_ptr<const config::Config> config,
                                              const std::string& agent) {
  core::DecodeOptions decode = config::decode_options(*config);
  webhook::Settings webhook;
  webhook.max_body_bytes = config->http.max_body_bytes;
  webhook.max_events = config->http.max_events_per_request;
  webhook.max_event_bytes = config->intake.max_event_bytes;
  webhook.dead_letter_body_bytes = config->intake.dead_letter_body_bytes;
  webhook.agent = agent;
  webhook.catalogue = config->catalogue;
  Auth auth(config->http);
  return std::make_shared<const Settings>(
      Settings{std::move(config), std::move(auth), std::move(decode), std::move(webhook)});
}

http::Response not_found(std::string_view path) {
  return http::problem(404, "there is nothing at " + std::string(path) + "; GET / lists the paths");
}

}  // namespace

http::TlsOptions tls_options(const config::TlsConfig& config) {
  http::TlsOptions options;
  options.certificate = config.certificate;
  options.key = config.key;
  options.client_ca = config.client_ca;
  options.client_auth = config.client_auth == "required"   ? http::ClientAuth::kRequired
                        : config.client_auth == "optional" ? http::ClientAuth::kOptional
                                                           : http::ClientAuth::kNone;
  options.only_tls13 = config.min_version == "1.3";
  return options;
}

namespace {

MakeReader fleet_reader(fleet::Fleet* fleet) {
  if (fleet == nullptr) return {};
  return [fleet] { return fleet->reader(); };
}

}  // namespace

http::Options server_options(const config::HttpConfig& config) {
  http::Options options;
  options.listen = config.listen;
  options.max_body_bytes = config.max_body_bytes;
  options.max_header_bytes = config.max_header_bytes;
  options.max_headers = config.max_headers;
  options.max_connections = config.max_connections;
  options.max_pending_body_bytes = config.max_pending_body_bytes;
  options.header_timeout = config.header_timeout;
  options.body_timeout = config.body_timeout;
  options.idle_timeout = config.idle_timeout;
  options.tls = tls_options(config.tls);
  return options;
}

Router::Router(Context context)
    : context_(std::move(context)),
      request_prefix_(random_prefix()),
      pool_(context_.journal, kQueryThreads, kMaxWaitingQueries),
      slow_(context_.journal, 1, kMaxWaitingSlow),
      report_pool_(context_.journal, 1, kMaxWaitingReports, fleet_reader(context_.fleet)) {
  if (context_.fleet != nullptr)
    fleet_pool_ = std::make_unique<QueryPool>(context_.journal, context_.config->query.connections,
                                              kMaxWaitingQueries, fleet_reader(context_.fleet));
}

Router::~Router() = default;

void Router::attach(http::Server& server) {
  server_ = &server;
  Live::Options options;
  options.heartbeat = context_.config->http.stream_heartbeat;
  live_ = std::make_unique<Live>(options, context_.journal, pool_, server.poster());
  files_ = std::make_unique<CredentialFiles>(
      [this, post = server.poster()](const config::HttpConfig& http) {
        post([this, auth = std::make_shared<Auth>(http)] { apply_auth(std::move(*auth)); });
      });
  files_->watch(context_.config->http,
                [this] { apply(make_settings(context_.config, context_.agent)); });
}

void Router::reload(std::shared_ptr<const config::Config> config) {
  auto settings = make_settings(std::move(config), context_.agent);
  files_->watch(settings->config->http,
                [&] { server_->post([this, settings] { apply(settings); }); });
}

void Router::apply(std::shared_ptr<const Settings> settings) {
  decoder_.reset();
  settings_ = std::move(settings);
  decoder_.emplace(*settings_->config->catalogue, settings_->decode);
  live_->set_catalogue(settings_->config->catalogue);
  publishers_.configure(settings_->auth.publishers());
  ++generation_;
}

void Router::apply_auth(Auth auth) {
  settings_ = std::make_shared<const Settings>(
      Settings{settings_->config, std::move(auth), settings_->decode, settings_->webhook});
  publishers_.configure(settings_->auth.publishers());
  ++generation_;
}

std::optional<http::Response> Router::admit(http::Request& request) {
  request.admitted = generation_;
  const Match match = find_route(request.method, request.path);
  if (match.route == nullptr) {
    if (request.method == "OPTIONS" && (request.path == "*" || !match.allow.empty())) {
      return answer_options(request, match);
    }
    if (match.allow.empty()) return not_found(request.path);
    http::Response response = http::problem(
        405, std::string(request.method) + " is not for " + std::string(request.path));
    http::add_header(response, "Allow", match.allow);
    return response;
  }
  if (auto refused = authorise(request, *match.route)) {
    if (match.route->access == Access::kIngest) core::count(counters_.webhook.unauthorized);
    if (match.route->access == Access::kForward) core::count(counters_.forward.unauthorized);
    return refused;
  }
  if (match.route->action == Action::kForward) return admit_forward(request);
  const bool takes_events =
      match.route->action == Action::kPostEvents || match.route->action == Action::kPostTyped;
  return takes_events ? admit_post(request, match) : std::nullopt;
}

std::optional<http::Response> Router::answer_options(const http::Request& request,
                                                     const Match& match) {
  const Match post = find_route("POST", request.path);
  const bool takes_events =
      post.route != nullptr && (post.route->action == Action::kPostEvents ||
                                (post.route->action == Action::kPostTyped &&
                                 settings_->config->catalogue->find_endpoint(post.parameter)));
  if (takes_events) {
    if (auto answer = shake_hands(request, settings_->config->http.cloudevents, match.allow)) {
      return answer;
    }
  }
  http::Response response{.status = 204};
  http::add_header(response, "Allow",
                   request.path == "*" ? "GET, HEAD, POST, DELETE, OPTIONS" : match.allow);
  return response;
}

void Router::handle(http::Request& request, http::Reply reply) {
  // A reload while the body came may have taken away what the request was admitted by.
  if (request.admitted != generation_) {
    if (auto refused = admit(request)) return reply.send(std::move(*refused));
  }
  const Match match = find_route(request.method, request.path);
  if (!change_of(match.route->action).empty())
    return dispatch(request, told(request, match, std::move(reply)), match);
  dispatch(request, std::move(reply), match);
}

http::Reply Router::told(const http::Request& request, const Match& match, http::Reply reply) {
  const auto& config = settings_->config;
  const auto parameters = http::parse_query(request.query);
  const bool tried = parameters && std::ranges::any_of(*parameters, [](const auto& parameter) {
                       return parameter.first == "dry_run" && parameter.second != "false";
                     });
  if (!config->audit.enabled || !config->audit.agent_events || tried) return reply;
  audit::OwnEvent event{.action = change_of(match.route->action),
                        .actor = actor_of(request),
                        .target = std::string(request.path)};
  event.detail = "{";
  core::append_member(event.detail, "method", request.method);
  core::append_member(event.detail, "query", request.query);
  if (!request.body.empty())
    core::append_member(event.detail, "body_sha256", core::to_hex(core::sha256(request.body)));
  event.detail += "}";
  return told_reply(std::move(reply),
                    [this, event = std::move(event),
                     catalogue = config->catalogue](const std::function<void()>& then) {
                      audit::store_own_event(event, context_.agent, context_.clock.now(),
                                             *catalogue, context_.journal, then);
                    });
}

// As reports name who asked.
std::string Router::actor_of(const http::Request& request) const {
  std::string actor = publishers_.name_of(request.owner);
  if (actor == kNobody && request.client_verified) actor = request.client_name;
  return actor;
}

void Router::dispatch(http::Request& request, http::Reply reply, const Match& match) {
  switch (match.route->action) {
    case Action::kPostEvents:
      return post_events(request, std::move(reply), {});
    case Action::kPostTyped:
      return post_events(request, std::move(reply), match.parameter);
    case Action::kForward:
      return post_forward(request, std::move(reply));
    case Action::kListEvents:
    case Action::kListType:
    case Action::kListWorkload:
      return list_events(request, std::move(reply), match);
    case Action::kOneEvent:
      return one_event(std::move(reply), match);
    case Action::kDeliveries:
      return deliveries(std::move(reply), match);
    case Action::kDeadLetters:
      return dead_letters(request, std::move(reply));
    case Action::kDeadLetter:
      return dead_letter(std::move(reply), match);
    case Action::kRetryLetters:
      return retry_letters(request, std::move(reply));
    case Action::kRetryLetter:
      return retry_letter(std::move(reply), match);
    case Action::kPurgeLetters:
      return purge_letters(request, std::move(reply));
    case Action::kPurgeLetter:
      return purge_letter(std::move(reply), match);
    case Action::kNotifications:
      return notifications(request, std::move(reply));
    case Action::kPauseCollector:
      return pause_collector(std::move(reply), match, true);
    case Action::kResumeCollector:
      return pause_collector(std::move(reply), match, false);
    case Action::kReplay:
    case Action::kStartReplay:
    case Action::kCancelReplay:
      return replay(request, std::move(reply), match);
    case Action::kActiveAlerts:
    case Action::kAlertHistory:
    case Action::kAlertRules:
    case Action::kPostRules:
    case Action::kRemoveRules:
    case Action::kSilences:
    case Action::kPutSilence:
    case Action::kExpireSilence:
    case Action::kOneAlert:
      return alerts(request, std::move(reply), match);
    case Action::kSchedulingPerformance:
    case Action::kCostEfficiency:
    case Action::kSlaCompliance:
      return analytics(request, std::move(reply), match);
    case Action::kRollups:
    case Action::kRebuildRollups:
      return rollups(request, std::move(reply), match);
    case Action::kAuditReport:
      return audit_report(request, std::move(reply));
    case Action::kStream:
      return open_stream(request, std::move(reply));
    default:
      return reply.send(answer_now(match, request));
  }
}

}  // namespace kcloud::api
