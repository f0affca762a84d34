#include "exporters/forward/config.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/show.h"

namespace kcloud::forward {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMostUpstreams = 16;

void check_upstream(config::Section& section, const std::string& url) {
  const auto scheme = url.find("://");
  const bool web = url.starts_with("http://") || url.starts_with("https://");
  if (!web || url.size() == scheme + 3)
    section.fail("upstreams",
                 fmt::format("'{}': expected http://host:port or https://host:port", url));
  else if (url.find_first_of("?#") != std::string::npos)
    section.fail("upstreams", fmt::format("'{}': expected no query", url));
  else if (url.find('@', scheme) != std::string::npos)
    section.fail("upstreams", "expected no user in a URL; use `token` or `token_file`");
}

}  // namespace

Config parse(config::Section& section) {
  Config config;
  section.read("upstreams", config.upstreams);
  section.read("token", config.token);
  section.read("token_file", config.token_file);
  section.read_choice("compression", config.compression, {"gzip", "none"});
  section.read("timeout_ms", config.timeout, milliseconds(100), milliseconds(300'000));
  section.read("connect_timeout_ms", config.connect_timeout, milliseconds(100),
               milliseconds(60'000));
  section.read("failback", config.failback, milliseconds(1'000), milliseconds(86'400'000));
  section.read("ca_file", config.ca_file);
  section.read_choice("tls_verify", config.tls_verify, {"full", "none"});
  section.read("certificate_file", config.certificate_file);
  section.read("key_file", config.key_file);
  if (config.upstreams.empty())
    section.fail("", "`upstreams` must name at least one agent, such as http://cluster-agent:8007");
  if (config.upstreams.size() > kMostUpstreams)
    section.fail("upstreams", fmt::format("{} agents, expected at most {}", config.upstreams.size(),
                                          kMostUpstreams));
  for (auto& url : config.upstreams) {
    check_upstream(section, url);
    while (url.ends_with('/')) url.pop_back();
    if (std::ranges::count(config.upstreams, url) > 1)
      section.fail("upstreams", fmt::format("'{}' is there twice", url));
  }
  if (section.has("token") && section.has("token_file"))
    section.fail("token_file", "stands beside `token`; one of them is enough");
  if (config.certificate_file.empty() != config.key_file.empty())
    section.fail(config.key_file.empty() ? "certificate_file" : "key_file",
                 "`certificate_file` and `key_file` belong together: PEM files");
  return config;
}

std::string show(const Config& config) {
  std::string out = "{";
  const config::Shower show{out};
  const auto millis = [](milliseconds time) { return static_cast<std::uint64_t>(time.count()); };
  show("upstreams", config.upstreams);
  show("token", config.token);
  show("token_file", config.token_file);
  show("compression", config.compression);
  show("timeout_ms", millis(config.timeout));
  show("connect_timeout_ms", millis(config.connect_timeout));
  show("failback", config.failback);
  show("ca_file", config.ca_file);
  show("tls_verify", config.tls_verify);
  show("certificate_file", config.certificate_file);
  show("key_file", config.key_file);
  return out + "}";
}

config::ExporterPlugin plugin() {
  return config::exporter_plugin<Config>("forward", false, parse, show);
}

}  // namespace kcloud::forward
