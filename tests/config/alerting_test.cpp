#include "config/alerting.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/config.h"
#include "environment.h"

namespace kcloud::config {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Config read(const std::string& text, std::string& problems) {
  Problems found;
  const auto environment =
      fake_environment({{"SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
                        {"SLACK", "https://hooks.slack.com/services/T/B/hidden"}});
  Config config = parse_config(text, "f.yaml", {}, environment, found);
  problems = all(found);
  return config;
}

constexpr const char* kWhole = R"(
alerting:
  external_url: https://logger.example.com/
  group_by: [alertname, cluster]
  group_wait: 0ms
  group_interval: 5m
  notify_max_age: 2h
  retry_for: 6h
  notifiers:
    oncall:
      type: alertmanager
      urls: ["http://a:9093/", "https://b/prefix/"]
      username: logger
      password: hidden
      resend_interval: 30s
    hooks:
      type: webhook
      url: https://hooks.example.com/alerts?key=hidden
      secret: ${SECRET}
      headers: {X-Team: hidden}
      send_resolved: false
      timeout: 3s
    chat: {type: slack, url: "${SLACK}", enabled: false}
)";

TEST(Alerting, ReadsEveryOption) {
  std::string problems;
  const AlertingConfig config = read(kWhole, problems).alerting;
  EXPECT_EQ(problems, "");
  EXPECT_EQ(config.external_url, "https://logger.example.com");
  EXPECT_THAT(config.group_by, ElementsAre("alertname", "cluster"));
  EXPECT_EQ(config.group_wait, seconds(0));
  EXPECT_EQ(config.group_interval, minutes(5));
  EXPECT_EQ(config.notify_max_age, minutes(120));
  EXPECT_EQ(config.retry_for, minutes(360));
  ASSERT_EQ(config.notifiers.size(), 3u);
  const NotifierConfig& oncall = config.notifiers[0];
  EXPECT_EQ(oncall.name, "oncall");
  EXPECT_THAT(oncall.urls, ElementsAre("http://a:9093", "https://b/prefix"));
  EXPECT_EQ(oncall.username, "logger");
  EXPECT_EQ(oncall.password.value, "hidden");
  EXPECT_EQ(oncall.resend_interval, seconds(30));
  const NotifierConfig& hooks = config.notifiers[1];
  EXPECT_EQ(hooks.secret.value, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  EXPECT_EQ(hooks.headers.at("X-Team").value, "hidden");
  EXPECT_FALSE(hooks.send_resolved);
  EXPECT_EQ(hooks.timeout, seconds(3));
  EXPECT_EQ(config.notifiers[2].url.value, "https://hooks.slack.com/services/T/B/hidden");
  EXPECT_FALSE(config.notifiers[2].enabled);
}

TEST(Alerting, ShowsNoSecrets) {
  std::string problems;
  const std::string shown = show_config(read(kWhole, problems), {});
  EXPECT_THAT(shown, Not(HasSubstr("hidden")));
  EXPECT_THAT(shown, Not(HasSubstr("whsec_")));
  EXPECT_THAT(shown, HasSubstr(R"("headers":{"X-Team":"***"})"));
  EXPECT_THAT(shown, HasSubstr(R"("urls":["http://a:9093","https://b/prefix"])"));
}

TEST(Alerting, ProblemsNameTheirPlace) {
  const struct {
    const char* name;
    const char* text;
    const char* problem;
  } cases[] = {
      {"no type", "{}", "needs `type`: one of alertmanager, webhook, slack"},
      {"unknown type", "{type: mail}", "alertmanager, webhook, slack"},
      {"no url", "{type: slack}", "a notifier of type slack needs `url`"},
      {"no http", "{type: webhook, url: 'ftp://hidden'}", "url: expected http://… or https://…"},
      {"a user", "{type: webhook, url: 'http://hidden@host/'}", "expected no user in the URL"},
      {"no peers", "{type: alertmanager}", "urls: must name 1 to 16 Alertmanagers"},
      {"a query", "{type: alertmanager, urls: ['http://a?b']}", "expected no query in the URL"},
      {"twice", "{type: alertmanager, urls: ['http://a', 'http://a/']}", "is there twice"},
      {"both", "{type: alertmanager, urls: ['http://a'], username: u, token: hidden}",
       "expected either `token` or `username` and `password`"},
      {"bad secret", "{type: webhook, url: 'http://a', secret: hidden}",
       "must begin with `whsec_`"},
      {"bad header", "{type: webhook, url: 'http://a', headers: {'a b': hidden}}",
       "headers: expected names and values of header fields"},
      {"two lines", "{type: webhook, url: 'http://a', headers: {a: \"hidden\\nb: c\"}}",
       "headers: expected names and values of header fields"},
      {"ours", "{type: webhook, url: 'http://a', headers: {Webhook-Id: hidden}}",
       "'Webhook-Id' is set by the agent"},
      {"other type's", "{type: slack, url: 'http://a', secret: hidden}", "unknown key 'secret'"},
      {"backoff", "{type: slack, url: 'http://a', backoff_max: 500ms}",
       "smaller than backoff_initial"},
  };
  for (const auto& test : cases) {
    std::string problems;
    read(std::string("alerting:\n  notifiers:\n    one: ") + test.text + "\n", problems);
    EXPECT_THAT(problems, HasSubstr(test.problem)) << test.name;
    EXPECT_THAT(problems, HasSubstr("f.yaml:3:")) << test.name;
    EXPECT_THAT(problems, HasSubstr("alerting.notifiers.one")) << test.name;
    EXPECT_THAT(problems, Not(HasSubstr("hidden"))) << test.name;
  }
}

TEST(Alerting, GroupsAreOfNamedLabelsOrOfAll) {
  for (const char* text : {"[]", "['...']", "alertname", "[a, b]"}) {
    std::string problems;
    read(std::string("alerting: {group_by: ") + text + "}\n", problems);
    EXPECT_EQ(problems, "") << text;
  }
  for (const char* text : {"['']", "['...', a]"}) {
    std::string problems;
    read(std::string("alerting: {group_by: ") + text + "}\n", problems);
    EXPECT_THAT(problems, HasSubstr("expected names of labels, or `...` alone")) << text;
  }
}

TEST(Alerting, AMissingVariableIsToldOnce) {
  std::string problems;
  read("alerting: {notifiers: {chat: {type: slack, url: '${NOT_SET}'}}}\n", problems);
  EXPECT_EQ(std::count(problems.begin(), problems.end(), '\n'), 1) << problems;
}

}  // namespace
}  // namespace kcloud::config
