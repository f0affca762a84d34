// Options of the Elasticsearch exporter: an `exporters:` entry with `type: elasticsearch`.
// sample.yaml shows them. Reading them makes no network call.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/yaml.h"

namespace kcloud::elasticsearch {

struct Config {
  std::vector<std::string> urls{"http://127.0.0.1:9200"};  // of nodes of one cluster
  std::string prefix = "kcloud";                           // of every index and template

  std::string username;  // basic authentication, or …
  config::Secret password;
  config::Secret api_key;  // … a key, as the cluster encodes it

  bool manage_templates = true;  // false: they are compared, never put
  std::uint32_t shards = 1;
  std::uint32_t replicas = 1;
  std::map<std::string, std::string> index_settings;  // more of them, into every template
  bool carry_seals = true;  // those of the audit chain, as documents of `audit_seal`

  std::string compression = "gzip";  // gzip, none
  std::chrono::milliseconds timeout{30'000};
  std::chrono::milliseconds connect_timeout{3'000};
  std::string ca_file;              // PEM; empty: the system's certificates
  std::string tls_verify = "full";  // full, none
};

// Problems are reported through `section`.
Config parse(config::Section& section);

// A JSON object with the keys of the file, secrets as "***".
std::string show(const Config& config);

// For the table of exporter types.
config::ExporterPlugin plugin();

}  // namespace kcloud::elasticsearch
