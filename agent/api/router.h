// The agent's routes: who may call them, and what they answer.
//
//   api::Router router(context);
//   http::Server server(options, router);
//   router.attach(server);
//   server.start();
//   …
//   server.stop(timeout);  // before the router, and the router before the journal
//
// handle() runs on the server's I/O thread: posts are decoded there and answered after the commit,
// queries go to a pool. reload() may be called from any thread.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "agent/api/context.h"
#include "agent/api/credential_files.h"
#include "agent/api/live.h"
#include "agent/api/metrics.h"
#include "agent/api/pool.h"
#include "agent/api/publishers.h"
#include "agent/api/routes.h"
#include "agent/http/server.h"
#include "agent/http/url.h"
#include "collectors/webhook/answer.h"

namespace kcloud::alerting {
struct View;
}

namespace kcloud::api {

// The server's options as the configuration has them.
http::Options server_options(const config::HttpConfig& config);
http::TlsOptions tls_options(const config::TlsConfig& config);

// What a configuration means for the routes; immutable, shared by requests under way.
struct Settings {
  std::shared_ptr<const config::Config> config;
  Auth auth;
  core::DecodeOptions decode;
  webhook::Settings webhook;
};

class Router final : public http::Handler {
 public:
  explicit Router(Context context);
  ~Router() override;

  void attach(http::Server& server);  // before the server starts
  void reload(std::shared_ptr<const config::Config> config);
  const ApiCounters& counters() const { return counters_; }

  std::optional<http::Response> admit(http::Request& request) override;
  void handle(http::Request& request, http::Reply reply) override;

 private:
  struct Post;

  void apply(std::shared_ptr<const Settings> settings);
  void apply_auth(Auth auth);
  std::optional<http::Response> authorise(http::Request& request, const Route& route);
  // Whose post it is and, when signed, its key; or the answer that refuses it.
  std::optional<http::Response> check_signature(const http::Request& request, Publisher*& publisher,
                                                std::string_view& key);
  // Over its quota: 429. Before a request is read, as far as that can be known then.
  std::optional<http::Response> refuse_unread(Publisher& publisher);
  std::optional<http::Response> charge(Publisher& publisher, std::size_t events);
  http::Response throttle(Publisher& publisher, std::chrono::seconds wait);
  std::optional<http::Response> admit_post(const http::Request& request, const Match& match);
  std::optional<http::Response> answer_options(const http::Request& request, const Match& match);
  http::Response refuse_post(const webhook::Problem& problem);
  http::Response answer_now(const Match& match, const http::Request& request);

  void post_events(http::Request& request, http::Reply reply, std::string_view type);
  void post_forward(http::Request& request, http::Reply reply);
  // Stores what was decoded; finish_post() answers it.
  void take(webhook::Post& post, const http::Request& request, http::Reply reply,
            Publisher& publisher);
  void store(std::shared_ptr<Post> post, std::unique_ptr<core::Intake> intake);
  void finish_post(Post& post);
  std::optional<http::Response> admit_forward(const http::Request& request);
  void list_events(const http::Request& request, http::Reply reply, const Match& match);
  void one_event(http::Reply reply, const Match& match);
  void deliveries(http::Reply reply, const Match& match);
  void dead_letters(const http::Request& request, http::Reply reply);
  void dead_letter(http::Reply reply, const Match& match);
  void retry_letters(const http::Request& request, http::Reply reply);
  void retry_letter(http::Reply reply, const Match& match);
  void purge_letters(const http::Request& request, http::Reply reply);
  void purge_letter(http::Reply reply, const Match& match);
  void notifications(const http::Request& request, http::Reply reply);
  void alerts(http::Request& request, http::Reply reply, const Match& match);
  void one_alert(http::Reply reply, const std::string& fingerprint,
                 std::shared_ptr<const alerting::View> view);
  void alert_history(http::Reply reply, const http::Parameters& parameters);
  void change_rules(http::Request& request, http::Reply reply, const Match& match,
                    const std::string& group, const http::Parameters& parameters);
  void change_silences(http::Request& request, http::Reply reply, const Match& match,
                       const std::string& id);
  void analytics(const http::Request& request, http::Reply reply, const Match& match);
  void rollups(const http::Request& request, http::Reply reply, const Match& match);
  void audit_report(const http::Request& request, http::Reply reply);
  void open_stream(const http::Request& request, http::Reply reply);
  void pause_collector(http::Reply reply, const Match& match, bool paused);
  void replay(const http::Request& request, http::Reply reply, const Match& match);
  // Of a request that changes something: what it did becomes an event before it is answered.
  std::string actor_of(const http::Request& request) const;
  void dispatch(http::Request& request, http::Reply reply, const Match& match);
  http::Reply told(const http::Request& request, const Match& match, http::Reply reply);
  using Query = std::function<http::Response(Worker&)>;
  void query(http::Reply reply, Query job);
  // From the journal or, when there is one, from the database of all agents.
  void ask(http::Reply reply, Query job);
  // One after the other, on a thread of its own: what may wait for seconds for something else than
  // the disk.
  void slow_query(http::Reply reply, Query job);
  // A job that waited longer than `patience` for a thread is not done.
  static void submit(QueryPool& pool, http::Reply reply, Query job, const char* trouble,
                     std::optional<std::chrono::milliseconds> patience = {});

  http::Response index() const;
  http::Response schemas() const;
  http::Response schema(const Match& match) const;
  http::Response collectors() const;
  http::Response health(const http::Request& request) const;
  http::Response ready() const;
  http::Response metrics() const;

  Context context_;
  ApiCounters counters_;
  std::shared_ptr<const Settings> settings_;  // I/O thread, once the server runs
  std::uint64_t generation_ = 0;              // of settings_
  std::optional<core::Decoder> decoder_;      // of settings_
  Publishers publishers_;
  webhook::Workspace workspace_;
  std::string request_prefix_;
  std::uint64_t requests_ = 0;
  http::Server* server_ = nullptr;
  std::unique_ptr<Live> live_;  // outlives the pool, whose jobs read for it
  std::shared_ptr<std::atomic<int>> reports_ = std::make_shared<std::atomic<int>>(0);  // being made
  QueryPool pool_;
  QueryPool slow_;
  std::unique_ptr<QueryPool> fleet_pool_;  // its threads may wait for a server
  QueryPool report_pool_;  // apart from slow_: verifying a long chain takes a minute
  std::unique_ptr<CredentialFiles> files_;  // last: its thread ends first
};

}  // namespace kcloud::api
