#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <regex>
#include <sstream>

#include "config/config.h"
#include "environment.h"

namespace kcloud::config {
namespace {

using simdjson::dom::element;
using testing::HasSubstr;

// The exporter's own keys as any text; its folder tests their defaults.
Plugins plugins() {
  const auto any = [](const char* type) {
    return CollectorPlugin{type,
                           [](Section& section) -> std::shared_ptr<const void> {
                             section.ignore_rest();
                             return nullptr;
                           },
                           [](const void*) { return std::string("{}"); },
                           [](const void*) { return TypeMap{}; },
                           [](const void*, const void*) { return true; }};
  };
  return {
      {any("redis"), any("kafka"), any("file")},
      {{"influxdb", false,
        [](Section& section) -> std::shared_ptr<const void> {
          for (const char* key :
               {"url", "api", "database", "retention_policy", "username", "password",
                "organization", "bucket", "token", "compression", "timeout_ms",
                "connect_timeout_ms", "ca_file", "tls_verify", "max_tag_values", "carry_seals"}) {
            std::string text;
            section.read(key, text);
          }
          std::map<std::string, std::string> tags;
          section.read("tags", tags);
          return nullptr;
        },
        [](const void*) { return std::string("{}"); }},
       {"forward", false,
        [](Section& section) -> std::shared_ptr<const void> {
          for (const char* key :
               {"token", "token_file", "compression", "failback", "timeout_ms",
                "connect_timeout_ms", "ca_file", "tls_verify", "certificate_file", "key_file"}) {
            std::string text;
            section.read(key, text);
          }
          std::vector<std::string> upstreams;
          section.read("upstreams", upstreams);
          return nullptr;
        },
        [](const void*) { return std::string("{}"); }},
       {"postgres", true,
        [](Section& section) -> std::shared_ptr<const void> {
          for (const char* key :
               {"url", "password", "schema", "migrate", "writer_role", "reader_role",
                "connect_timeout", "statement_timeout", "retention_days"}) {
            std::string text;
            section.read(key, text);
          }
          return nullptr;
        },
        [](const void*) { return std::string("{}"); }},
       {"elasticsearch", false,
        [](Section& section) -> std::shared_ptr<const void> {
          for (const char* key : {"prefix", "username", "password", "api_key", "manage_templates",
                                  "shards", "replicas", "carry_seals", "compression", "timeout",
                                  "connect_timeout", "ca_file", "tls_verify"}) {
            std::string text;
            section.read(key, text);
          }
          std::vector<std::string> urls;
          section.read("urls", urls);
          std::map<std::string, std::string> settings;
          section.read("index_settings", settings);
          return nullptr;
        },
        [](const void*) { return std::string("{}"); }}}};
}

// Takes the `#` away from lines where a key follows it at once or after an even number of blanks.
std::string uncommented() {
  std::istringstream lines{std::string(embedded_reference_config())};
  const std::regex option("^( *)#((  )*(- )?[a-z].*)$");
  std::string out, line;
  while (std::getline(lines, line)) out += std::regex_replace(line, option, "$1$2") + "\n";
  return out;
}

Config read(const std::string& text) {
  const auto environment =
      fake_environment({{"KCLOUD_INGEST_TOKEN", "0123456789abcdef"},
                        {"BILLING_WEBHOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
                        {"INFLUX_TOKEN", "secret"},
                        {"KCLOUD_FORWARD_TOKEN", "0123456789abcdef"},
                        {"KCLOUD_REDACT_KEY", "0123456789abcdef"},
                        {"ALERT_WEBHOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
                        {"ALERT_WEBHOOK_TOKEN", "0123456789abcdef"},
                        {"SLACK_WEBHOOK_URL", "https://hooks.slack.com/services/T/B/x"}},
                       {{"/run/secrets/logger-read-token", "fedcba9876543210\n"},
                        {"/run/secrets/scheduler-token", "scheduler-token-0001\n"},
                        {"/run/secrets/billing-webhook-secrets",
                         "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"
                         "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"}});
  Problems problems;
  Config config = parse_config(text, "kcloud-logger.yaml", plugins(), environment, problems);
  EXPECT_EQ(all(problems), "");
  return config;
}

TEST(Reference, AsItStandsItIsTheDefaults) {
  EXPECT_EQ(show_config(read(std::string(embedded_reference_config())), plugins()),
            show_config(default_config(plugins()), plugins()));
}

TEST(Reference, UncommentedItIsTheDefaultsAndTheExamples) {
  Config config = read(uncommented());
  ASSERT_EQ(config.http.tokens.size(), 3u);
  EXPECT_EQ(config.http.tokens[2].file_tokens, std::vector<Secret>{{"scheduler-token-0001"}});
  ASSERT_EQ(config.http.signatures.size(), 1u);
  EXPECT_EQ(config.http.signatures[0].tolerance, SignatureConfig{}.tolerance);
  EXPECT_EQ(config.http.signatures[0].file_secrets.size(), 2u);
  EXPECT_EQ(config.http.tokens[1].token.value, "fedcba9876543210");
  EXPECT_TRUE(config.http.anonymous_roles_set);
  ASSERT_EQ(config.exporters.size(), 5u);
  ExporterConfig untouched;
  untouched.name = config.exporters[0].name;
  untouched.type = "influxdb";
  Config one, other;
  one.exporters = {untouched};
  other.exporters = {config.exporters[0]};
  EXPECT_EQ(show_config(other, plugins()), show_config(one, plugins()));

  ASSERT_EQ(config.analytics.objectives.size(), 3u);
  EXPECT_EQ(config.analytics.objectives[2].kind, "events");
  config.analytics.objectives.pop_back();

  config.http.tokens.clear();
  config.http.signatures.clear();
  config.collectors.clear();
  config.exporters.clear();
  ASSERT_EQ(config.alerting.notifiers.size(), 3u);
  NotifierConfig peers;
  peers.name = "oncall";
  peers.type = "alertmanager";
  peers.urls = config.alerting.notifiers[0].urls;
  EXPECT_EQ(config.alerting.notifiers[0], peers);
  EXPECT_TRUE(config.alerting.notifiers[1].send_resolved);
  config.alerting.notifiers.clear();
  ASSERT_EQ(config.intake.redact.size(), 2u);
  config.intake.redact.clear();
  EXPECT_EQ(show_config(config, plugins()), show_config(default_config(plugins()), plugins()));
}

// The keys that a section allows, as its error for an unknown one lists them.
std::vector<std::string> allowed_keys(const std::string& text) {
  Problems problems;
  parse_config(text, "f.yaml", plugins(), fake_environment(), problems);
  std::vector<std::string> keys;
  if (problems.size() != 1) return keys;
  const std::string& message = problems[0].message;
  std::istringstream list(message.substr(message.find("allowed: ") + 9));
  for (std::string key; list >> key;) {
    if (key.ends_with(',')) key.pop_back();
    keys.push_back(key);
  }
  return keys;
}

TEST(Reference, NamesEveryOption) {
  Problems problems;
  Section root = Section::parse(uncommented(), "f.yaml",
                                fake_environment({{"KCLOUD_INGEST_TOKEN", "x"},
                                                  {"BILLING_WEBHOOK_SECRET", "x"},
                                                  {"INFLUX_TOKEN", "x"},
                                                  {"KCLOUD_FORWARD_TOKEN", "x"},
                                                  {"KCLOUD_REDACT_KEY", "x"},
                                                  {"ALERT_WEBHOOK_SECRET", "x"},
                                                  {"ALERT_WEBHOOK_TOKEN", "x"},
                                                  {"SLACK_WEBHOOK_URL", "x"}},
                                                 {{"/run/secrets/logger-read-token", "x"}}),
                                problems);
  const auto sections = allowed_keys("zzzz: 1\n");
  ASSERT_EQ(sections.size(), 11u);
  for (const auto& name : sections) {
    Section section = root.section(name);
    EXPECT_FALSE(section.empty()) << name;
    if (name == "exporters" || name == "collectors") continue;
    const auto keys = allowed_keys(name + ": {zzzz: 1}\n");
    EXPECT_GE(keys.size(), 2u) << name;
    for (const auto& key : keys) EXPECT_TRUE(section.has(key)) << name << "." << key;
  }
  const auto keys = allowed_keys("exporters: {x: {type: influxdb, zzzz: 1}}\n");
  EXPECT_GE(keys.size(), 20u);
  auto exporters = root.section("exporters").keys();
  ASSERT_EQ(exporters.size(), 5u);
  for (const auto& key : keys)
    EXPECT_TRUE(root.section("exporters").section(exporters[0]).has(key) ||
                root.section("exporters").section(exporters[1]).has(key))
        << key;
  const std::pair<const char*, std::size_t> others[] = {
      {"forward", 2}, {"postgres", 3}, {"elasticsearch", 4}};
  for (const auto& [type, at] : others) {
    for (const auto& key :
         allowed_keys(fmt::format("exporters: {{x: {{type: {}, zzzz: 1}}}}\n", type))) {
      const bool common = root.section("exporters").section(exporters[0]).has(key);
      EXPECT_TRUE(common || root.section("exporters").section(exporters[at]).has(key)) << key;
    }
  }
  for (const char* list : {"tokens", "signatures"}) {
    const std::string entry = fmt::format("http: {{{}: [{{zzzz: 1}}]}}\n", list);
    Problems found;
    parse_config(entry, "f.yaml", plugins(), fake_environment(), found);
    const std::string text = all(found);
    const std::size_t allowed = text.find("allowed: ");
    ASSERT_NE(allowed, std::string::npos) << text;
    std::istringstream words(text.substr(allowed + 9, text.find('\n', allowed) - allowed - 9));
    auto shown = root.section("http").list(list);
    int keys_seen = 0;
    for (std::string key; words >> key; ++keys_seen) {
      if (key.ends_with(',')) key.pop_back();
      EXPECT_TRUE(
          std::any_of(shown.begin(), shown.end(), [&](const Section& one) { return one.has(key); }))
          << list << "." << key;
    }
    EXPECT_GE(keys_seen, 6) << list;
  }
  auto notifiers = root.section("alerting").section("notifiers");
  const std::pair<const char*, const char*> types[] = {{"alertmanager", "urls: ['http://a']"},
                                                       {"webhook", "url: 'http://a'"},
                                                       {"slack", "url: 'http://a'"}};
  const auto names = notifiers.keys();
  ASSERT_EQ(names.size(), std::size(types));
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto& [type, needed] = types[i];
    const auto of_type = allowed_keys(
        fmt::format("alerting: {{notifiers: {{x: {{type: {}, {}, zzzz: 1}}}}}}\n", type, needed));
    EXPECT_GE(of_type.size(), 8u) << type;
    for (const auto& key : of_type)
      EXPECT_TRUE(std::any_of(names.begin(), names.begin() + static_cast<int>(i) + 1,
                              [&](const auto& one) { return notifiers.section(one).has(key); }))
          << type << "." << key;
  }
  for (const auto& key : allowed_keys("http: {cloudevents: {zzzz: 1}}\n"))
    EXPECT_TRUE(root.section("http").section("cloudevents").has(key)) << key;
  auto rules = root.section("intake").list("redact");
  for (const auto& key : allowed_keys("intake: {redact: [{path: a, action: drop, zzzz: 1}]}\n"))
    EXPECT_TRUE(rules[0].has(key) || rules[1].has(key)) << key;
}

TEST(Reference, ShowHasTheKeysOfTheFile) {
  simdjson::dom::parser parser;
  const std::string shown = show_config(default_config(plugins()), plugins());
  element root;
  ASSERT_EQ(parser.parse(shown).get(root), simdjson::SUCCESS);
  for (const auto& name : allowed_keys("zzzz: 1\n")) {
    ASSERT_EQ(root[name].error(), simdjson::SUCCESS) << name;
    if (name == "exporters") continue;
    for (const auto& key : allowed_keys(name + ": {zzzz: 1}\n"))
      EXPECT_EQ(root[name][key].error(), simdjson::SUCCESS) << name << "." << key;
  }
}

}  // namespace
}  // namespace kcloud::config
