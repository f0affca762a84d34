// Options of the InfluxDB exporter: an `exporters:` entry with `type: influxdb`. sample.yaml shows
// them. Reading them makes no network call.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "config/config.h"
#include "config/yaml.h"

namespace kcloud::influxdb {

struct Config {
  std::string url = "http://127.0.0.1:8086";
  std::string api = "v1";  // v1: InfluxDB 1.x; v2: InfluxDB 2.x and what speaks its write API

  std::string database = "kcloud";  // v1
  std::string retention_policy;     // v1; empty: the database's default
  std::string username;             // v1
  config::Secret password;          // v1

  std::string organization;  // v2
  std::string bucket;        // v2
  config::Secret token;      // v2

  std::string compression = "gzip";  // gzip, none
  std::chrono::milliseconds timeout{5'000};
  std::chrono::milliseconds connect_timeout{3'000};
  std::string ca_file;              // PEM; empty: the system's certificates
  std::string tls_verify = "full";  // full, none

  std::map<std::string, std::string> tags;  // added to every point of this exporter
  std::uint32_t max_tag_values = 1'000;     // a tag key of a measurement; beyond: `other`
  bool carry_seals = true;                  // those of the audit chain, as `audit_seal`
};

// Problems are reported through `section`.
Config parse(config::Section& section);

// A JSON object with the keys of the file, secrets as "***".
std::string show(const Config& config);

// For the table of exporter types.
config::ExporterPlugin plugin();

}  // namespace kcloud::influxdb
