#include "exporters/influxdb/config.h"

#include "config/show.h"

namespace kcloud::influxdb {
namespace {

using std::chrono::milliseconds;

void check_url(config::Section& section, const std::string& url) {
  const auto scheme = url.find("://");
  if (!url.starts_with("http://") && !url.starts_with("https://"))
    section.fail("url", "expected http://host:port or https://host:port");
  else if (url.find_first_of("?#") != std::string::npos)
    section.fail("url", "expected no query; use `database`, `bucket`, … for its parameters");
  else if (url.find('@', scheme) != std::string::npos)
    section.fail("url", "expected no user in it; use `username` and `password`, or `token`");
}

void check_api(config::Section& section, const Config& config) {
  const auto only_for = [&](std::initializer_list<const char*> keys, const char* api) {
    for (const char* key : keys)
      if (section.has(key))
        section.fail(key, std::string("is only for `api: ") + api +
                              "`, this exporter has `api: " + config.api + "`");
  };
  if (config.api == "v1") {
    only_for({"organization", "bucket", "token"}, "v2");
    if (config.database.empty()) section.fail("database", "must name a database");
  } else {
    only_for({"database", "retention_policy", "username", "password"}, "v1");
    if (config.bucket.empty()) section.fail("bucket", "`api: v2` needs a bucket");
  }
}

}  // namespace

Config parse(config::Section& section) {
  Config config;
  section.read("url", config.url);
  section.read_choice("api", config.api, {"v1", "v2"});
  section.read("database", config.database);
  section.read("retention_policy", config.retention_policy);
  section.read("username", config.username);
  section.read("password", config.password);
  section.read("organization", config.organization);
  section.read("bucket", config.bucket);
  section.read("token", config.token);
  section.read_choice("compression", config.compression, {"gzip", "none"});
  section.read("timeout_ms", config.timeout, milliseconds(100), milliseconds(300'000));
  section.read("connect_timeout_ms", config.connect_timeout, milliseconds(100),
               milliseconds(60'000));
  section.read("ca_file", config.ca_file);
  section.read_choice("tls_verify", config.tls_verify, {"full", "none"});
  section.read("tags", config.tags);
  section.read("max_tag_values", config.max_tag_values, 1, 100'000);
  section.read("carry_seals", config.carry_seals);
  check_url(section, config.url);
  check_api(section, config);
  while (config.url.ends_with('/')) config.url.pop_back();
  return config;
}

std::string show(const Config& config) {
  std::string out = "{";
  const config::Shower show{out};
  const auto millis = [](milliseconds time) { return static_cast<std::uint64_t>(time.count()); };
  show("url", config.url);
  show("api", config.api);
  if (config.api == "v1") {
    show("database", config.database);
    show("retention_policy", config.retention_policy);
    show("username", config.username);
    show("password", config.password);
  } else {
    show("organization", config.organization);
    show("bucket", config.bucket);
    show("token", config.token);
  }
  show("compression", config.compression);
  show("timeout_ms", millis(config.timeout));
  show("connect_timeout_ms", millis(config.connect_timeout));
  show("ca_file", config.ca_file);
  show("tls_verify", config.tls_verify);
  show("tags", config.tags);
  show("max_tag_values", config.max_tag_values);
  show("carry_seals", config.carry_seals);
  return out + "}";
}

config::ExporterPlugin plugin() {
  return config::exporter_plugin<Config>("influxdb", false, parse, show);
}

}  // namespace kcloud::influxdb
