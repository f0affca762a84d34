#include "config/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <set>
#include <stdexcept>
#include <tuple>

#include "config/credentials.h"
#include "config/instance.h"
#include "config/options.h"
#include "config/reader.h"
#include "config/redact.h"
#include "config/scalar.h"
#include "config/suggest.h"
#include "core/time.h"

namespace kcloud::config {
namespace {

const std::vector<std::string> kRoles{"ingest", "read", "admin"};
// `forward` goes to those alone who can be told apart: it gives ids to events.
const std::vector<std::string> kGivenRoles{"ingest", "read", "admin", "forward"};

struct Address {
  std::string host;
  std::uint16_t port = 0;
};

// `host:port`, `[v6]:port`.
std::optional<Address> parse_address(const std::string& listen) {
  const std::size_t colon = listen.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  std::string host = listen.substr(0, colon);
  const auto port = parse_whole(std::string_view(listen).substr(colon + 1));
  if (!port || *port > 65'535) return std::nullopt;
  if (host.starts_with('[') && host.ends_with(']'))
    host = host.substr(1, host.size() - 2);
  else if (host.find(':') != std::string::npos)
    return std::nullopt;
  if (host.empty()) return std::nullopt;
  return Address{host, static_cast<std::uint16_t>(*port)};
}

void read_agent(Section section, AgentConfig& agent) {
  visit_agent(Reader{section}, agent);
  if (agent.cluster.empty()) section.fail("cluster", "must not be empty");
  if (agent.data_dir.empty()) section.fail("data_dir", "must not be empty");
  try {
    core::Zone zone(agent.default_zone);
  } catch (const std::invalid_argument&) {
    section.fail("default_zone", "not a time zone of the system's database, such as Asia/Seoul");
  }
}

void read_roles(Section& section, std::string_view key, const std::vector<std::string>& known,
                std::vector<std::string>& roles) {
  section.read(key, roles);
  for (const auto& role : roles)
    if (std::find(known.begin(), known.end(), role) == known.end())
      section.fail(key, fmt::format("'{}' is no role{}; allowed: {}", role,
                                    did_you_mean(role, known), joined(known)));
}

// Whether a problem with the key's value was reported already: a missing variable, a wrong kind.
bool is_reported(const Section& section, std::string_view key, const Problems& problems) {
  const std::string mine = fmt::format("{}.{}", section.path(), key);
  const auto about = [&](const Problem& p) {
    return p.message.starts_with(mine) &&
           (p.message[mine.size()] == ':' || p.message[mine.size()] == '[');
  };
  return std::any_of(problems.begin(), problems.end(), about);
}

void check_quota(Section& section, std::string_view rate_key, std::string_view burst_key,
                 std::uint32_t rate, std::uint32_t burst) {
  if (burst > 0 && rate == 0)
    section.fail(burst_key, fmt::format("has no meaning without {}", rate_key));
}

// Tokens and signers share one space of names: metrics and logs go by it.
void check_name(Section& section, std::string_view what, const std::string& name,
                std::set<std::string>& names) {
  if (!is_instance_name(name))
    section.fail(
        "name", fmt::format("{} needs a name of letters, digits, - _ . (it stands in logs)", what));
  else if (name == "anonymous")
    section.fail("name", "'anonymous' stands for requests without a token");
  else if (!names.insert(name).second)
    section.fail("name", fmt::format("'{}' is the name of another token or signature", name));
}

struct Known {
  std::set<std::string> names;
  std::set<std::string> values;
};

TokenConfig read_token(Section& section, const Environment& environment, const Problems& problems,
                       Known& known) {
  TokenConfig token;
  visit_token(Reader{section}, token);
  read_roles(section, "roles", kGivenRoles, token.roles);
  check_name(section, "a token", token.name, known.names);
  check_quota(section, "max_events_per_s", "burst_events", token.quota.max_events_per_s,
              token.quota.burst_events);
  if (!section.has("token") && !section.has("token_file"))
    section.fail("", "a token needs `token` or `token_file`, for example token: ${KCLOUD_TOKEN}");
  if (token.roles.empty())
    section.fail("roles", fmt::format("a token needs at least one of {}", joined(kGivenRoles)));
  if (section.has("token") && !is_reported(section, "token", problems)) {
    const auto fault = token_fault(token.token.value);
    if (!fault.empty()) section.fail("token", fault);
    if (!token.token.empty() && !known.values.insert(token.token.value).second)
      section.fail("token", "the same as another token's");
  }
  if (section.has("token_file") && !is_reported(section, "token_file", problems)) {
    auto read = read_credentials(token, environment);
    if (!read.fault.empty()) section.fail("token_file", read.fault);
    token.file_tokens = std::move(read.values);
  }
  return token;
}

SignatureConfig read_signature(Section& section, const Environment& environment,
                               const Problems& problems, Known& known) {
  SignatureConfig signature;
  visit_signature(Reader{section}, signature);
  std::vector<std::string> secrets;
  section.read("secrets", secrets);
  check_name(section, "a signature", signature.name, known.names);
  check_quota(section, "max_events_per_s", "burst_events", signature.quota.max_events_per_s,
              signature.quota.burst_events);
  if (!section.has("scheme"))
    section.fail("", "a signature needs `scheme`: standard_webhooks or github");
  if (secrets.empty() && !section.has("secrets_file") && !is_reported(section, "secrets", problems))
    section.fail("", "a signature needs `secrets` or `secrets_file`");
  if (signature.scheme.empty() || is_reported(section, "secrets", problems)) return signature;
  for (std::size_t i = 0; i < secrets.size(); ++i) {
    if (const auto fault = secret_fault(signature.scheme, secrets[i]); !fault.empty())
      section.fail("secrets", fmt::format("secret {} {}", i + 1, fault));
    signature.secrets.push_back({std::move(secrets[i])});
  }
  if (section.has("secrets_file") && !is_reported(section, "secrets_file", problems)) {
    auto read = read_credentials(signature, environment);
    if (!read.fault.empty()) section.fail("secrets_file", read.fault);
    signature.file_secrets = std::move(read.values);
  }
  return signature;
}

void read_tls(Section section, TlsConfig& tls, const TlsCheck& check) {
  visit_tls(Reader{section}, tls);
  read_roles(section, "client_roles", kGivenRoles, tls.client_roles);
  if (tls.certificate.empty() != tls.key.empty())
    return section.fail(tls.key.empty() ? "certificate" : "key",
                        "`certificate` and `key` belong together: PEM files");
  const bool asks = tls.client_auth != "none";
  if (asks && tls.certificate.empty())
    section.fail("client_auth", "needs `certificate` and `key`: the listener speaks plain HTTP");
  if (asks && tls.client_ca.empty())
    section.fail("client_auth",
                 "needs `client_ca`, the authorities that clients' certificates "
                 "come from");
  if (!asks && !tls.client_ca.empty())
    section.fail("client_ca", "has no effect while `client_auth` is none; optional or required");
  if (!asks && !tls.client_roles.empty())
    section.fail("client_roles", "nobody gets them while `client_auth` is none");
  if (!check || tls.certificate.empty() || (asks && tls.client_ca.empty())) return;
  if (const auto problem = check(tls)) section.fail(problem->first, problem->second);
}

void read_cloudevents(Section section, CloudEventsConfig& cloudevents) {
  visit_cloudevents(Reader{section}, cloudevents);
  const auto fits = [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '.' || c == ':';
  };
  for (const auto& origin : cloudevents.allowed_origins) {
    const bool name = !origin.empty() && std::all_of(origin.begin(), origin.end(), fits);
    if (origin != "*" && !name)
      section.fail(
          "allowed_origins",
          fmt::format("'{}' is no DNS name, such as eventgrid.example, and not *", origin));
  }
}

void read_http(Section section, HttpConfig& http, const Environment& environment,
               const Problems& problems, const TlsCheck& check) {
  visit_http(Reader{section}, http);
  read_tls(section.section("tls"), http.tls, check);
  Known known;
  for (auto& entry : section.list("tokens"))
    http.tokens.push_back(read_token(entry, environment, problems, known));
  for (auto& entry : section.list("signatures"))
    http.signatures.push_back(read_signature(entry, environment, problems, known));
  check_quota(section, "anonymous_max_events_per_s", "anonymous_burst_events",
              http.anonymous_max_events_per_s, http.anonymous_burst_events);
  read_cloudevents(section.section("cloudevents"), http.cloudevents);
  http.anonymous_roles_set = section.has("anonymous_roles");
  read_roles(section, "anonymous_roles", kRoles, http.anonymous_roles);
  if (!parse_address(http.listen))
    section.fail("listen", "expected HOST:PORT, such as 127.0.0.1:8007 or [::]:8007");
  else if (const auto problem = settle_anonymous_roles(http); !problem.empty())
    section.fail("listen", problem);
}

// The plugin that `type` names; nullptr, after a problem, when there is none.
template <typename Plugin>
const Plugin* find_plugin(Section& section, const std::vector<Plugin>& plugins, std::string& type) {
  std::vector<std::string> types;
  types.reserve(plugins.size());
  for (const auto& plugin : plugins) types.push_back(plugin.type);
  section.read_choice("type", type, types);
  const auto plugin =
      std::find_if(plugins.begin(), plugins.end(), [&](const auto& p) { return p.type == type; });
  if (plugin != plugins.end()) return &*plugin;
  if (!section.has("type")) section.fail("", "needs `type`: one of " + joined(types));
  section.ignore_rest();
  return nullptr;
}

ExporterConfig read_exporter(const std::string& name, Section& section,
                             const std::vector<ExporterPlugin>& plugins) {
  ExporterConfig exporter;
  exporter.name = name;
  check_instance(section, "an exporter", name);
  const auto* plugin = find_plugin(section, plugins, exporter.type);
  if (plugin == nullptr) return exporter;
  exporter.required = plugin->required_by_default;
  exporter.delivery = plugin->delivery;
  section.read("enabled", exporter.enabled);
  section.read("required", exporter.required);
  visit_delivery(Reader{section}, exporter.delivery);
  check_backoff(section, exporter.delivery.backoff_initial, exporter.delivery.backoff_max);
  exporter.options = plugin->parse(section);
  return exporter;
}

CollectorConfig read_collector(const std::string& name, Section& section,
                               const std::vector<CollectorPlugin>& plugins) {
  CollectorConfig collector;
  collector.name = name;
  check_instance(section, "a collector", name);
  if (name == "webhook" || name == "import" || name == "forward")
    section.fail("", fmt::format("'{}' is the name of a collector that is always there", name));
  const auto* plugin = find_plugin(section, plugins, collector.type);
  if (plugin == nullptr) return collector;
  visit_collector(Reader{section}, collector);
  check_backoff(section, collector.backoff_initial, collector.backoff_max);
  collector.options = plugin->parse(section);
  return collector;
}

}  // namespace

bool is_loopback_host(std::string_view host) {
  const bool v4 = host.starts_with("127.") &&
                  host.find_first_not_of("0123456789.") == std::string_view::npos &&
                  std::count(host.begin(), host.end(), '.') == 3;
  return v4 || host == "::1" || host == "localhost";
}

bool is_loopback(const std::string& listen) {
  const auto address = parse_address(listen);
  return address && is_loopback_host(address->host);
}

std::string settle_anonymous_roles(HttpConfig& http) {
  if (http.anonymous_roles_set) return {};
  http.anonymous_roles.clear();
  if (!http.tokens.empty() || !http.signatures.empty() || !http.tls.client_roles.empty()) return {};
  if (!is_loopback(http.listen))
    return fmt::format(
        "{} is reachable from other machines and there are no tokens; name some under http.tokens, "
        "or allow it in so many words: http.anonymous_roles: [ingest, read]",
        http.listen);
  http.anonymous_roles = kRoles;
  return {};
}

// What a collector's map calls types must be types that publishers may send.
void check_types(Section& section, const CollectorConfig& collector, const Plugins& plugins,
                 const core::Catalogue& catalogue) {
  if (collector.options == nullptr) return;
  const auto plugin =
      std::find_if(plugins.collectors.begin(), plugins.collectors.end(),
                   [&](const CollectorPlugin& one) { return one.type == collector.type; });
  if (plugin == plugins.collectors.end()) return;
  const auto [key, types] = plugin->types(collector.options.get());
  for (const auto& [name, type] : types) {
    const auto* found = catalogue.find_endpoint(type);
    if (type.empty() || (found != nullptr && !found->reserved)) continue;
    section.fail(std::string(key), fmt::format("'{}' of '{}' is {}", type, name,
                                               found == nullptr ? no_event_type(type, catalogue)
                                                                : "reserved for the agent itself"));
  }
}

// A sink of sealed batches would wait for ever, and hold the journal.
void check_audit(std::vector<std::pair<std::string, Section>>& sections, const Config& config,
                 const Plugins& plugins) {
  for (std::size_t i = 0; i < sections.size(); ++i) {
    const ExporterConfig& exporter = config.exporters[i];
    const auto plugin =
        std::find_if(plugins.exporters.begin(), plugins.exporters.end(),
                     [&](const ExporterPlugin& one) { return one.type == exporter.type; });
    const bool needs = plugin != plugins.exporters.end() && plugin->needs_audit;
    if (needs && exporter.enabled && !config.audit.enabled)
      sections[i].second.fail(
          "type",
          fmt::format("{} stores sealed batches, and audit.enabled is false", exporter.type));
  }
}

Config parse_config(const std::string& text, const std::string& file, const Plugins& plugins,
                    const Environment& environment, Problems& problems, const TlsCheck& tls_check) {
  Problems mine;
  Config config;
  Section root = Section::parse(text, file, environment, mine);
  read_agent(root.section("agent"), config.agent);
  Section log = root.section("log");
  visit_log(Reader{log}, config.log);
  read_http(root.section("http"), config.http, environment, mine, tls_check);
  Section intake = root.section("intake");
  visit_intake(Reader{intake}, config.intake);
  check_unwrap(intake, config.intake.unwrap);
  auto redact = intake.list("redact");
  for (auto& rule : redact) config.intake.redact.push_back(read_redact(rule, mine));
  Section journal = root.section("journal");
  visit_journal(Reader{journal}, config.journal);
  Section audit = root.section("audit");
  visit_audit(Reader{audit}, config.audit);
  const std::string& webhook = config.audit.checkpoint_webhook;
  if (!webhook.empty() && !webhook.starts_with("http://") && !webhook.starts_with("https://"))
    audit.fail("checkpoint_webhook", "expected a URL, http://… or https://…");
  auto collectors = root.named("collectors");
  for (auto& [name, section] : collectors)
    config.collectors.push_back(read_collector(name, section, plugins.collectors));
  auto exporters = root.named("exporters");
  for (auto& [name, section] : exporters)
    config.exporters.push_back(read_exporter(name, section, plugins.exporters));
  check_audit(exporters, config, plugins);
  read_alerting(root.section("alerting"), config.alerting);
  read_analytics(root.section("analytics"), config.analytics);
  Section query = root.section("query");
  visit_query(Reader{query}, config.query);
  root.finish();
  config.catalogue = load_catalogue(config.intake.catalogue_files, environment, mine);
  if (config.catalogue != nullptr) {
    check_redact(redact, config.intake.redact, *config.catalogue);
    for (std::size_t i = 0; i < collectors.size(); ++i)
      check_types(collectors[i].second, config.collectors[i], plugins, *config.catalogue);
  }
  std::stable_sort(mine.begin(), mine.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.file, a.line, a.column) < std::tie(b.file, b.line, b.column);
  });
  if (mine.empty()) config.redaction = make_redaction(config);
  problems.insert(problems.end(), mine.begin(), mine.end());
  return config;
}

core::DecodeOptions decode_options(const Config& config) {
  core::DecodeOptions options;
  options.default_zone = core::Zone(config.agent.default_zone);
  options.accept_unknown_types = config.intake.accept_unknown_types;
  options.max_future = config.intake.max_future;
  options.max_age = config.intake.max_age;
  options.max_event_bytes = config.intake.max_event_bytes;
  // For the exporters, the rules and the rollups, which get them from the journal's writer.
  options.keep_fields = config.alerting.enabled || config.analytics.enabled ||
                        std::ranges::any_of(config.exporters, &ExporterConfig::enabled);
  options.unwrap = config.intake.unwrap;
  options.redaction = config.redaction;
  return options;
}

core::DecodeOptions stored_options(const Config& config) {
  core::DecodeOptions options = decode_options(config);
  options.keep_fields = true;
  options.max_event_bytes = 64 * kMiB;
  options.max_age = options.max_future = 36'600 * kDay;
  return options;
}

Config default_config(const Plugins& plugins) {
  Environment none{[](const std::string&) { return std::nullopt; },
                   [](const std::string&) { return std::nullopt; }};
  Problems problems;
  Config config = parse_config("", "(built-in)", plugins, none, problems);
  if (!problems.empty()) throw std::logic_error(problems.front().to_string());
  return config;
}

}  // namespace kcloud::config
