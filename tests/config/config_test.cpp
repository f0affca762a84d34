#include "config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/redact.h"
#include "environment.h"

namespace kcloud::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

struct SinkOptions {
  std::string url = "http://localhost";
  Secret password;
};

Plugins plugins() {
  const auto parse = [](Section& section) -> std::shared_ptr<const void> {
    auto options = std::make_shared<SinkOptions>();
    section.read("url", options->url);
    section.read("password", options->password);
    if (options->url.empty()) section.fail("url", "must not be empty");
    return options;
  };
  const auto show = [](const void* pointer) {
    const auto& options = *static_cast<const SinkOptions*>(pointer);
    return R"({"url":")" + options.url + R"(","password":"***"})";
  };
  const auto equal = [](const void* one, const void* other) { return one == other; };
  const auto types = [](const void*) { return TypeMap{}; };
  return {{{"source", parse, show, types, equal}},
          {{"sink", false, parse, show}, {"ledger", true, parse, show, true}}};
}

Config read(const std::string& text, std::string& problems,
            const Environment& environment = fake_environment()) {
  Problems found;
  Config config = parse_config(text, "f.yaml", plugins(), environment, found);
  problems = all(found);
  return config;
}

Config read_well(const std::string& text) {
  std::string problems;
  Config config = read(text, problems);
  EXPECT_EQ(problems, "");
  return config;
}

constexpr const char* kToken = "0123456789abcdef";

TEST(Config, AnEmptyFileIsTheDefaults) {
  const Config config = read_well("");
  EXPECT_EQ(config.agent.cluster, "default");
  EXPECT_EQ(config.http.listen, "127.0.0.1:8007");
  EXPECT_EQ(config.journal.max_bytes, 10ull << 30);
  EXPECT_THAT(config.exporters, IsEmpty());
  ASSERT_NE(config.catalogue, nullptr);
  EXPECT_NE(config.catalogue->find_endpoint("scheduling"), nullptr);
  EXPECT_EQ(show_config(config, plugins()), show_config(default_config(plugins()), plugins()));
}

TEST(Config, ReadsEverySection) {
  const Config config = read_well(
      "agent: {name: a, cluster: c, data_dir: /d, default_zone: UTC, tags: {site: s}, "
      "shutdown_timeout: 2s}\n"
      "log: {level: debug, format: json}\n"
      "http: {listen: '[::1]:0', max_body_bytes: 1MiB, idle_timeout: 500ms,\n"
      "  cloudevents: {allowed_origins: [eventgrid.example, '*'], allowed_rate: 120}}\n"
      "intake: {accept_unknown_types: false, max_event_bytes: 2KiB}\n"
      "journal: {max_bytes: 1GiB, max_age: 7d, group_wait: 3ms}\n"
      "exporters:\n  one: {type: sink, batch_events: 5, url: http://x, enabled: false}\n"
      "  two: {type: ledger}\n");
  EXPECT_EQ(config.agent.name, "a");
  EXPECT_EQ(config.agent.tags.at("site"), "s");
  EXPECT_EQ(config.agent.shutdown_timeout, std::chrono::seconds(2));
  EXPECT_EQ(config.log.level, "debug");
  EXPECT_EQ(config.http.idle_timeout, milliseconds(500));
  EXPECT_EQ(config.http.cloudevents.allowed_origins,
            (std::vector<std::string>{"eventgrid.example", "*"}));
  EXPECT_EQ(config.http.cloudevents.allowed_rate, 120u);
  EXPECT_FALSE(config.intake.accept_unknown_types);
  EXPECT_EQ(config.intake.max_event_bytes, 2048u);
  EXPECT_EQ(config.journal.max_age, std::chrono::hours(168));
  ASSERT_EQ(config.exporters.size(), 2u);
  EXPECT_EQ(config.exporters[0].name, "one");
  EXPECT_EQ(config.exporters[0].delivery.batch_events, 5u);
  EXPECT_FALSE(config.exporters[0].enabled);
  EXPECT_FALSE(config.exporters[0].required);
  EXPECT_TRUE(config.exporters[1].required);
  EXPECT_EQ(static_cast<const SinkOptions*>(config.exporters[0].options.get())->url, "http://x");
}

struct Access {
  std::string name;
  std::string http;
  std::vector<std::string> want;
};

TEST(Config, AnonymousRolesFollowListenerAndTokens) {
  const std::string tokens =
      std::string("tokens: [{name: t, roles: [read], token: ") + kToken + "}]";
  const std::vector<std::string> all_roles{"ingest", "read", "admin"};
  const Access cases[] = {
      {"loopback", "listen: 127.0.0.1:8007", all_roles},
      {"loopback by name", "listen: localhost:8007", all_roles},
      {"loopback v6", "listen: '[::1]:8007'", all_roles},
      {"loopback with tokens", tokens, {}},
      {"beyond with tokens", "listen: 0.0.0.0:8007, " + tokens, {}},
      {"beyond, written down",
       "listen: 0.0.0.0:8007, anonymous_roles: [ingest, read]",
       {"ingest", "read"}},
      {"written down as none", "listen: 0.0.0.0:8007, anonymous_roles: []", {}},
      {"client certificates",
       "listen: 0.0.0.0:8007, tls: {certificate: c, key: k, client_ca: a, client_auth: required, "
       "client_roles: [ingest]}",
       {}},
      {"tokens and written down", tokens + ", anonymous_roles: ingest", {"ingest"}},
  };
  for (const auto& c : cases)
    EXPECT_EQ(read_well("http: {" + c.http + "}\n").http.anonymous_roles, c.want) << c.name;
}

TEST(Config, AListenerChangedLaterIsJudgedAgain) {
  HttpConfig http = default_config({}).http;
  http.listen = "0.0.0.0:8007";
  EXPECT_THAT(settle_anonymous_roles(http), HasSubstr("anonymous_roles: [ingest, read]"));
  EXPECT_THAT(http.anonymous_roles, IsEmpty());
  http.listen = "127.0.0.1:1";
  EXPECT_EQ(settle_anonymous_roles(http), "");
  EXPECT_THAT(http.anonymous_roles, ElementsAre("ingest", "read", "admin"));
}

TEST(Config, IsLoopback) {
  for (const char* listen : {"127.0.0.1:1", "127.1.2.3:1", "[::1]:1", "localhost:1"})
    EXPECT_TRUE(is_loopback(listen)) << listen;
  for (const char* listen : {"0.0.0.0:1", "[::]:1", "10.0.0.1:1", "127.evil.example.org:1",
                             "127.0.0.1.evil:1", "logger:1", "", "127.0.0.1", "::1:1", ":1"})
    EXPECT_FALSE(is_loopback(listen)) << listen;
}

struct Case {
  std::string text;
  std::string want;
};

TEST(Config, ReportsWhatItMeansAtItsPlace) {
  const Case cases[] = {
      {"http:\n  listen: 8007\n", "f.yaml:2:11: error: http.listen: expected HOST:PORT, such as"},
      {"http:\n  listen: h:99999\n", "f.yaml:2:11: error: http.listen: expected HOST:PORT"},
      {"http:\n  listen: ::1:80\n", "f.yaml:2:11: error: http.listen: expected HOST:PORT"},
      {"http:\n  listen: 0.0.0.0:8007\n",
       "f.yaml:2:11: error: http.listen: 0.0.0.0:8007 is reachable from other machines and there "
       "are no tokens; name some under http.tokens, or allow it in so many words: "
       "http.anonymous_roles: [ingest, read]"},
      {"http:\n  cloudevents:\n    allowed_origins: ['https://x']\n",
       "f.yaml:3:5: error: http.cloudevents.allowed_origins: 'https://x' is no DNS name"},
      {"http:\n  cloudevents:\n    allowed_rate: -1\n", "http.cloudevents.allowed_rate: expected"},
      {"http:\n  cloudevents:\n    origins: [x]\n",
       "f.yaml:3:5: error: http.cloudevents: unknown key 'origins'"},
      {"http:\n  tls:\n    certificate: c.pem\n",
       "f.yaml:3:18: error: http.tls.certificate: `certificate` and `key` belong together"},
      {"http:\n  tls:\n    key: k.pem\n",
       "f.yaml:3:10: error: http.tls.key: `certificate` and `key` belong together"},
      {"http:\n  tls:\n    client_auth: required\n    client_ca: a\n",
       "f.yaml:3:18: error: http.tls.client_auth: needs `certificate` and `key`"},
      {"http:\n  tls: {certificate: c, key: k, client_auth: optional}\n",
       "http.tls.client_auth: needs `client_ca`"},
      {"http:\n  tls: {certificate: c, key: k, client_ca: a}\n",
       "http.tls.client_ca: has no effect while `client_auth` is none"},
      {"http:\n  tls: {certificate: c, key: k, client_roles: [ingest]}\n",
       "http.tls.client_roles: nobody gets them while `client_auth` is none"},
      {"http:\n  tls: {min_version: 1.1}\n", "http.tls.min_version: "},
      {"http:\n  anonymous_roles: [raed]\n",
       "f.yaml:2:3: error: http.anonymous_roles: 'raed' is no role (did you mean 'read'?); "
       "allowed: "
       "ingest, read, admin"},
      {"http:\n  anonymous_roles: [forward]\n", "http.anonymous_roles: 'forward' is no role"},
      {"http:\n  tokens:\n    - name: a\n      roles: [read]\n      token: short\n",
       "f.yaml:5:14: error: http.tokens[0].token: must have at least 16 characters"},
      {"http:\n  tokens:\n    - name: a\n      roles: [read]\n      token: \"\"\n",
       "f.yaml:5:14: error: http.tokens[0].token: must have at least 16 characters"},
      {"http:\n  tokens:\n    - name: a\n      roles: [read]\n      token: 0123456789abcdef gh\n",
       "http.tokens[0].token: must be printable ASCII"},
      {"http:\n  tokens:\n    - name: a\n      roles: [read]\n",
       "f.yaml:3:7: error: http.tokens[0]: a token needs `token` or `token_file`"},
      {"http:\n  tokens:\n    - {name: a, roles: [read], token_file: /none}\n",
       "f.yaml:3:44: error: http.tokens[0].token_file: the file cannot be read"},
      {"http:\n  tokens:\n    - {name: anonymous, roles: [read], token: 0123456789abcdef}\n",
       "f.yaml:3:14: error: http.tokens[0].name: 'anonymous' stands for requests without a token"},
      {"http:\n  tokens:\n    - {name: a, roles: [read], token: 0123456789abcdef, "
       "burst_events: 5}\n",
       "http.tokens[0].burst_events: has no meaning without max_events_per_s"},
      {"http:\n  anonymous_burst_events: 5\n",
       "f.yaml:2:27: error: http.anonymous_burst_events: has no meaning without "
       "anonymous_max_events_per_s"},
      {"http:\n  signatures:\n    - {name: a, scheme: githbu, secrets: [0123456789abcdef]}\n",
       "http.signatures[0].scheme: expected one of standard_webhooks, github, found 'githbu'"},
      {"http:\n  signatures:\n    - {name: a, secrets: [0123456789abcdef]}\n",
       "f.yaml:3:7: error: http.signatures[0]: a signature needs `scheme`"},
      {"http:\n  signatures:\n    - {name: a, scheme: github}\n",
       "f.yaml:3:7: error: http.signatures[0]: a signature needs `secrets` or `secrets_file`"},
      {"http:\n  signatures:\n    - {name: a, scheme: github, secrets: [short]}\n",
       "f.yaml:3:33: error: http.signatures[0].secrets: secret 1 must have at least 16 bytes"},
      {"http:\n  signatures:\n    - {name: a, scheme: standard_webhooks, secrets: "
       "[0123456789abcdef]}\n",
       "http.signatures[0].secrets: secret 1 must begin with `whsec_`"},
      {"http:\n  signatures:\n    - {name: a, scheme: standard_webhooks, secrets: "
       "[whsec_0123456789abcde]}\n",
       "http.signatures[0].secrets: secret 1 must be base64 behind `whsec_`"},
      {"http:\n  signatures:\n    - {name: a, scheme: standard_webhooks, secrets: "
       "[whsec_MDEyMzQ1Njc4OWFiY2Q=]}\n",
       "http.signatures[0].secrets: secret 1 must stand for at least 16 bytes"},
      {"http:\n  signatures:\n    - {name: a, scheme: github, secrets: [\"${NOPE}\"]}\n",
       "http.signatures[0].secrets[0]: environment variable NOPE is not set"},
      {"http:\n  signatures:\n    - {name: a, scheme: github, secrets: [0123456789abcdef], "
       "tolerance: 2d}\n",
       "http.signatures[0].tolerance: expected a duration from 1s to 1d"},
      {"http:\n  tokens:\n    - {name: a, roles: [read], token: 0123456789abcdef}\n"
       "  signatures:\n    - {name: a, scheme: github, secrets: [0123456789abcdef]}\n",
       "f.yaml:5:14: error: http.signatures[0].name: 'a' is the name of another token"},
      {"http:\n  tokens:\n    - token: 0123456789abcdef\n      roles: [read]\n",
       "f.yaml:3:7: error: http.tokens[0].name: a token needs a name"},
      {"http:\n  tokens:\n    - {name: a, token: 0123456789abcdef}\n",
       "http.tokens[0].roles: a token needs at least one of ingest, read, admin"},
      {"http:\n  tokens:\n    - {name: a, roles: [read], token: 0123456789abcdef}\n"
       "    - {name: a, roles: [read], token: 0123456789abcdeF}\n",
       "f.yaml:4:14: error: http.tokens[1].name: 'a' is the name of another token or signature"},
      {"http:\n  tokens:\n    - {name: a, roles: [read], token: 0123456789abcdef}\n"
       "    - {name: b, roles: [read], token: 0123456789abcdef}\n",
       "http.tokens[1].token: the same as another token's"},
      {"http:\n  tokens:\n    - {name: a, roles: [reed], token: 0123456789abcdef}\n",
       "http.tokens[0].roles: 'reed' is no role (did you mean 'read'?)"},
      {"agent:\n  default_zone: Mars/Olympus\n",
       "f.yaml:2:17: error: agent.default_zone: not a time zone"},
      {"agent:\n  data_dir: \"\"\n", "f.yaml:2:13: error: agent.data_dir: must not be empty"},
      {"journal:\n  max_bytes: 1KiB\n",
       "f.yaml:2:14: error: journal.max_bytes: expected a size from 16MiB to 1024TiB"},
      {"intake:\n  unwrap: [log, \"\"]\n", "f.yaml:2:3: error: intake.unwrap: a key must not be"},
      {"intake:\n  redact:\n    - {path: owner}\n",
       "f.yaml:3:7: error: intake.redact[0]: a rule needs an `action`"},
      {"intake:\n  redact:\n    - {action: drop}\n",
       "f.yaml:3:7: error: intake.redact[0]: a rule needs a `path`"},
      {"intake:\n  redact:\n    - {path: owner, action: dorp}\n",
       "f.yaml:3:29: error: intake.redact[0].action: expected one of drop, mask, hash"},
      {"intake:\n  redact:\n    - {path: owner, action: hash}\n",
       "f.yaml:3:7: error: intake.redact[0]: hash needs a `key`"},
      {"intake:\n  redact:\n    - {path: owner, action: hash, key: shortsecret}\n",
       "f.yaml:3:40: error: intake.redact[0].key: must have at least 16 characters"},
      {"intake:\n  redact:\n    - {path: owner, action: hash, key: \"${NONE}\"}\n",
       "f.yaml:3:40: error: intake.redact[0].key:"},
      {"intake:\n  redact:\n    - {path: owner, action: drop, key: 0123456789abcdef}\n",
       "intake.redact[0].key: belongs to the action hash alone"},
      {"intake:\n  redact:\n    - {path: owner, action: drop, keep_last: 4}\n",
       "intake.redact[0].keep_last: belongs to the action mask alone"},
      {"intake:\n  redact:\n    - {path: owner, action: drop, type: alret}\n",
       "intake.redact[0].type: 'alret' is no event type (did you mean 'alert'?)"},
      {"intake:\n  redact:\n    - path: owner\n      action: drop\n    - path: message\n"
       "      action: drop\n",
       "f.yaml:5:13: error: intake.redact[1].path: 'message' of alert is required"},
      {"intake:\n  redact:\n    - {name: x, path: a, action: drop}\n"
       "    - {name: x, path: b, action: drop}\n",
       "f.yaml:4:14: error: intake.redact[1].name: 'x' is the name of another rule"},
      {"intake:\n  catalogue_files: [/none.yaml]\n", "/none.yaml: error: cannot be read"},
      {"exporters:\n  x: {type: influx}\n",
       "f.yaml:2:13: error: exporters.x.type: expected one of sink, ledger, found 'influx'"},
      {"exporters:\n  x: {url: a}\n",
       "f.yaml:2:3: error: exporters.x: needs `type`: one of sink, ledger"},
      {"exporters:\n  a b: {type: sink}\n", "f.yaml:2:3: error: exporters.a b: an exporter's name"},
      {"exporters:\n  x: {type: sink, ulr: a}\n",
       "f.yaml:2:19: error: exporters.x: unknown key 'ulr' (did you mean 'url'?)"},
      {"exporters:\n  x: {type: sink, url: \"\"}\n",
       "f.yaml:2:24: error: exporters.x.url: must not be empty"},
      {"exporters:\n  x:\n    type: sink\n    backoff_max: 100ms\n",
       "f.yaml:4:18: error: exporters.x.backoff_max: smaller than backoff_initial"},
      {"exporter: {}\n", "unknown key 'exporter' (did you mean 'exporters'?)"},
  };
  for (const auto& c : cases) {
    std::string problems;
    read(c.text, problems);
    EXPECT_THAT(problems, HasSubstr(c.want)) << c.text;
    EXPECT_EQ(std::count(problems.begin(), problems.end(), '\n'), 1) << problems;
  }
}

TEST(Config, RedactionRulesAreReadAndShownWithoutTheirKeys) {
  const Config config = read_well(
      "intake:\n  unwrap: []\n  redact:\n"
      "    - {path: owner, action: hash, key: 0123456789abcdef, type: scheduling}\n"
      "    - {name: cards, path: 'cards[].number', action: mask, keep_last: 4}\n");
  EXPECT_THAT(config.intake.unwrap, IsEmpty());
  const auto redaction = decode_options(config).redaction;
  ASSERT_NE(redaction, nullptr);
  EXPECT_EQ(redaction->rules()[0].name, "1");
  EXPECT_EQ(redaction->rules()[0].type, "scheduling");
  EXPECT_EQ(redaction->rules()[0].key, "0123456789abcdef");
  EXPECT_EQ(redaction->rules()[1].name, "cards");
  EXPECT_EQ(redaction->rules()[1].type, "");
  EXPECT_EQ(redaction->rules()[1].keep_last, 4u);
  const std::string shown = show_config(config, plugins());
  EXPECT_THAT(shown, Not(HasSubstr("0123456789abcdef")));
  EXPECT_THAT(shown, HasSubstr(R"("unwrap":[],"redact":[{"name":"","type":"scheduling",)"
                               R"("path":"owner","action":"hash","key":"***","keep_last":0},)"));
  EXPECT_EQ(decode_options(read_well("")).redaction, nullptr);
}

TEST(Config, ProblemsAreSortedByPlace) {
  std::string problems;
  read("zzz: 1\nexporters:\n  x: {type: nope}\nagent:\n  default_zone: X\n", problems);
  EXPECT_LT(problems.find("f.yaml:1:"), problems.find("f.yaml:3:"));
  EXPECT_LT(problems.find("f.yaml:3:"), problems.find("f.yaml:5:"));
}

TEST(Config, AMissingSecretIsReportedOnce) {
  std::string problems;
  read("http:\n  tokens:\n    - name: a\n      token: ${NOPE}\n      roles: [read]\n", problems);
  EXPECT_EQ(problems,
            "f.yaml:4:14: error: http.tokens[0].token: environment variable NOPE is not set\n");
}

TEST(Config, SignaturesCloseAListenerAsTokensDo) {
  const Config config = read_well(
      "http: {listen: 0.0.0.0:8007, signatures: [{name: a, scheme: github, secrets: "
      "[0123456789abcdef]}]}\n");
  EXPECT_THAT(config.http.anonymous_roles, IsEmpty());
}

TEST(Config, TokensAndSecretsFromFilesStandBesideThoseOfTheFile) {
  std::string problems;
  const auto environment = fake_environment(
      {}, {{"/t", "file-token-00001\r\n\nfile-token-00002\n"}, {"/s", "0123456789abcdef ä"}});
  const Config config = read(
      "http:\n  tokens: [{name: t, roles: [read], token: token-token-token, token_file: /t}]\n"
      "  signatures: [{name: s, scheme: github, secrets_file: /s}]\n",
      problems, environment);
  EXPECT_EQ(problems, "");
  EXPECT_EQ(config.http.tokens[0].token.value, "token-token-token");
  EXPECT_EQ(config.http.tokens[0].file_tokens,
            (std::vector<Secret>{{"file-token-00001"}, {"file-token-00002"}}));
  EXPECT_EQ(config.http.signatures[0].file_secrets, std::vector<Secret>{{"0123456789abcdef ä"}});
  const std::string shown = show_config(config, plugins());
  EXPECT_THAT(shown, HasSubstr(R"("token_file":"/t")"));
  EXPECT_THAT(shown, HasSubstr(R"("secrets_file":"/s")"));
  for (const char* secret : {"file-token", "token-token", "0123456789"})
    EXPECT_THAT(shown, Not(HasSubstr(secret)));
}

TEST(Config, AMessageAboutAFileNamesTheLineAndNoPartOfIt) {
  const std::string fourteen(17, 'x');
  std::string many;
  for (int i = 0; i < 17; ++i) many += fourteen + "\n";
  struct FileCase {
    std::string content;
    const char* want;
  };
  const FileCase cases[] = {
      {"", "token_file: the file is empty; expected one a line"},
      {"\n\r\n", "token_file: the file is empty; expected one a line"},
      {"good-token-000001\nsecret\n", "token_file: line 2 must have at least 16"},
      {"secret secret secret\n", "token_file: line 1 must be printable ASCII"},
      {many, "token_file: holds more than 16 lines"}};
  for (const auto& c : cases) {
    std::string problems;
    read("http:\n  tokens: [{name: t, roles: [read], token_file: /t}]\n", problems,
         fake_environment({}, {{"/t", c.content}}));
    EXPECT_THAT(problems, HasSubstr(c.want));
    EXPECT_THAT(problems, Not(HasSubstr("secret")));
  }
}

TEST(ShowConfig, MasksSecretsAndKeepsTheKeysOfTheFile) {
  std::string problems;
  const auto environment = fake_environment({{"T", "token-token-token"}}, {{"/p", "pass-word\n"}});
  const Config config = read(
      "http:\n  tokens: [{name: t, roles: [read], token: \"${T}\"}]\n"
      "exporters:\n  one: {type: sink, password: \"${file:/p}\"}\n",
      problems, environment);
  EXPECT_EQ(problems, "");
  EXPECT_EQ(config.http.tokens[0].token.value, "token-token-token");
  const std::string shown = show_config(config, plugins());
  EXPECT_THAT(shown, Not(HasSubstr("token-token-token")));
  EXPECT_THAT(shown, Not(HasSubstr("pass-word")));
  EXPECT_THAT(shown, HasSubstr(R"("tokens":[{"name":"t","token":"***","token_file":"",)"));
  EXPECT_THAT(shown, HasSubstr(R"("exporters":{"one":{"type":"sink","enabled":true,)"));
  EXPECT_THAT(shown, HasSubstr(R"("url":"http://localhost","password":"***"}})"));
  EXPECT_THAT(shown, HasSubstr(R"("shutdown_timeout":"10s")"));
  EXPECT_THAT(shown, HasSubstr(R"("max_bytes":10737418240)"));
}

TEST(Config, ASinkOfSealedBatchesNeedsThem) {
  std::string problems;
  const std::string sink = "exporters:\n  rows:\n    type: ledger\n";
  read("audit: {enabled: false}\n" + sink, problems);
  EXPECT_THAT(problems, HasSubstr("f.yaml:4:11: error: exporters.rows.type: ledger stores sealed "
                                  "batches, and audit.enabled is false"));
  read(sink, problems);
  EXPECT_EQ(problems, "");
  read("audit: {enabled: false}\n" + sink + "    enabled: false\n", problems);
  EXPECT_EQ(problems, "");
}

}  // namespace
}  // namespace kcloud::config
