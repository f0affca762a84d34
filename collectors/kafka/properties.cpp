#include "collectors/kafka/properties.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>
#include <memory>

namespace kcloud::kafka {
namespace {

constexpr std::string_view kOwned = "the collector sets it itself";

// Property and what to use instead of it.
constexpr std::array<std::pair<std::string_view, std::string_view>, 18> kRefused = {{
    {"bootstrap.servers", "use `brokers`"},
    {"metadata.broker.list", "use `brokers`"},
    {"group.id", "use `group`"},
    {"group.instance.id", "use `group_instance_id`"},
    {"auto.offset.reset", "use `auto_offset_reset`"},
    {"client.id", "it is the agent's name"},
    {"enable.auto.commit", "offsets are committed after the journal's commit"},
    {"auto.commit.enable", "offsets are committed after the journal's commit"},
    {"auto.commit.interval.ms", "offsets are committed after the journal's commit"},
    {"enable.auto.offset.store", "offsets are committed after the journal's commit"},
    {"offset.store.method", "offsets are committed after the journal's commit"},
    {"offset.store.path", "offsets are committed after the journal's commit"},
    {"offset.store.sync.interval.ms", "offsets are committed after the journal's commit"},
    {"enable.partition.eof", kOwned},
    {"partition.assignment.strategy", "it is cooperative-sticky"},
    {"log_level", kOwned},
    {"plugin.library.paths", "no code is loaded"},
    {"statistics.interval.ms", "GET /metrics has the figures"},
}};

std::string joined(const std::vector<std::string>& parts) {
  return fmt::format("{}", fmt::join(parts, ","));
}

bool has_pattern(const std::vector<std::string>& topics) {
  return std::any_of(topics.begin(), topics.end(),
                     [](const std::string& topic) { return topic.starts_with('^'); });
}

struct ConfDeleter {
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
};

}  // namespace

std::vector<std::pair<std::string, std::string>> properties(const Config& config,
                                                            const std::string& agent) {
  std::vector<std::pair<std::string, std::string>> out = {
      // A response is one batch more than this when a message is larger; the sizes bound what is
      // read ahead. A full queue makes librdkafka look away for a second, so it holds more than
      // that second's events.
      {"queued.max.messages.kbytes", "65536"},
      {"fetch.message.max.bytes", "1048576"},
      {"fetch.max.bytes", "8388608"},
      {"receive.message.max.bytes", "134217728"},
      {"message.max.bytes", "1000000"},
      // A member hears of a rebalance in the answer to its heartbeat, and until then the partitions
      // that are to move are read by nobody.
      {"heartbeat.interval.ms", "1000"},
      // How soon a new topic is found. A pattern takes the names of all topics for it.
      {"topic.metadata.refresh.interval.ms", has_pattern(config.topics) ? "10000" : "1000"},
      {"reconnect.backoff.max.ms", "2000"},
      {"log.connection.close", "false"},
  };
  for (const auto& [name, value] : config.options) out.emplace_back(name, value);
  out.insert(out.end(), {
                            {"bootstrap.servers", joined(config.brokers)},
                            {"client.id", agent},
                            {"group.id", config.group},
                            {"auto.offset.reset", config.auto_offset_reset},
                            // Of stored offsets; stored is what the journal has. librdkafka's own
                            // timer keeps still while the group is between two generations, when a
                            // commit of ours would cost the assignment.
                            {"enable.auto.commit", "true"},
                            {"auto.commit.interval.ms", "500"},
                            {"enable.auto.offset.store", "false"},
                            {"enable.partition.eof", "true"},
                            {"partition.assignment.strategy", "cooperative-sticky"},
                        });
  if (!config.group_instance_id.empty())
    out.emplace_back("group.instance.id", config.group_instance_id);
  return out;
}

std::string refusal_of(std::string_view property) {
  const auto* const found = std::find_if(kRefused.begin(), kRefused.end(),
                                         [&](const auto& one) { return one.first == property; });
  return found == kRefused.end() ? "" : std::string(found->second);
}

bool is_secret(std::string_view property) {
  const auto has = [&](std::string_view part) {
    return property.find(part) != std::string_view::npos;
  };
  return property.starts_with("sasl.") || property.starts_with("ssl.key") || has("password") ||
         has("secret") || has("token");
}

std::string check_property(const std::string& name, const std::string& value) {
  const std::unique_ptr<rd_kafka_conf_t, ConfDeleter> conf(rd_kafka_conf_new());
  std::array<char, 512> error{};
  const auto result =
      rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), error.data(), error.size());
  if (result == RD_KAFKA_CONF_OK) return "";
  if (result == RD_KAFKA_CONF_UNKNOWN)
    return fmt::format("librdkafka {} has no such property", rd_kafka_version_str());
  if (is_secret(name)) return "librdkafka refuses this value";
  return error.data();
}

}  // namespace kcloud::kafka
