#include "collectors/redis/config.h"

#include <fmt/format.h>

#include <charconv>
#include <stdexcept>

#include "collectors/redis/glob.h"
#include "config/show.h"

namespace kcloud::redis {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

void check_addresses(config::Section& section, const std::vector<std::string>& addresses) {
  if (addresses.empty()) section.fail("addresses", "needs one at least, such as 127.0.0.1:6379");
  for (const auto& address : addresses) {
    try {
      parse_address(address);
    } catch (const std::invalid_argument& error) {
      section.fail("addresses", error.what());
    }
  }
}

void check_mode(config::Section& section, const Config& config) {
  const auto only_for = [&](std::initializer_list<const char*> keys,
                            std::initializer_list<std::string_view> modes) {
    for (const char* key : keys) {
      const bool fits = std::find(modes.begin(), modes.end(), config.mode) != modes.end();
      if (fits || !section.has(key)) continue;
      section.fail(key, fmt::format("is only for `mode: {}`, this collector has `mode: {}`",
                                    fmt::join(modes, "` and `mode: "), config.mode));
    }
  };
  only_for({"channels", "patterns", "buffer_bytes", "ping_interval"}, {"pubsub"});
  only_for({"streams", "group", "field", "start", "claim_idle"}, {"stream"});
  only_for({"lists", "reliable"}, {"list"});
  only_for({"consumer"}, {"stream", "list"});
}

void check_names(config::Section& section, const char* key, const std::vector<std::string>& names,
                 const char* example) {
  if (names.empty()) section.fail(key, fmt::format("must name one at least, such as {}", example));
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty()) section.fail(key, "a name must not be empty");
    if (std::find(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(i), names[i]) !=
        names.begin() + static_cast<std::ptrdiff_t>(i)) {
      section.fail(key, fmt::format("'{}' is there twice", names[i]));
    }
  }
}

void check(config::Section& section, const Config& config) {
  check_addresses(section, config.addresses);
  check_mode(section, config);
  if (!config.username.empty() && config.password.empty()) {
    section.fail("username", "needs `password`");
  }
  if (config.mode == "stream") {
    check_names(section, "streams", config.streams, "[scheduling_events]");
    if (config.group.empty()) section.fail("group", "must not be empty");
    if (config.field.empty()) section.fail("field", "must not be empty");
  } else if (config.mode == "list") {
    check_names(section, "lists", config.lists, "[filebeat]");
  } else {
    if (config.channels.empty() || !config.patterns.empty()) {
      check_names(section, "patterns", config.patterns, "[\"kcloud:events:*\"]");
    }
    if (!config.channels.empty()) {
      check_names(section, "channels", config.channels, "[scheduling_events]");
    }
    for (const auto& channel : config.channels) {
      if (is_glob(channel)) {
        section.fail("channels",
                     fmt::format("'{}' is a pattern; it belongs in `patterns`", channel));
      }
    }
  }
}

void show_mode(const config::Shower& show, const Config& config) {
  if (config.mode == "pubsub") {
    show("ping_interval", config.ping_interval);
    show("channels", config.channels);
    show("patterns", config.patterns);
    show("buffer_bytes", config.buffer_bytes);
    return;
  }
  show("consumer", config.consumer);
  if (config.mode == "stream") {
    show("streams", config.streams);
    show("group", config.group);
    show("field", config.field);
    show("start", config.start);
    show("claim_idle", config.claim_idle);
  } else {
    show("lists", config.lists);
    show("reliable", config.reliable);
  }
}

}  // namespace

Address parse_address(const std::string& text) {
  const auto colon = text.rfind(':');
  Address address;
  if (colon != std::string::npos) {
    address.host = text.substr(0, colon);
    const char* end = text.data() + text.size();
    const auto [last, error] = std::from_chars(text.data() + colon + 1, end, address.port);
    if (error != std::errc() || last != end) address.port = 0;
  }
  const bool bracketed = address.host.starts_with('[') && address.host.ends_with(']');
  if (bracketed) address.host = address.host.substr(1, address.host.size() - 2);
  const bool odd = address.host.find_first_of("/@ ") != std::string::npos ||
                   (!bracketed && address.host.find(':') != std::string::npos);
  if (address.host.empty() || address.port == 0 || odd) {
    throw std::invalid_argument(
        "expected host:port, such as redis.example:6379 or [::1]:6379; user and password are "
        "options of their own");
  }
  return address;
}

Config parse(config::Section& section) {
  Config config;
  section.read_choice("mode", config.mode, {"pubsub", "stream", "list"});
  section.read("addresses", config.addresses);
  section.read("username", config.username);
  section.read("password", config.password);
  section.read("database", config.database, 0, 1'000'000);
  section.read("connect_timeout", config.connect_timeout, milliseconds(100), minutes(1));
  section.read("timeout", config.timeout, milliseconds(100), minutes(5));
  section.read("ping_interval", config.ping_interval, milliseconds(100), hours(1));
  section.read("channels", config.channels);
  section.read("patterns", config.patterns);
  section.read("buffer_bytes", config.buffer_bytes, 4 << 20, std::uint64_t{4} << 30);
  section.read("streams", config.streams);
  section.read("group", config.group);
  section.read("consumer", config.consumer);
  section.read("field", config.field);
  section.read_choice("start", config.start, {"0", "$"});
  section.read("claim_idle", config.claim_idle, seconds(1), hours(24));
  section.read("lists", config.lists);
  section.read("reliable", config.reliable);
  std::map<std::string, std::string> types;
  section.read("channel_types", types);
  types.merge(config.channel_types);
  config.channel_types = std::move(types);
  check(section, config);
  return config;
}

std::string show(const Config& config) {
  std::string out = "{";
  const config::Shower show{out};
  show("mode", config.mode);
  show("addresses", config.addresses);
  show("username", config.username);
  show("password", config.password);
  show("database", config.database);
  show("connect_timeout", config.connect_timeout);
  show("timeout", config.timeout);
  show_mode(show, config);
  show("channel_types", config.channel_types);
  return out + "}";
}

config::CollectorPlugin plugin() {
  return config::collector_plugin("redis", parse, show, "channel_types", &Config::channel_types);
}

}  // namespace kcloud::redis
