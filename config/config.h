// The agent's configuration as plain structs. A default stands at its field;
// config/kcloud-logger.yaml documents each and a test keeps the two equal.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/alerting.h"
#include "config/analytics.h"
#include "config/yaml.h"
#include "core/catalogue.h"
#include "core/decode.h"

namespace kcloud::core {
class Redaction;
}

namespace kcloud::config {

using std::chrono::milliseconds;

struct AgentConfig {
  std::string name;                         // empty: the host's name
  std::string cluster = "default";          // label `agent_cluster`
  std::string data_dir = "data";            // relative to the working directory
  std::string default_zone = "Asia/Seoul";  // for timestamps without an offset
  std::map<std::string, std::string> tags;  // added to every InfluxDB point
  milliseconds shutdown_timeout{10'000};
};

struct LogConfig {
  std::string level = "info";   // trace, debug, info, warn, error
  std::string format = "auto";  // auto: text on a terminal, else json
};

enum class Role : std::uint8_t { kIngest, kRead, kAdmin };

// How many events a publisher may post; 0 events a second: any number.
struct QuotaConfig {
  std::uint32_t max_events_per_s = 0;
  std::uint32_t burst_events = 0;  // at once; 0: what a second brings
};

struct TokenConfig {
  std::string name;
  Secret token;
  std::vector<std::string> roles;  // ingest, read, admin
  std::string token_file = {};     // one token a line, beside `token`; read again when it changes
  QuotaConfig quota = {};
  std::vector<Secret> file_tokens = {};  // what token_file held
};

// One who signs posts instead of sending a token; any of the secrets may have been used.
struct SignatureConfig {
  std::string name;
  std::string scheme;  // standard_webhooks, github
  std::vector<Secret> secrets;
  std::string secrets_file;  // one secret a line, beside `secrets`; read again when it changes
  milliseconds tolerance{300'000};  // between the signature's time and the clock
  QuotaConfig quota;
  std::vector<Secret> file_secrets;  // what secrets_file held
};

// The handshake of the CloudEvents webhook specification.
struct CloudEventsConfig {
  std::vector<std::string> allowed_origins;  // DNS names, or `*`; others are granted nothing
  std::uint32_t allowed_rate = 0;            // requests a minute that are granted; 0: any
};

// The listener speaks TLS when it has a certificate. Paths of PEM files.
struct TlsConfig {
  std::string certificate;  // with the intermediate ones behind it; empty: plain HTTP
  std::string key;
  std::string client_ca;
  std::string client_auth = "none";       // none, optional, required
  std::vector<std::string> client_roles;  // of clients with a verified certificate
  std::string min_version = "1.2";        // 1.2, 1.3
};

struct HttpConfig {
  std::string listen = "127.0.0.1:8007";
  std::vector<TokenConfig> tokens;
  std::vector<SignatureConfig> signatures;
  // Roles of requests without a token; see settle_anonymous_roles.
  std::vector<std::string> anonymous_roles;
  bool anonymous_roles_set = false;
  std::uint32_t anonymous_max_events_per_s = 0;  // of all requests without a token together
  std::uint32_t anonymous_burst_events = 0;
  std::uint64_t max_body_bytes = 8 << 20;  // after decompression
  std::uint32_t max_header_bytes = 16 << 10;
  std::uint32_t max_headers = 100;
  std::uint32_t max_connections = 2048;
  std::uint32_t max_events_per_request = 20'000;
  std::uint64_t max_pending_body_bytes = 64 << 20;  // all request bodies in memory; beyond: 503
  milliseconds header_timeout{10'000};
  milliseconds body_timeout{30'000};
  milliseconds idle_timeout{75'000};
  std::uint32_t max_stream_clients = 1000;
  milliseconds stream_heartbeat{15'000};
  CloudEventsConfig cloudevents;
  TlsConfig tls;
};

// A rule of intake.redact; config/redact.cpp makes core::RedactRule of it.
struct RedactConfig {
  std::string name;        // for the metric; empty: its place in the list, from 1
  std::string type = "*";  // name or alias; `*`: every type
  std::string path;
  std::string action;           // drop, mask, hash
  Secret key;                   // of hash
  std::uint32_t keep_last = 0;  // of mask
  bool operator==(const RedactConfig&) const = default;
};

struct IntakeConfig {
  bool accept_unknown_types = true;
  milliseconds max_future{std::chrono::hours(24)};
  milliseconds max_age{std::chrono::hours(24 * 3660)};
  std::uint64_t max_event_bytes = 1 << 20;  // of one event, minified
  std::uint32_t dead_letter_body_bytes =
      64 << 10;                              // a dead letter keeps at most this much of the body
  std::vector<std::string> catalogue_files;  // further event types, merged over the built-in ones
  std::vector<std::string> unwrap{"log", "message"};  // keys under which shippers wrap an event
  std::vector<RedactConfig> redact;
  bool operator==(const IntakeConfig&) const = default;
};

struct JournalConfig {
  std::uint64_t max_bytes = 10ull << 30;
  milliseconds max_age{std::chrono::hours(24 * 30)};
  milliseconds dedup_horizon{std::chrono::hours(24 * 7)};
  std::uint32_t max_dead_letters = 100'000;
  milliseconds dead_letter_max_age{std::chrono::hours(24 * 30)};
  std::uint32_t max_notifications = 10'000;
  milliseconds notification_max_age{std::chrono::hours(24 * 30)};
  std::uint64_t queue_bytes = 16 << 20;  // decoded events waiting for a commit; beyond: busy
  std::uint32_t group_events = 2000;     // most events a commit
  milliseconds group_wait{0};            // extra time to let a group collect
};

struct AuditConfig {
  bool enabled = true;
  std::uint32_t batch_events = 1000;  // a batch is closed by the commit that reaches it
  milliseconds batch_wait{500};       // or this long after its first event
  milliseconds heartbeat{60'000};     // an empty batch after this long without events
  milliseconds checkpoint_interval{600'000};
  bool agent_events = true;  // what is done to this agent is an event too
  std::string checkpoint_file = "audit-checkpoints.jsonl";  // relative to the data directory
  std::string checkpoint_webhook;  // where each is posted to; empty: nowhere
  Secret checkpoint_webhook_token;
};

struct DeliveryConfig {
  std::uint32_t batch_events = 2000;
  std::uint64_t batch_bytes = 1 << 20;
  milliseconds batch_wait{1000};  // send a smaller batch after this long
  milliseconds backoff_initial{200};
  milliseconds backoff_max{30'000};
  milliseconds hold_interval{30'000};  // between tries while credentials are refused
};

// An exporter as the file names it; the plugin reads the rest of its section itself.
struct ExporterConfig {
  std::string name;
  std::string type;  // influxdb, …
  bool enabled = true;
  bool required = false;
  DeliveryConfig delivery;
  std::shared_ptr<const void> options;  // the plugin's own struct, made by its parse function
};

// A collector beside the webhook, as the file names it; the plugin reads the rest of its section
// itself.
struct CollectorConfig {
  std::string name;
  std::string type;  // redis, kafka, file
  bool enabled = true;
  std::string dedup = "id";  // id, content, position: what tells an event from its repetition
  std::uint32_t batch_events = 1000;  // most events handed to the journal at once
  milliseconds backoff_initial{200};  // between tries after a failure
  milliseconds backoff_max{30'000};
  std::shared_ptr<const void> options;  // the plugin's own struct, made by its parse function
};

// Where GET /events, /analytics and /reports are answered from.
struct QueryConfig {
  std::string backend = "local";  // local: this agent's journal; postgres: the database of all
  // What an exporter of type postgres writes to; of `backend: postgres` alone.
  std::string url = "postgresql://127.0.0.1:5432/kcloud";  // or `key=value …`; without a password
  Secret password;                                         // empty: PGPASSWORD, ~/.pgpass
  std::string schema = "kcloud_audit";
  std::uint32_t connections = 2;
  milliseconds connect_timeout{3'000};
  milliseconds statement_timeout{10'000};

  bool fleet() const { return backend == "postgres"; }
  bool operator==(const QueryConfig&) const = default;
};

struct Config {
  AgentConfig agent;
  LogConfig log;
  HttpConfig http;
  IntakeConfig intake;
  JournalConfig journal;
  AuditConfig audit;
  std::vector<CollectorConfig> collectors;
  std::vector<ExporterConfig> exporters;
  AlertingConfig alerting;
  AnalyticsConfig analytics;
  QueryConfig query;
  std::shared_ptr<const core::Catalogue> catalogue;
  std::shared_ptr<const core::Redaction> redaction;  // of intake.redact; nullptr: no rules
};

// One exporter type the file may name. The table of plugins is passed in, so that config/ knows no
// plugin.
struct ExporterPlugin {
  std::string type;
  bool required_by_default = false;
  std::function<std::shared_ptr<const void>(Section& section)>
      parse;  // reports problems through the section
  std::function<std::string(const void* options)>
      show;                   // one JSON object with the section's own keys, secrets masked
  bool needs_audit = false;   // takes sealed batches alone
  DeliveryConfig delivery{};  // where the file says nothing
};

struct TypeMap {
  std::string_view key;
  std::vector<std::pair<std::string, std::string>> types;  // a type may be empty: none
};

// One collector type the file may name.
struct CollectorPlugin {
  std::string type;
  std::function<std::shared_ptr<const void>(Section& section)>
      parse;  // reports problems through the section
  std::function<std::string(const void* options)>
      show;  // one JSON object with the section's own keys, secrets masked
  // The option that maps names of the source to event types, and what it maps.
  std::function<TypeMap(const void* options)> types;
  // Whether a running collector can stay as it is; also by secrets.
  std::function<bool(const void* one, const void* other)> equal;
};

struct Plugins {
  std::vector<CollectorPlugin> collectors;
  std::vector<ExporterPlugin> exporters;
};

// What is wrong with the files that `http.tls` names: the option's key and a sentence. Passed in,
// as config/ knows no TLS.
using TlsCheck =
    std::function<std::optional<std::pair<std::string, std::string>>(const TlsConfig& tls)>;

// Reads a configuration text. Problems are all collected, sorted by place; the result is usable
// only when there are none. Reads the event type files it names, and what `tls_check` reads; never
// the network.
Config parse_config(const std::string& text, const std::string& file, const Plugins& plugins,
                    const Environment& environment, Problems& problems,
                    const TlsCheck& tls_check = {});

// The embedded defaults: an empty file.
Config default_config(const Plugins& plugins);

// What requests without a token may do when the file does not say: everything on a loopback
// listener without tokens, signatures and `tls.client_roles`, nothing where there are some. Returns
// what is wrong — listening beyond loopback without any of them and without `anonymous_roles` — or
// nothing. Call it again after changing `listen`.
std::string settle_anonymous_roles(HttpConfig& http);

// How collectors decode, `intake` and the zone as the file has them; fields are checked, not kept.
core::DecodeOptions decode_options(const Config& config);
// How the agent decodes what it stored or made itself: fields are kept, limits of what publishers
// send do not count.
core::DecodeOptions stored_options(const Config& config);

// Built-in catalogue, merged with the user's files: a type of the same name replaces the built-in
// one, common paths come in front. nullptr when there are problems.
std::shared_ptr<const core::Catalogue> load_catalogue(const std::vector<std::string>& files,
                                                      const Environment& environment,
                                                      Problems& problems);
// One file on its own. nullptr when there are problems.
std::shared_ptr<const core::Catalogue> parse_catalogue(const std::string& text,
                                                       const std::string& file, Problems& problems);
// The tables of docs/event-types.md.
std::string catalogue_markdown(const core::Catalogue& catalogue);

// The texts that are compiled in: config/event-types.yaml and config/kcloud-logger.yaml.
std::string_view embedded_event_types();
std::string_view embedded_reference_config();

// What is in force, as JSON, secrets as "***". The same keys as the file; sizes in bytes.
std::string show_config(const Config& config, const Plugins& plugins);

// Whether `host:port` listens on 127.0.0.0/8, ::1 or `localhost` alone.
bool is_loopback(const std::string& listen);
// The same of a host alone, an IPv6 address without its brackets.
bool is_loopback_host(std::string_view host);

}  // namespace kcloud::config
