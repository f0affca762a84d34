#include "exporters/elasticsearch/config.h"

#include <algorithm>
#include <string_view>

#include "config/show.h"

namespace kcloud::elasticsearch {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kLongestPrefix = 100;  // an index name has at most 255 bytes

void check_urls(config::Section& section, const std::vector<std::string>& urls) {
  if (urls.empty()) section.fail("urls", "must name a node");
  for (const auto& url : urls) {
    if (!url.starts_with("http://") && !url.starts_with("https://"))
      section.fail("urls", "expected http://host:port or https://host:port");
    else if (url.find_first_of("?#") != std::string::npos)
      section.fail("urls", "expected no query");
    else if (url.find('@') != std::string::npos)
      section.fail("urls", "expected no user in it; use `username` and `password`, or `api_key`");
  }
}

// What every index name may hold (Elasticsearch, "Create index API": path parameters).
void check_prefix(config::Section& section, std::string_view prefix) {
  const auto small = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  const auto fits = [&](char c) { return small(c) || c == '-' || c == '_' || c == '.'; };
  if (prefix.empty() || prefix.size() > kLongestPrefix || !small(prefix.front()) ||
      !std::ranges::all_of(prefix, fits))
    section.fail("prefix", "expected at most 100 of a-z, 0-9, -, _ and ., a letter or digit first");
}

}  // namespace

Config parse(config::Section& section) {
  Config config;
  section.read("urls", config.urls);
  section.read("prefix", config.prefix);
  section.read("username", config.username);
  section.read("password", config.password);
  section.read("api_key", config.api_key);
  section.read("manage_templates", config.manage_templates);
  section.read("shards", config.shards, 1, 1'024);
  section.read("replicas", config.replicas, 0, 100);
  section.read("index_settings", config.index_settings);
  section.read("carry_seals", config.carry_seals);
  section.read_choice("compression", config.compression, {"gzip", "none"});
  section.read("timeout", config.timeout, milliseconds(100), milliseconds(600'000));
  section.read("connect_timeout", config.connect_timeout, milliseconds(100), milliseconds(60'000));
  section.read("ca_file", config.ca_file);
  section.read_choice("tls_verify", config.tls_verify, {"full", "none"});
  check_urls(section, config.urls);
  check_prefix(section, config.prefix);
  if (!config.api_key.empty() && !config.username.empty())
    section.fail("api_key", "expected either `api_key` or `username` and `password`");
  for (auto& url : config.urls)
    while (url.ends_with('/')) url.pop_back();
  return config;
}

std::string show(const Config& config) {
  std::string out = "{";
  const config::Shower show{out};
  show("urls", config.urls);
  show("prefix", config.prefix);
  show("username", config.username);
  show("password", config.password);
  show("api_key", config.api_key);
  show("manage_templates", config.manage_templates);
  show("shards", config.shards);
  show("replicas", config.replicas);
  show("index_settings", config.index_settings);
  show("carry_seals", config.carry_seals);
  show("compression", config.compression);
  show("timeout", config.timeout);
  show("connect_timeout", config.connect_timeout);
  show("ca_file", config.ca_file);
  show("tls_verify", config.tls_verify);
  return out + "}";
}

config::ExporterPlugin plugin() {
  return config::exporter_plugin<Config>("elasticsearch", false, parse, show);
}

}  // namespace kcloud::elasticsearch
