#include "exporters/influxdb/config.h"

#include "core/json.h"

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

void append_text(std::string& out, std::string_view key, std::string_view text) {
  core::append_key(out, key);
  core::append_json_string(out, text);
}

void append_secret(std::string& out, std::string_view key, const config::Secret& secret) {
  append_text(out, key, secret.empty() ? "" : "***");
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
  check_url(section, config.url);
  check_api(section, config);
  while (config.url.ends_with('/')) config.url.pop_back();
  return config;
}

std::string show(const Config& config) {
  std::string out = "{";
  append_text(out, "url", config.url);
  append_text(out, "api", config.api);
  if (config.api == "v1") {
    append_text(out, "database", config.database);
    append_text(out, "retention_policy", config.retention_policy);
    append_text(out, "username", config.username);
    append_secret(out, "password", config.password);
  } else {
    append_text(out, "organization", config.organization);
    append_text(out, "bucket", config.bucket);
    append_secret(out, "token", config.token);
  }
  append_text(out, "compression", config.compression);
  core::append_key(out, "timeout_ms");
  out += std::to_string(config.timeout.count());
  core::append_key(out, "connect_timeout_ms");
  out += std::to_string(config.connect_timeout.count());
  append_text(out, "ca_file", config.ca_file);
  append_text(out, "tls_verify", config.tls_verify);
  core::append_key(out, "tags");
  out += '{';
  for (const auto& [name, text] : config.tags) {
    core::append_comma(out);
    core::append_json_string(out, name);
    out += ':';
    core::append_json_string(out, text);
  }
  out += '}';
  core::append_key(out, "max_tag_values");
  out += std::to_string(config.max_tag_values);
  out += '}';
  return out;
}

config::ExporterPlugin plugin() {
  return {"influxdb", false,
          [](config::Section& section) -> std::shared_ptr<const void> {
            return std::make_shared<const Config>(parse(section));
          },
          [](const void* options) { return show(*static_cast<const Config*>(options)); }};
}

}  // namespace kcloud::influxdb
