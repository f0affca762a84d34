// What notifiers were told, and how they are doing.
#include "tests/api/fixture.h"

namespace kcloud::api {

class NotificationsApiTest : public ApiTest {
 protected:
  void keep(const std::string& key, const std::string& notifier, journal::NotificationState state,
            std::vector<std::string> fingerprints = {"a"}) {
    journal::Notification row;
    row.key = key;
    row.notifier = notifier;
    row.group = R"({alertname="느림"})";
    row.fingerprints = std::move(fingerprints);
    row.state = state;
    row.created = created;  // of late, or the retention takes it
    row.next_try = row.created + std::chrono::seconds(30);
    row.attempts = 1;
    row.status = 404;
    row.answer = "no such \"channel\"";
    row.payload = R"({"alerts":[]})";
    if (state != journal::NotificationState::kQueued) row.finished = row.next_try;
    std::vector<journal::Notification> rows{row};
    ASSERT_EQ(journal->form_notifications(rows, {}), core::CommitStatus::kCommitted);
  }
  std::string at(int seconds) const {
    return core::format_time(created + std::chrono::seconds(seconds));
  }
  std::string keys(const std::string& parameters) {
    const Answer answer = get("/alerts/notifications" + parameters);
    EXPECT_EQ(answer.status, 200) << answer.body;
    std::string keys;
    for (const auto row : simdjson::dom::array(parse(answer.body)["notifications"]))
      keys += std::string(std::string_view(row["key"])) + " ";
    return keys;
  }

  const core::Time created =
      std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()) -
      std::chrono::minutes(5);
};

TEST_F(NotificationsApiTest, ShowsWhatWasSentToWhomAndTheAnswer) {
  serve();
  EXPECT_EQ(get("/alerts/notifications").body, "{\"notifications\":[],\"next\":null}\n");
  keep("msg_1", "hooks", journal::NotificationState::kFailed, {"a", "b"});
  EXPECT_EQ(get("/alerts/notifications").body,
            R"({"notifications":[{"id":1,"notifier":"hooks","key":"msg_1","status":"firing",)"
            R"("state":"failed","group":"{alertname=\"느림\"}","fingerprints":["a","b"],)"
            R"("created":")" +
                at(0) + R"(","finished":")" + at(30) +
                R"(","next_try":null,"attempts":1,"answer_status":404,)"
                R"("answer":"no such \"channel\"","payload":{"alerts":[]}}],"next":null})"
                "\n");
  keep("msg_2", "hooks", journal::NotificationState::kQueued);
  EXPECT_THAT(get("/alerts/notifications").body,
              HasSubstr(R"("finished":null,"next_try":")" + at(30) + '"'));
}

TEST_F(NotificationsApiTest, PageByPageByFilter) {
  serve();
  keep("1", "hooks", journal::NotificationState::kSent);
  keep("2", "chat", journal::NotificationState::kSent, {"c"});
  keep("3", "hooks", journal::NotificationState::kQueued);
  keep("4", "hooks", journal::NotificationState::kDropped);
  EXPECT_EQ(keys(""), "4 3 2 1 ");
  EXPECT_EQ(keys("?limit=2"), "4 3 ");
  EXPECT_THAT(get("/alerts/notifications?limit=2").body, HasSubstr("\"next\":3}"));
  EXPECT_EQ(keys("?limit=2&before=3"), "2 1 ");
  EXPECT_EQ(keys("?notifier=chat"), "2 ");
  EXPECT_EQ(keys("?state=dropped"), "4 ");
  EXPECT_EQ(keys("?state=sent&notifier=hooks"), "1 ");
  EXPECT_EQ(keys("?fingerprint=c"), "2 ");
  EXPECT_EQ(keys("?since=" + at(1)), "");
  EXPECT_EQ(keys("?until=" + at(1)), "4 3 2 1 ");
}

TEST_F(NotificationsApiTest, WhatIsNotFitIsSaid) {
  serve();
  const std::pair<const char*, const char*> cases[] = {
      {"?state=lost", "expected queued, sent, failed or dropped"},
      {"?limit=0", "expected 1 to 1000"},
      {"?before=x", "expected a number above 0"},
      {"?notifier=", "expected a text"},
      {"?since=soon", "expected a time"},
      {"?key=1", "unknown parameter `key`; there are limit, before, notifier"},
      {"?a=%zz", "a percent escape is malformed"}};
  for (const auto& [parameters, problem] : cases) {
    const Answer answer = get(std::string("/alerts/notifications") + parameters);
    EXPECT_EQ(answer.status, 400) << parameters;
    EXPECT_THAT(answer.body, HasSubstr(problem)) << parameters;
  }
}

TEST_F(NotificationsApiTest, OnlyReadersMay) {
  config->http.anonymous_roles = {"ingest"};
  serve();
  EXPECT_EQ(get("/alerts/notifications").status, 401);
}

TEST_F(NotificationsApiTest, ANotifierThatFailsIsInHealthAndMetrics) {
  auto counters = std::make_shared<alerting::NotifierCounters>();
  counters->sent = 7;
  counters->failed = 2;
  alerting::NotifierStatus status;
  status.waiting = 3;
  status.silenced = 1;
  status.queued = 4;
  notifiers.push_back({"hooks", "webhook", [&] { return status; }, counters});
  serve();
  EXPECT_THAT(get("/health").body,
              HasSubstr(R"("notifier:hooks":{"status":"healthy","type":"webhook","waiting":3,)"
                        R"("silenced":1,"queued":4,"sent":7,"failed":2,"dropped":0,)"
                        R"("last_error":null,)"));
  status.failing = true;
  status.last_error = "answered 500";
  const Answer health = get("/health");
  EXPECT_EQ(health.status, 200);
  EXPECT_THAT(health.body, ::testing::StartsWith(R"({"status":"degraded")"));
  EXPECT_THAT(health.body, HasSubstr(R"("last_error":"answered 500")"));
  const std::string metrics = get("/metrics").body;
  for (const char* line :
       {R"(kcloud_logger_notifications_total{notifier="hooks",outcome="sent"} 7)",
        R"(kcloud_logger_notifications_total{notifier="hooks",outcome="failed"} 2)",
        R"(kcloud_logger_notifications_queued{notifier="hooks"} 4)",
        R"(kcloud_logger_notifier_waiting_alerts{notifier="hooks"} 3)",
        R"(kcloud_logger_notifier_up{notifier="hooks"} 0)"})
    EXPECT_THAT(metrics, HasSubstr(line));
}

}  // namespace kcloud::api
