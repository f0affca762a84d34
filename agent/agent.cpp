#include "agent/agent.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "agent/api/replays.h"
#include "agent/audit/own_event.h"
#include "agent/exit_code.h"
#include "agent/logging.h"
#include "agent/plugins.h"
#include "core/json.h"

namespace kcloud::agent {

namespace {

void log_open_report(const journal::OpenReport& report) {
  if (report.lost_events > 0) {
    spdlog::error("journal: {}", report.detail);
  } else if (!report.detail.empty()) {
    spdlog::warn("journal: {}", report.detail);
  }
}

// Options that a running agent cannot change stay as they are; those that a reload tried to change
// are named.
class RunningOptions {
 public:
  template <typename Value>
  void keep(const char* name, const Value& now, Value& wanted) {
    if (wanted == now) return;
    wanted = now;
    if (names_.ends_with(name)) return;
    names_ += (names_.empty() ? "" : ", ") + std::string(name);
  }
  const std::string& names() const { return names_; }

 private:
  std::string names_;
};

std::string keep_running(const config::Config& now, config::Config& wanted) {
  RunningOptions running;
  running.keep("agent.name", now.agent.name, wanted.agent.name);
  running.keep("agent.data_dir", now.agent.data_dir, wanted.agent.data_dir);
  // What requests without a token may do goes by the listener's address: it is settled afterwards.
  running.keep("http.listen", now.http.listen, wanted.http.listen);
  const config::TlsConfig& tls = now.http.tls;
  config::TlsConfig& tls_wanted = wanted.http.tls;
  running.keep("http.tls", tls.certificate, tls_wanted.certificate);
  running.keep("http.tls", tls.key, tls_wanted.key);
  running.keep("http.tls", tls.client_ca, tls_wanted.client_ca);
  running.keep("http.tls", tls.client_auth, tls_wanted.client_auth);
  running.keep("http.tls", tls.min_version, tls_wanted.min_version);
  const auto limit = [&](auto config::HttpConfig::*member) {
    running.keep("http limits", now.http.*member, wanted.http.*member);
  };
  limit(&config::HttpConfig::max_connections);
  limit(&config::HttpConfig::max_header_bytes);
  limit(&config::HttpConfig::max_headers);
  limit(&config::HttpConfig::max_body_bytes);
  limit(&config::HttpConfig::max_pending_body_bytes);
  limit(&config::HttpConfig::header_timeout);
  limit(&config::HttpConfig::body_timeout);
  limit(&config::HttpConfig::idle_timeout);
  limit(&config::HttpConfig::stream_heartbeat);
  const auto journal = [&](auto config::JournalConfig::*member) {
    running.keep("journal", now.journal.*member, wanted.journal.*member);
  };
  journal(&config::JournalConfig::max_bytes);
  journal(&config::JournalConfig::max_age);
  journal(&config::JournalConfig::dedup_horizon);
  journal(&config::JournalConfig::queue_bytes);
  journal(&config::JournalConfig::group_events);
  journal(&config::JournalConfig::group_wait);
  journal(&config::JournalConfig::max_dead_letters);
  journal(&config::JournalConfig::dead_letter_max_age);
  journal(&config::JournalConfig::max_notifications);
  journal(&config::JournalConfig::notification_max_age);
  const auto audit = [&](auto config::AuditConfig::*member) {
    running.keep("audit", now.audit.*member, wanted.audit.*member);
  };
  audit(&config::AuditConfig::enabled);
  audit(&config::AuditConfig::batch_events);
  audit(&config::AuditConfig::batch_wait);
  audit(&config::AuditConfig::heartbeat);
  audit(&config::AuditConfig::checkpoint_interval);
  audit(&config::AuditConfig::checkpoint_file);
  running.keep("query", now.query, wanted.query);
  return running.names();
}

// An event type file or a rule that reads as before is the same: what uses it need not start again.
void keep_catalogue(const config::Config& now, config::Config& wanted) {
  if (!(*now.catalogue == *wanted.catalogue)) return;
  wanted.catalogue = now.catalogue;
  if (now.intake.redact == wanted.intake.redact) wanted.redaction = now.redaction;
}

// Names of sections, and `event_types`, as a JSON array. What is secret is not looked at.
std::string changed_sections(const config::Config& before, const config::Config& after) {
  const auto was = core::json_members(config::show_config(before, plugins()));
  const auto is = core::json_members(config::show_config(after, plugins()));
  std::string out = "[";
  const auto add = [&](std::string_view name) {
    core::append_comma(out);
    core::append_json_string(out, name);
  };
  for (std::size_t i = 0; i < is.size(); ++i)
    if (i >= was.size() || was[i] != is[i]) add(is[i].first);
  if (before.catalogue != after.catalogue) add("event_types");
  return out + "]";
}

sigset_t handled_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  return signals;
}

void greet(const Agent& agent, const config::Config& config) {
  spdlog::info("kcloud-logger {} is ready on {}://{}, data in {}", KCLOUD_VERSION,
               config.http.tls.certificate.empty() ? "http" : "https", agent.address(),
               std::filesystem::absolute(config.agent.data_dir).lexically_normal().string());
  if (config.exporters.empty()) {
    spdlog::info("no exporters are configured: events are kept, queryable and streamed here only");
  }
}

}  // namespace

Agent::Agent(Overrides overrides, std::shared_ptr<const config::Config> config)
    : overrides_(std::move(overrides)), config_(std::move(config)) {
  journal_ = std::make_unique<journal::Journal>(journal_options(*config_), clock_);
  log_open_report(journal_->open_report());
  if (config_->audit.enabled) {
    const std::filesystem::path directory = config_->agent.data_dir;
    checkpoints_ = std::make_unique<audit::Checkpoints>(
        audit::CheckpointOptions{directory, directory / config_->audit.checkpoint_file,
                                 config_->audit.checkpoint_interval, agent_name(config_->agent),
                                 config_->audit.checkpoint_webhook,
                                 config_->audit.checkpoint_webhook_token.value},
        *journal_, clock_);
  }
  alerting_ = std::make_unique<alerting::Alerting>(*journal_, clock_, agent_name(config_->agent));
  analytics_ = std::make_unique<analytics::Analytics>(*journal_, clock_);
  if (config_->query.fleet()) fleet_ = std::make_unique<fleet::Fleet>(config_->query);
  exporters_ = std::make_unique<ExporterSet>(*journal_, clock_);
  collectors_ = std::make_unique<CollectorSet>(*journal_, clock_);
  replays_ = std::make_unique<delivery::Replays>(
      *journal_, clock_,
      [this](const std::string& name) { return api::replay_sink(exporters_->views(), name); });
  router_ = std::make_unique<api::Router>(api::Context{
      config_, [](const config::Config& shown) { return config::show_config(shown, plugins()); },
      *journal_, [this] { return exporters_->views(); }, clock_, ready_, KCLOUD_VERSION,
      agent_name(config_->agent), [this] { return collectors_->views(); },
      [this](const std::string& name, bool paused) { return collectors_->pause(name, paused); },
      replays_.get(), recall, [this] { return alerting_->notifiers(); }, analytics_.get(),
      alerting_.get(), fleet_.get()});
  server_ = std::make_unique<http::Server>(api::server_options(config_->http), *router_);
  router_->attach(*server_);
}

Agent::~Agent() { stop(); }

// What reads the journal and what fills it, as the configuration has them now.
void Agent::start_parts() {
  auto feed = std::make_unique<delivery::LiveFeed>(*journal_, config_);
  alerting_->start(config_, feed->events());
  analytics_->start(config_, feed->events());
  exporters_->start(config_, feed->events());
  feed_ = std::move(feed);
  collectors_->start(config_);
}

void Agent::tell(std::string_view action, const std::string& detail) {
  if (!config_->audit.enabled || !config_->audit.agent_events) return;
  const auto agent = agent_name(config_->agent);
  audit::store_own_event({action, audit::process_user(), agent, detail}, agent, clock_.now(),
                         *config_->catalogue, *journal_);
}

void Agent::start() {
  start_parts();
  std::string detail = "{";
  core::append_member(detail, "version", KCLOUD_VERSION);
  core::append_key(detail, "last_stop");
  detail += journal_->open_report().unclean ? R"("unclean"})" : R"("clean"})";
  tell("agent_started", detail);
  server_->start();
  ready_ = true;
}

void Agent::reload() {
  config::Problems problems;
  auto wanted = std::make_shared<config::Config>(load(overrides_, problems));
  if (!problems.empty()) {
    for (const auto& problem : problems) spdlog::error("reload: {}", problem.to_string());
    spdlog::error("reload: the configuration was not changed, {} problems", problems.size());
    return;
  }
  if (const auto names = keep_running(*config_, *wanted); !names.empty()) {
    spdlog::warn("reload: only a restart changes {}", names);
  }
  if (const auto problem = config::settle_anonymous_roles(wanted->http); !problem.empty()) {
    spdlog::error("reload: the configuration was not changed: {}", problem);
    return;
  }
  keep_catalogue(*config_, *wanted);
  set_up_logging(wanted->log);
  const auto changed = changed_sections(*config_, *wanted);
  config_ = std::move(wanted);
  router_->reload(config_);
  start_parts();
  server_->reload_tls();
  tell("configuration_reloaded", fmt::format(R"({{"changed":{}}})", changed));
  spdlog::info("reload: the new configuration is in force");
}

void Agent::stop() {
  if (server_ == nullptr) return;
  ready_ = false;
  // Half of the time for requests, the rest for deliveries, but for the second that an interruption
  // may take.
  const auto timeout = config_->agent.shutdown_timeout;
  const auto deadline = std::chrono::steady_clock::now() + timeout -
                        std::min(timeout / 2, std::chrono::milliseconds(1500));
  server_->stop(timeout / 2);
  tell("agent_stopped", {});
  if (fleet_) fleet_->interrupt();
  collectors_->stop();
  replays_->stop();
  alerting_->stop(deadline);
  analytics_->stop();
  exporters_->stop(deadline);
  feed_.reset();
  checkpoints_.reset();
  journal_->close();
  server_.reset();
  router_.reset();
}

int run(const Overrides& overrides) {
  config::Problems problems;
  auto config = std::make_shared<const config::Config>(load(overrides, problems, check_tls));
  if (!problems.empty()) {
    for (const auto& problem : problems) fmt::print(stderr, "{}\n", problem.to_string());
    return kExitBadConfiguration;
  }
  set_up_logging(config->log);
  // Blocked before any thread starts, so that only sigwait below takes them.
  const sigset_t signals = handled_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  try {
    Agent agent(overrides, config);
    agent.start();
    greet(agent, *config);
    int signal = SIGHUP;
    while (sigwait(&signals, &signal) == 0 && signal == SIGHUP) agent.reload();
    spdlog::info("stopping");
    agent.stop();
    spdlog::info("stopped");
    return 0;
  } catch (const std::exception& error) {
    spdlog::critical("cannot run: {}", error.what());
    return kExitFailed;
  }
}

}  // namespace kcloud::agent
