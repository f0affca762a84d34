#include "rules/notify/alertmanager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/rules/notify/alerts.h"

namespace kcloud::rules::notify {

using testing::at;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::slow_scheduling;

TEST(Alertmanager, EncodesAFiringAlert) {
  EXPECT_EQ(
      alertmanager_alert(slow_scheduling().alert, at("2025-01-15T10:36:00Z"), "http://logger:8007"),
      R"({"labels":{"alertname":"SlowScheduling","scheduler":"meta","severity":"critical"},)"
      R"("annotations":{"summary":"p99 612 ms, 최적 전력 효율성","value":"612.5"},)"
      R"("startsAt":"2025-01-15T10:30:00Z","endsAt":"2025-01-15T10:36:00Z",)"
      R"("generatorURL":"http://logger:8007/alerts/00f067aa0ba902b7"})");
}

TEST(Alertmanager, WithoutAnExternalUrlThereIsNoLink) {
  EXPECT_THAT(alertmanager_alert(slow_scheduling().alert, at("2025-01-15T10:36:00Z"), ""),
              Not(HasSubstr("generatorURL")));
}

TEST(Alertmanager, NamesAreMadeToFit) {
  const struct {
    const char* name;
    const char* want;
  } cases[] = {{"team", "team"}, {"to_cluster2", "to_cluster2"},
               {"2nd", "_2nd"},  {"a.b-c", "a_b_c"},
               {"팀", "___"},    {"", "_"}};
  for (const auto& test : cases) {
    Alert alert = slow_scheduling().alert;
    alert.value.reset();
    alert.labels = {{test.name, "x"}};
    alert.annotations = {{test.name, "y"}};
    const std::string text = alertmanager_alert(alert, alert.starts_at, "");
    EXPECT_THAT(text, HasSubstr(std::string("\"labels\":{\"") + test.want + "\":\"x\"}"));
    EXPECT_THAT(text, HasSubstr(std::string("\"annotations\":{\"") + test.want + "\":\"y\"}"));
  }
}

TEST(Alertmanager, AnEmptyLabelIsLeftOut) {
  Alert alert = slow_scheduling().alert;
  alert.labels["scheduler"] = "";
  EXPECT_THAT(alertmanager_alert(alert, alert.starts_at, ""),
              HasSubstr(R"({"alertname":"SlowScheduling","severity":"critical"})"));
}

TEST(Alertmanager, AnAnnotationNamedValueStays) {
  Alert alert = slow_scheduling().alert;
  alert.annotations = {{"value", "much"}};
  EXPECT_THAT(alertmanager_alert(alert, alert.starts_at, ""),
              HasSubstr(R"("annotations":{"value":"much"})"));
}

TEST(Alertmanager, NeverEndsBeforeItBegins) {
  EXPECT_THAT(alertmanager_alert(slow_scheduling().alert, at("2025-01-15T10:29:59Z"), ""),
              HasSubstr(R"("startsAt":"2025-01-15T10:29:59Z","endsAt":"2025-01-15T10:29:59Z")"));
}

TEST(Alertmanager, ABodyIsAnArray) {
  EXPECT_EQ(alertmanager_body({}), "[]");
  const std::string alerts[] = {"{\"a\":1}", "{\"b\":2}"};
  EXPECT_EQ(alertmanager_body(alerts), "[{\"a\":1},{\"b\":2}]");
}

}  // namespace kcloud::rules::notify
