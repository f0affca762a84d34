// Options of the Redis collector: a `collectors:` entry with `type: redis`. sample.yaml shows them.
// Reading them makes no network call.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/yaml.h"

namespace kcloud::redis {

struct Config {
  std::string mode = "pubsub";  // pubsub, stream, list

  std::vector<std::string> addresses{"127.0.0.1:6379"};  // host:port, tried in turn
  std::string username;
  config::Secret password;
  std::uint32_t database = 0;
  std::chrono::milliseconds connect_timeout{3'000};
  std::chrono::milliseconds timeout{5'000};         // until an answer
  std::chrono::milliseconds ping_interval{10'000};  // pubsub: of a silent connection

  std::vector<std::string> channels{"scheduling_events", "relocation_events", "cluster_events",
                                    "inefficiency_events", "policy_events"};
  std::vector<std::string> patterns{"kcloud:events:*"};
  std::uint64_t buffer_bytes = 32 << 20;  // pubsub: messages that wait for the journal

  std::vector<std::string> streams;
  std::string group = "kcloud-logger";
  std::string consumer;         // stream, list; empty: the agent's name
  std::string field = "event";  // of an entry, holds the event
  std::string start = "0";      // of a new group: 0 (everything there is) or $ (what comes)
  std::chrono::milliseconds claim_idle{60'000};

  std::vector<std::string> lists;
  bool reliable = true;

  // Channel, stream or list, or a pattern of them -> type of payloads that name none.
  std::map<std::string, std::string> channel_types{
      {"scheduling_events", "scheduling_decision"},
      {"relocation_events", "workload_relocation"},
      {"cluster_events", "cluster_reconfiguration"},
      {"inefficiency_events", "inefficiency_detected"},
      {"policy_events", "policy_change"},
      {"kcloud:events:metrics:*", "metrics_updated"},
      {"kcloud:events:alerts:*", "alert"},
      {"kcloud:events:cluster:*:metrics", "metrics_updated"}};

  bool operator==(const Config&) const = default;
};

// Problems are reported through `section`.
Config parse(config::Section& section);

// A JSON object with the keys of the file, secrets as "***".
std::string show(const Config& config);

// For the table of collector types.
config::CollectorPlugin plugin();

struct Address {
  std::string host;
  std::uint16_t port = 0;
};
// `host:port`, `[::1]:port`; throws std::invalid_argument for anything else.
Address parse_address(const std::string& text);

}  // namespace kcloud::redis
