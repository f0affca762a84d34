#include "agent/startup.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <limits>
#include <sstream>

#include "agent/analytics/objectives.h"
#include "agent/api/router.h"
#include "agent/fleet/fleet.h"
#include "agent/plugins.h"

namespace kcloud::agent {

config::Config load(const Overrides& overrides, config::Problems& problems,
                    const config::TlsCheck& tls_check) {
  std::string text;
  std::string file = "built-in defaults";
  if (!overrides.config_file.empty()) {
    file = overrides.config_file;
    std::ifstream stream(file);
    std::ostringstream content;
    content << stream.rdbuf();
    if (!stream) {
      problems.push_back({file, 0, 0,
                          std::string("cannot read the configuration: ") + std::strerror(errno) +
                              ". Hint: name it with --config"});
      return {};
    }
    text = content.str();
  }
  config::Config config = config::parse_config(text, file, plugins(), config::Environment::system(),
                                               problems, tls_check);
  if (config.catalogue != nullptr)
    analytics::read_objectives(config.analytics, *config.catalogue, file, problems);
  if (config.query.fleet()) fleet::check(config.query, file, problems);
  if (!overrides.data_dir.empty()) config.agent.data_dir = overrides.data_dir;
  if (!overrides.listen.empty()) {
    config.http.listen = overrides.listen;
    if (auto problem = config::settle_anonymous_roles(config.http); !problem.empty()) {
      problems.push_back({"--listen", 0, 0, std::move(problem)});
    }
  }
  return config;
}

std::optional<std::pair<std::string, std::string>> check_tls(const config::TlsConfig& tls) {
  const auto problem = http::load_tls(api::tls_options(tls)).problem;
  if (!problem) return std::nullopt;
  return std::pair(problem->option, problem->message);
}

journal::Options journal_options(const config::Config& config) {
  journal::Options options;
  options.directory = config.agent.data_dir;
  options.max_bytes = config.journal.max_bytes;
  options.max_age = config.journal.max_age;
  options.dedup_horizon = config.journal.dedup_horizon;
  options.max_dead_letters = config.journal.max_dead_letters;
  options.dead_letter_max_age = config.journal.dead_letter_max_age;
  options.max_notifications = config.journal.max_notifications;
  options.notification_max_age = config.journal.notification_max_age;
  options.queue_bytes = config.journal.queue_bytes;
  options.group_events = config.journal.group_events;
  options.group_wait = config.journal.group_wait;
  options.seals.enabled = config.audit.enabled;
  options.seals.batch_events = config.audit.batch_events;
  options.seals.batch_wait = config.audit.batch_wait;
  options.seals.heartbeat = config.audit.heartbeat;
  for (const auto& exporter : config.exporters) {
    if (exporter.enabled && exporter.required)
      options.required.push_back("exporter:" + exporter.name);
  }
  return options;
}

config::Config load_or_throw(const Overrides& overrides) {
  config::Problems problems;
  config::Config config = load(overrides, problems);
  if (problems.empty()) return config;
  std::string text;
  for (const auto& problem : problems) text += (text.empty() ? "" : "\n") + problem.to_string();
  throw BadConfiguration(text);
}

journal::Options unlimited_journal(const std::string& data_dir) {
  constexpr std::chrono::hours kCentury{24 * 36'500};
  journal::Options options;
  options.directory = data_dir;
  options.max_bytes = std::numeric_limits<std::uint64_t>::max();
  options.max_age = kCentury;
  options.dedup_horizon = kCentury;
  options.max_dead_letters = std::numeric_limits<std::uint32_t>::max();
  options.dead_letter_max_age = kCentury;
  options.max_notifications = std::numeric_limits<std::uint32_t>::max();
  options.notification_max_age = kCentury;
  return options;
}

journal::Options command_journal(const Overrides& overrides, const config::Config& config) {
  return overrides.config_file.empty() ? unlimited_journal(config.agent.data_dir)
                                       : journal_options(config);
}

std::string agent_name(const config::AgentConfig& config) {
  if (!config.name.empty()) return config.name;
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0 || host[0] == '\0') return "kcloud-logger";
  return host.data();
}

}  // namespace kcloud::agent
