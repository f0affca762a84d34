#include "collectors/kafka/config.h"

#include <fmt/format.h>

#include <regex>

#include "collectors/kafka/properties.h"
#include "config/show.h"

namespace kcloud::kafka {
namespace {

// Kafka's own limit on the length of a topic's name.
constexpr std::size_t kLongestTopic = 249;

// What is wrong with a topic's name or pattern; empty: nothing.
std::string topic_problem(const std::string& topic) {
  if (topic.starts_with('^')) {
    try {
      const std::regex pattern(topic, std::regex::extended);
      return "";
    } catch (const std::regex_error& error) {
      return fmt::format("'{}' is no regular expression: {}", topic, error.what());
    }
  }
  const bool plain =
      topic.find_first_not_of(
          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == std::string::npos;
  if (plain && !topic.empty() && topic.size() <= kLongestTopic && topic != "." && topic != "..")
    return "";
  return fmt::format(
      "'{}' is no topic: expected letters, digits, `.`, `_` and `-`, or a pattern that begins with "
      "`^`",
      topic);
}

void check_lists(config::Section& section, const Config& config) {
  if (config.brokers.empty()) section.fail("brokers", "must name a broker, such as kafka:9092");
  for (const auto& broker : config.brokers) {
    if (broker.empty() || broker.find_first_of(", \t\n") != std::string::npos)
      section.fail("brokers", fmt::format("expected host:port, found '{}'", broker));
  }
  if (config.topics.empty()) section.fail("topics", "must name a topic, or a pattern `^…`");
  for (const auto& topic : config.topics) {
    if (const auto problem = topic_problem(topic); !problem.empty())
      section.fail("topics", problem);
  }
  if (config.group.empty()) section.fail("group", "must not be empty");
}

std::map<std::string, std::string> read_topic_types(config::Section& section) {
  std::map<std::string, std::string> types;
  config::Section entries = section.section("topic_types");
  for (const auto& topic : entries.keys()) {
    std::string type;
    entries.read(topic, type);
    if (const auto problem = topic_problem(topic); !problem.empty()) entries.fail(topic, problem);
    if (type.empty()) entries.fail(topic, "must name an event type");
    types[topic] = type;
  }
  return types;
}

std::map<std::string, std::string> read_options(config::Section& section) {
  std::map<std::string, std::string> options;
  config::Section entries = section.section("options");
  for (const auto& name : entries.keys()) {
    std::string value;
    entries.read(name, value);
    const auto refusal = refusal_of(name);
    const auto problem = refusal.empty() ? check_property(name, value) : refusal;
    if (!problem.empty()) entries.fail(name, problem);
    options[name] = value;
  }
  return options;
}

}  // namespace

Config parse(config::Section& section) {
  Config config;
  section.read("brokers", config.brokers);
  section.read("topics", config.topics);
  section.read("group", config.group);
  section.read("group_instance_id", config.group_instance_id);
  section.read_choice("auto_offset_reset", config.auto_offset_reset, {"earliest", "latest"});
  config.topic_types = read_topic_types(section);
  config.options = read_options(section);
  check_lists(section, config);
  return config;
}

std::string show(const Config& config) {
  std::string out = "{";
  const config::Shower show{out};
  show("brokers", config.brokers);
  show("topics", config.topics);
  show("group", config.group);
  show("group_instance_id", config.group_instance_id);
  show("auto_offset_reset", config.auto_offset_reset);
  show("topic_types", config.topic_types);
  auto options = config.options;
  for (auto& [name, value] : options) {
    if (is_secret(name)) value = "***";
  }
  show("options", options);
  return out + "}";
}

config::CollectorPlugin plugin() {
  return config::collector_plugin("kafka", parse, show, "topic_types", &Config::topic_types);
}

}  // namespace kcloud::kafka
