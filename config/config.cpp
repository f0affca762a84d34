#include "config/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <stdexcept>
#include <tuple>

#include "config/options.h"
#include "config/scalar.h"
#include "config/suggest.h"
#include "core/time.h"

namespace kcloud::config {
namespace {

constexpr std::size_t kShortestToken = 16;
const std::vector<std::string> kRoles{"ingest", "read", "admin"};

struct Reader {
  Section& section;

  template <typename T>
  void operator()(std::string_view key, T& target) const {
    section.read(key, target);
  }
  template <typename T>
  void operator()(std::string_view key, T& target, T min, T max) const {
    section.read(key, target, min, max);
  }
  void choice(std::string_view key, std::string& target,
              const std::vector<std::string>& allowed) const {
    section.read_choice(key, target, allowed);
  }
};

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

bool is_instance_name(const std::string& name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), fits);
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

void read_roles(Section& section, std::string_view key, std::vector<std::string>& roles) {
  section.read(key, roles);
  for (const auto& role : roles)
    if (std::find(kRoles.begin(), kRoles.end(), role) == kRoles.end())
      section.fail(key, fmt::format("'{}' is no role{}; allowed: {}", role,
                                    did_you_mean(role, kRoles), joined(kRoles)));
}

TokenConfig read_token(Section& section) {
  TokenConfig token;
  section.read("name", token.name);
  section.read("token", token.token);
  read_roles(section, "roles", token.roles);
  if (!is_instance_name(token.name))
    section.fail("name", "a token needs a name of letters, digits, - _ . (it stands in logs)");
  if (!section.has("token"))
    section.fail("", "a token needs `token`, for example token: ${KCLOUD_TOKEN}");
  if (token.roles.empty())
    section.fail("roles", fmt::format("a token needs at least one of {}", joined(kRoles)));
  return token;
}

void check_token(Section& section, const TokenConfig& token, const Problems& problems) {
  // A token whose variable is missing was reported already.
  const std::string mine = section.path() + ".token:";
  const auto reported = [&](const Problem& p) { return p.message.starts_with(mine); };
  if (!section.has("token") || std::any_of(problems.begin(), problems.end(), reported)) return;
  if (token.token.value.size() < kShortestToken)
    section.fail("token", fmt::format("must have at least {} characters, for example from "
                                      "`openssl rand -hex 24`",
                                      kShortestToken));
  const auto printable = [](unsigned char c) { return c > 0x20 && c < 0x7F; };
  if (!std::all_of(token.token.value.begin(), token.token.value.end(), printable))
    section.fail("token", "must be printable ASCII without blanks, as it stands in a header");
}

void read_tls(Section section, TlsConfig& tls, const TlsCheck& check) {
  visit_tls(Reader{section}, tls);
  read_roles(section, "client_roles", tls.client_roles);
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

void read_http(Section section, HttpConfig& http, const Problems& problems, const TlsCheck& check) {
  visit_http(Reader{section}, http);
  read_tls(section.section("tls"), http.tls, check);
  std::set<std::string> names, values;
  for (auto& entry : section.list("tokens")) {
    TokenConfig token = read_token(entry);
    check_token(entry, token, problems);
    if (!names.insert(token.name).second && !token.name.empty())
      entry.fail("name", fmt::format("'{}' is the name of another token", token.name));
    if (!values.insert(token.token.value).second && !token.token.empty())
      entry.fail("token", "the same as another token's");
    http.tokens.push_back(std::move(token));
  }
  http.anonymous_roles_set = section.has("anonymous_roles");
  read_roles(section, "anonymous_roles", http.anonymous_roles);
  if (!parse_address(http.listen))
    section.fail("listen", "expected HOST:PORT, such as 127.0.0.1:8007 or [::]:8007");
  else if (const auto problem = settle_anonymous_roles(http); !problem.empty())
    section.fail("listen", problem);
}

ExporterConfig read_exporter(const std::string& name, Section& section,
                             const std::vector<ExporterPlugin>& plugins) {
  ExporterConfig exporter;
  exporter.name = name;
  if (!is_instance_name(name))
    section.fail("", "an exporter's name has letters, digits, - _ . and at most 64 of them");
  std::vector<std::string> types;
  types.reserve(plugins.size());
  for (const auto& plugin : plugins) types.push_back(plugin.type);
  section.read_choice("type", exporter.type, types);
  const auto plugin = std::find_if(plugins.begin(), plugins.end(),
                                   [&](const auto& p) { return p.type == exporter.type; });
  if (plugin == plugins.end()) {
    if (!section.has("type")) section.fail("", "needs `type`: one of " + joined(types));
    section.ignore_rest();
    return exporter;
  }
  exporter.required = plugin->required_by_default;
  section.read("enabled", exporter.enabled);
  section.read("required", exporter.required);
  visit_delivery(Reader{section}, exporter.delivery);
  if (exporter.delivery.backoff_max < exporter.delivery.backoff_initial)
    section.fail("backoff_max", "smaller than backoff_initial");
  exporter.options = plugin->parse(section);
  return exporter;
}

}  // namespace

bool is_loopback(const std::string& listen) {
  const auto address = parse_address(listen);
  if (!address) return false;
  const std::string& host = address->host;
  const bool v4 = host.starts_with("127.") &&
                  host.find_first_not_of("0123456789.") == std::string::npos &&
                  std::count(host.begin(), host.end(), '.') == 3;
  return v4 || host == "::1" || host == "localhost";
}

std::string settle_anonymous_roles(HttpConfig& http) {
  if (http.anonymous_roles_set) return {};
  http.anonymous_roles.clear();
  if (!http.tokens.empty() || !http.tls.client_roles.empty()) return {};
  if (!is_loopback(http.listen))
    return fmt::format(
        "{} is reachable from other machines and there are no tokens; name some under http.tokens, "
        "or allow it in so many words: http.anonymous_roles: [ingest, read]",
        http.listen);
  http.anonymous_roles = kRoles;
  return {};
}

Config parse_config(const std::string& text, const std::string& file,
                    const std::vector<ExporterPlugin>& plugins, const Environment& environment,
                    Problems& problems, const TlsCheck& tls_check) {
  Problems mine;
  Config config;
  Section root = Section::parse(text, file, environment, mine);
  read_agent(root.section("agent"), config.agent);
  Section log = root.section("log");
  visit_log(Reader{log}, config.log);
  read_http(root.section("http"), config.http, mine, tls_check);
  Section intake = root.section("intake");
  visit_intake(Reader{intake}, config.intake);
  Section journal = root.section("journal");
  visit_journal(Reader{journal}, config.journal);
  for (auto& [name, section] : root.named("exporters"))
    config.exporters.push_back(read_exporter(name, section, plugins));
  root.finish();
  config.catalogue = load_catalogue(config.intake.catalogue_files, environment, mine);
  std::stable_sort(mine.begin(), mine.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.file, a.line, a.column) < std::tie(b.file, b.line, b.column);
  });
  problems.insert(problems.end(), mine.begin(), mine.end());
  return config;
}

Config default_config(const std::vector<ExporterPlugin>& plugins) {
  Environment none{[](const std::string&) { return std::nullopt; },
                   [](const std::string&) { return std::nullopt; }};
  Problems problems;
  Config config = parse_config("", "(built-in)", plugins, none, problems);
  if (!problems.empty()) throw std::logic_error(problems.front().to_string());
  return config;
}

}  // namespace kcloud::config
