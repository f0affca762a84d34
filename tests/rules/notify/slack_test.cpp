#include "rules/notify/slack.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include "core/json.h"
#include "tests/rules/notify/alerts.h"

namespace kcloud::rules::notify {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::resolved;
using testing::slow_scheduling;

std::string member(const std::string& json, const char* path) {
  return core::json_text_at(json, path);
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

TEST(Slack, EncodesAFiringAlert) {
  EXPECT_EQ(slack_alert(slow_scheduling(), "http://logger:8007"),
            R"({"color":"#a30200",)"
            R"("fallback":"FIRING: SlowScheduling: p99 612 ms, 최적 전력 효율성",)"
            R"("title":"FIRING: SlowScheduling: p99 612 ms, 최적 전력 효율성",)"
            R"("title_link":"http://logger:8007/alerts/00f067aa0ba902b7",)"
            R"("fields":[{"title":"scheduler","value":"meta","short":true},)"
            R"({"title":"severity","value":"critical","short":true}],)"
            R"("footer":"since 2025-01-15T10:30:00Z, value 612.5, 57 events"})");
}

TEST(Slack, ColourTellsHowBad) {
  const struct {
    const char* severity;
    bool is_over;
    const char* want;
  } cases[] = {{"critical", false, "#a30200"}, {"page", false, "#a30200"},
               {"warning", false, "#daa038"},  {"", false, "#daa038"},
               {"info", false, "#439fe0"},     {"critical", true, "#2eb886"}};
  for (const auto& test : cases) {
    Transition transition = slow_scheduling();
    transition.alert.labels["severity"] = test.severity;
    if (test.is_over) transition = resolved(transition);
    EXPECT_EQ(member(slack_alert(transition, ""), "color"), test.want) << test.severity;
  }
}

TEST(Slack, AResolvedAlertHasItsEndAndWhy) {
  const std::string text = slack_alert(resolved(slow_scheduling()), "");
  EXPECT_THAT(member(text, "title"), HasSubstr("RESOLVED: SlowScheduling"));
  EXPECT_THAT(member(text, "footer"),
              HasSubstr("since 2025-01-15T10:30:00Z until 2025-01-15T10:42:00Z, condition"));
}

TEST(Slack, OtherAnnotationsFollowTheDescription) {
  Transition transition = slow_scheduling();
  transition.alert.annotations = {
      {"description", "first"}, {"runbook", "http://r"}, {"summary", ""}};
  EXPECT_EQ(member(slack_alert(transition, ""), "text"), "first\nrunbook: http://r");
}

// An event's text must not call a whole channel.
TEST(Slack, NothingMentionsOrLinks) {
  Transition transition = slow_scheduling();
  transition.alert.labels["scheduler"] = "<!channel> & <http://evil|ok>";
  transition.alert.annotations = {{"summary", "<@U1>"}, {"description", "<!here>"}};
  const std::string text = slack_alert(transition, "");
  EXPECT_THAT(text, Not(HasSubstr("<")));
  EXPECT_THAT(text, HasSubstr("&lt;!channel&gt; &amp; &lt;http://evil|ok&gt;"));
  const std::string alerts[] = {text};
  EXPECT_THAT(slack_body({"chat", "{scheduler=\"<!channel>\"}", 1, 0}, alerts),
              Not(HasSubstr("<")));
}

TEST(Slack, LongTextsAreCutBetweenCharacters) {
  std::string korean;
  for (int i = 0; i < 5000; ++i) korean += "전";
  Transition transition = slow_scheduling();
  transition.alert.annotations = {{"summary", korean}, {"description", korean + "<"}};
  transition.alert.labels["scheduler"] = korean;
  const std::string text = slack_alert(transition, "");
  simdjson::dom::parser parser;
  EXPECT_EQ(parser.parse(text).error(), simdjson::SUCCESS);
  EXPECT_EQ(text.find("\xEF\xBF\xBD"), std::string::npos) << "half a character";
  EXPECT_EQ(characters(member(text, "title")), 150u);
  EXPECT_EQ(characters(member(text, "text")), 2000u);
  EXPECT_TRUE(member(text, "text").ends_with("전…"));
  EXPECT_LT(text.size(), 10'000u);
}

TEST(Slack, WhatIsNoTextIsCutToo) {
  Transition transition = slow_scheduling();
  transition.alert.annotations = {{"description", std::string(1 << 20, '\x80')}};
  EXPECT_LT(slack_alert(transition, "").size(), 30'000u);
}

TEST(Slack, AMessageShowsSomeAndCountsTheRest) {
  const std::vector<std::string> alerts(23, "{}");
  const std::string text = slack_body({"chat", "{alertname=\"A\"}", 22, 1}, alerts);
  EXPECT_EQ(member(text, "text"), "[FIRING:22] [RESOLVED:1] {alertname=\"A\"} and 3 more");
  simdjson::dom::parser parser;
  const simdjson::dom::array shown = parser.parse(text)["attachments"];
  EXPECT_EQ(shown.size(), 20u);
  EXPECT_EQ(member(slack_body({"chat", "{}", 1, 0}, std::span(alerts).first(1)), "text"),
            "[FIRING:1] {}");
}

}  // namespace kcloud::rules::notify
