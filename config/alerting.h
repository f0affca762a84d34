// Whom alerts are told: the section `alerting`. Reading it makes no network call.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "config/yaml.h"

namespace kcloud::config {

// One who is told. What a type has no use for keeps its default.
struct NotifierConfig {
  std::string name;
  std::string type;  // alertmanager, webhook, slack
  bool enabled = true;
  std::chrono::milliseconds timeout{10'000};        // of a request
  std::chrono::milliseconds backoff_initial{1000};  // between tries after a failure
  std::chrono::milliseconds backoff_max{60'000};
  std::string ca_file;              // PEM; empty: the system's certificates
  std::string tls_verify = "full";  // full, none

  std::vector<std::string> urls;  // alertmanager: base URLs of all peers, without `/` at the end
  std::string username;           // alertmanager: basic authentication …
  Secret password;
  Secret token;                                       // … or a bearer token
  std::chrono::milliseconds resend_interval{60'000};  // alertmanager

  Secret url;                             // webhook, slack: it often holds a token
  bool send_resolved = true;              // webhook, slack
  Secret secret;                          // webhook: `whsec_<base64>`; empty: nothing is signed
  std::map<std::string, Secret> headers;  // webhook: more header fields
  bool operator==(const NotifierConfig&) const = default;
};

struct AlertingConfig {
  bool enabled = true;
  bool default_rules = true;    // those that come with the agent
  std::string rules_directory;  // `*.yaml` in it; empty: none beside what the API posts
  std::chrono::milliseconds snapshot_interval{60'000};  // of the rules' state
  std::string external_url;  // of this agent, for links; empty: there are none
  std::vector<std::string> group_by{"alertname"};  // labels; `...` alone: all of them
  std::chrono::milliseconds group_wait{10'000};
  std::chrono::milliseconds group_interval{60'000};
  std::chrono::milliseconds notify_max_age{3'600'000};  // of what fired longer ago nobody is told
  std::chrono::milliseconds retry_for{86'400'000};      // what was not taken until then is given up
  std::vector<NotifierConfig> notifiers;
  bool operator==(const AlertingConfig&) const = default;
};

// Problems are reported through `section`. Internal to config/.
void read_alerting(Section section, AlertingConfig& alerting);

}  // namespace kcloud::config
