#include "agent/alerting/notices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/rules/notify/alerts.h"

namespace kcloud::alerting {
namespace {

using rules::notify::testing::at;
using rules::notify::testing::resolved;
using rules::notify::testing::slow_scheduling;
using testing::HasSubstr;
using testing::StartsWith;

config::AlertingConfig three_notifiers() {
  config::AlertingConfig alerting;
  for (const char* type : {"alertmanager", "webhook", "slack"}) {
    config::NotifierConfig notifier;
    notifier.name = notifier.type = type;
    alerting.notifiers.push_back(notifier);
  }
  return alerting;
}

std::string names(const std::vector<journal::Notice>& notices) {
  std::string names;
  for (const auto& notice : notices)
    names += (names.empty() ? "" : " ") + notice.notifier + (notice.quiet ? "(quiet)" : "");
  return names;
}

TEST(Notices, EachNotifierIsToldInItsOwnWords) {
  const auto now = at("2025-01-15T10:31:00Z");
  const auto notices = notices_of(slow_scheduling(), three_notifiers(), {}, now);
  ASSERT_EQ(names(notices), "alertmanager webhook slack");
  for (const auto& notice : notices) {
    EXPECT_EQ(notice.fingerprint, "00f067aa0ba902b7");
    EXPECT_EQ(notice.starts_at, at("2025-01-15T10:30:00Z"));
    EXPECT_EQ(notice.queued, now);
    EXPECT_FALSE(notice.resolved);
  }
  EXPECT_EQ(notices[0].group, "") << "Alertmanager groups by itself";
  EXPECT_EQ(notices[1].group, R"({alertname="SlowScheduling"})");
  EXPECT_THAT(notices[0].body, HasSubstr(R"("endsAt":"2025-01-15T10:35:00Z")"));
  EXPECT_THAT(notices[1].body, StartsWith(R"({"status":"firing")"));
  EXPECT_THAT(notices[2].body, StartsWith(R"({"color":)"));
}

TEST(Notices, RulesAndSwitchesSayWhoIsTold) {
  auto alerting = three_notifiers();
  const auto now = at("2025-01-15T10:31:00Z");
  const std::vector<std::string> notify{"slack", "nobody"};
  EXPECT_EQ(names(notices_of(slow_scheduling(), alerting, notify, now)), "slack");
  alerting.notifiers[2].enabled = false;
  EXPECT_EQ(names(notices_of(slow_scheduling(), alerting, notify, now)), "");
  EXPECT_EQ(names(notices_of(slow_scheduling(), alerting, {}, now)), "alertmanager webhook");
  EXPECT_EQ(names(notices_of(resolved(slow_scheduling()), alerting, notify, now)),
            "alertmanager webhook")
      << "an end is for all; the journal knows who heard of the beginning";
}

TEST(Notices, AnEndIsToldToThoseWhoWantIt) {
  auto alerting = three_notifiers();
  alerting.notifiers[1].send_resolved = false;
  const auto notices =
      notices_of(resolved(slow_scheduling()), alerting, {}, at("2025-01-15T10:42:01Z"));
  ASSERT_EQ(names(notices), "alertmanager webhook(quiet) slack");
  EXPECT_TRUE(notices[0].resolved);
  EXPECT_THAT(notices[0].body, HasSubstr(R"("endsAt":"2025-01-15T10:42:00Z")"));
}

TEST(Notices, AnEndIsNotInTheFuture) {
  const auto notices =
      notices_of(resolved(slow_scheduling()), three_notifiers(), {}, at("2025-01-15T10:41:00Z"));
  EXPECT_THAT(notices[0].body, HasSubstr(R"("endsAt":"2025-01-15T10:41:00Z")"));
}

TEST(Notices, OldHistoryIsKeptForTheRecordAlone) {
  const auto alerting = three_notifiers();
  const struct {
    const char* name;
    const char* now;
    const char* want;
  } cases[] = {
      {"just not too old", "2025-01-15T11:30:00Z", "alertmanager webhook slack"},
      {"too old", "2025-01-15T11:30:01Z", "alertmanager(quiet) webhook(quiet) slack(quiet)"},
  };
  for (const auto& test : cases)
    EXPECT_EQ(names(notices_of(slow_scheduling(), alerting, {}, at(test.now))), test.want)
        << test.name;
  EXPECT_EQ(
      names(notices_of(resolved(slow_scheduling()), alerting, {}, at("2025-01-16T00:00:00Z"))),
      "alertmanager webhook slack")
      << "the end of what was told is told";
}

TEST(Notices, PendingIsToldToNobody) {
  auto transition = slow_scheduling();
  transition.alert.state = rules::AlertState::kPending;
  EXPECT_EQ(names(notices_of(transition, three_notifiers(), {}, transition.at)), "");
}

}  // namespace
}  // namespace kcloud::alerting
