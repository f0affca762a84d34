// Options of the Kafka collector: a `collectors:` entry with `type: kafka`. sample.yaml shows them.
// Reading them makes no network call.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/yaml.h"

namespace kcloud::kafka {

struct Config {
  std::vector<std::string> brokers{"127.0.0.1:9092"};
  std::vector<std::string> topics{"kcloud-events"};  // names, and patterns that begin with `^`
  std::string group = "kcloud-logger";               // agents of one group share the partitions
  std::string group_instance_id;                     // static membership; empty: none
  std::string auto_offset_reset = "earliest";        // where a group without an offset begins
  // Topic, or pattern that begins with `^`, to the event type of payloads that name none.
  std::map<std::string, std::string> topic_types;
  std::map<std::string, std::string> options;  // of librdkafka, passed through
  bool operator==(const Config&) const = default;
};

// Problems are reported through `section`.
Config parse(config::Section& section);

// A JSON object with the keys of the file, secret options as "***".
std::string show(const Config& config);

// For the table of collector types.
config::CollectorPlugin plugin();

}  // namespace kcloud::kafka
