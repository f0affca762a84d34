#include "rules/notify/webhook.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base64.h"
#include "tests/rules/notify/alerts.h"

namespace kcloud::rules::notify {

using testing::at;
using ::testing::HasSubstr;
using testing::resolved;
using testing::slow_scheduling;

TEST(Webhook, EncodesAFiringAlert) {
  EXPECT_EQ(webhook_alert(slow_scheduling(), "http://logger:8007"),
            R"({"status":"firing","fingerprint":"00f067aa0ba902b7","rule":"SlowScheduling",)"
            R"("labels":{"alertname":"SlowScheduling","scheduler":"meta","severity":"critical"},)"
            R"("annotations":{"summary":"p99 612 ms, 최적 전력 효율성"},)"
            R"("startsAt":"2025-01-15T10:30:00Z","endsAt":null,"value":612.5,"count":57,)"
            R"("evidence":["01946983-4c40-8356-9066-5a90773929da"],)"
            R"("why":[{"text":"count(scheduling_decision[5m]) >= 50","value":1},)"
            R"j({"text":"baseline(x, 1d)","value":null,"missing":"warming_up"}],)j"
            R"("generatorURL":"http://logger:8007/alerts/00f067aa0ba902b7"})");
}

TEST(Webhook, AResolvedAlertHasItsEndAndWhy) {
  const std::string text = webhook_alert(resolved(slow_scheduling()), "");
  EXPECT_THAT(text, HasSubstr(R"("status":"resolved")"));
  EXPECT_THAT(text, HasSubstr(R"("endsAt":"2025-01-15T10:42:00Z","reason":"condition")"));
}

TEST(Webhook, AnAlertWithoutMuchIsJsonToo) {
  Transition bare;
  bare.alert.fingerprint = "1";
  bare.alert.rule = "\"quoted\"\n";
  EXPECT_EQ(webhook_alert(bare, ""),
            R"({"status":"firing","fingerprint":"1","rule":"\"quoted\"\n","labels":{},)"
            R"("annotations":{},"startsAt":"1970-01-01T00:00:00Z","endsAt":null,"value":null,)"
            R"("count":0,"evidence":[],"why":[]})");
}

TEST(Webhook, TheBodyFiresAsLongAsOneAlertDoes) {
  const std::string alerts[] = {"{\"n\":1}", "{\"n\":2}"};
  EXPECT_EQ(webhook_body({"hooks", "{alertname=\"A\"}", 1, 1}, alerts),
            R"({"version":"1","notifier":"hooks","groupKey":"{alertname=\"A\"}",)"
            R"("status":"firing","alerts":[{"n":1},{"n":2}]})");
  EXPECT_THAT(webhook_body({"hooks", "{}", 0, 2}, alerts), HasSubstr(R"("status":"resolved")"));
}

TEST(Webhook, TheIdIsThatOfWhatIsTold) {
  const core::Time t = at("2025-01-15T10:30:00Z");
  const std::vector<Told> told{{"a", t, false}, {"b", t, true}};
  const std::string id = webhook_id("hooks", told);
  EXPECT_EQ(id, webhook_id("hooks", told));
  EXPECT_EQ(id.size(), 36u);
  EXPECT_TRUE(id.starts_with("msg_"));
  EXPECT_EQ(id.find('.'), std::string::npos) << "receivers sign `id.time.body`";
  const std::vector<std::vector<Told>> others{{{"a", t, false}},
                                              {{"a", t, true}, {"b", t, true}},
                                              {{"a", t + std::chrono::seconds(1), false}, told[1]},
                                              {told[1], told[0]}};
  for (const auto& other : others) EXPECT_NE(webhook_id("hooks", other), id);
  EXPECT_NE(webhook_id("chat", told), id);
}

// The example of the specification's reference libraries.
TEST(Webhook, SignsAsStandardWebhooksSays) {
  const core::HmacKey key(core::base64_decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").value());
  const core::Time now = core::from_nanos(1'614'265'330'999'999'999);
  const HeaderFields want{{"webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"},
                          {"webhook-timestamp", "1614265330"},
                          {"webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}};
  EXPECT_EQ(webhook_headers("msg_p5jXN8AQM9LWM0D4loKWxJek", now, &key, R"({"test": 2432232314})"),
            want);
  EXPECT_EQ(webhook_headers("msg_1", now, nullptr, "{}").size(), 2u);
}

}  // namespace kcloud::rules::notify
