// Options of the forward exporter: an `exporters:` entry with `type: forward`. sample.yaml shows
// them. Reading them makes no network call.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/yaml.h"

namespace kcloud::forward {

struct Config {
  std::vector<std::string> upstreams;  // base URLs of agents, the preferred one first
  config::Secret token;                // with the role `forward` there
  std::string token_file;              // instead: read at every attempt

  std::string compression = "gzip";  // gzip, none
  std::chrono::milliseconds timeout{10'000};
  std::chrono::milliseconds connect_timeout{3'000};
  std::chrono::milliseconds failback{60'000};  // after so long the first upstream is tried again
  std::string ca_file;                         // PEM; empty: the system's certificates
  std::string tls_verify = "full";             // full, none
  std::string certificate_file;                // PEM, the client's own; empty: none
  std::string key_file;                        // of that certificate
};

// Problems are reported through `section`.
Config parse(config::Section& section);

// A JSON object with the keys of the file, secrets as "***".
std::string show(const Config& config);

// For the table of exporter types.
config::ExporterPlugin plugin();

}  // namespace kcloud::forward
