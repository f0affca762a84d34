// Options of the PostgreSQL exporter: an `exporters:` entry with `type: postgres`. sample.yaml
// shows them. Reading them makes no network call.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "config/config.h"
#include "config/yaml.h"

namespace kcloud::postgres {

struct Config {
  std::string url = "postgresql://127.0.0.1:5432/kcloud";  // or `key=value …`; without a password
  config::Secret password;                                 // empty: PGPASSWORD, ~/.pgpass
  std::string schema = "kcloud_audit";
  bool migrate = true;      // false: the schema's version is checked, never changed
  std::string writer_role;  // granted by the migration; empty: none
  std::string reader_role;
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds statement_timeout{30'000};
  std::uint32_t retention_days = 730;
};

// What is wrong with it; empty: nothing. Of a URL, or `key=value …`, without a password; of the
// name of a schema or role.
std::string url_problem(const std::string& url);
std::string name_problem(const std::string& name);

// Problems are reported through `section`.
Config parse(config::Section& section);

// A JSON object with the keys of the file, secrets as "***".
std::string show(const Config& config);

// For the table of exporter types.
config::ExporterPlugin plugin();

}  // namespace kcloud::postgres
