// Against a real Alertmanager.
#include "tests/support/alertmanager_server.h"

#include <fmt/format.h>

#include "core/json.h"
#include "exporters/http_client/client.h"
#include "tests/alerting/fixture.h"
#include "tests/exporters/http_client/canned_server.h"

namespace kcloud::alerting {
namespace {

using http_client::testing::answer;
using http_client::testing::CannedServer;
using test_support::AlertmanagerServer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using State = NotificationState;

class AlertmanagerTest : public AlertingTest {
 protected:
  void serve(std::vector<std::string> urls, milliseconds resend = seconds(60)) {
    auto oncall = notifier("oncall", "alertmanager");
    oncall.urls = std::move(urls);
    oncall.resend_interval = resend;
    alerting.notifiers = {oncall};
    start();
  }
  std::uint64_t sends() {
    const auto counters = view("oncall").counters;
    return counters->sent + counters->resent;
  }
  bool sent_again(std::uint64_t times) {
    const std::uint64_t before = sends();
    return eventually([&] { return sends() >= before + times; });
  }
  // As AlertmanagerServer::firing() shows it: milliseconds, always three digits.
  static std::string shown(const rules::Transition& transition, const std::string& labels = "") {
    std::string time = core::format_time(transition.alert.starts_at);
    if (time.size() == 20) time.insert(19, ".000");
    return transition.alert.labels.at("alertname") + labels + "|" + time;
  }
};

TEST_F(AlertmanagerTest, AFiringAlertAppearsAndItsEndEndsIt) {
  AlertmanagerServer server;
  serve({server.url()});
  const auto alert = fire("a");
  ASSERT_TRUE(becomes(1, State::kSent));
  EXPECT_THAT(server.firing(), ElementsAre(shown(alert)));
  resolve(alert);
  ASSERT_TRUE(becomes(2, State::kSent));
  EXPECT_THAT(server.firing(), IsEmpty());
  const auto row = rows().front();
  EXPECT_TRUE(row.resolved);
  EXPECT_EQ(row.answer, "taken by 1 of 1 peers");
  EXPECT_THAT(row.payload, HasSubstr(R"("alertname":"a")"));
  EXPECT_EQ(view("oncall").counters->sent, 2u);
}

TEST_F(AlertmanagerTest, SentAgainItStaysOne) {
  AlertmanagerServer server;
  serve({server.url()}, milliseconds(50));
  const auto alert = fire("a");
  ASSERT_TRUE(becomes(1, State::kSent));
  const std::string end = server.only("endsAt");
  ASSERT_TRUE(sent_again(3));
  EXPECT_THAT(server.firing(), ElementsAre(shown(alert)));
  EXPECT_GT(server.only("endsAt"), end);
  EXPECT_EQ(rows().size(), 1u) << "what is said again is no news";
}

TEST_F(AlertmanagerTest, AClockThatIsSetBackHoldsNothingUp) {
  AlertmanagerServer server;
  serve({server.url()}, milliseconds(200));
  fire("a");
  ASSERT_TRUE(becomes(1, State::kSent));
  clock.offset = -std::chrono::nanoseconds(std::chrono::seconds(100)).count();
  EXPECT_TRUE(sent_again(3));
}

TEST_F(AlertmanagerTest, ARestartDoublesNothing) {
  AlertmanagerServer server;
  serve({server.url()});
  const auto alert = fire("a");
  ASSERT_TRUE(becomes(1, State::kSent));
  restart();
  ASSERT_TRUE(sent_again(1)) << "a start tells what fires";
  EXPECT_THAT(server.firing(), ElementsAre(shown(alert)));
  EXPECT_EQ(rows().size(), 1u);
}

// The transition was kept, nothing was sent yet.
TEST_F(AlertmanagerTest, WhatHappenedBeforeARestartIsToldAfterIt) {
  AlertmanagerServer server;
  serve({server.url()});
  const auto alert = fire("a");
  ASSERT_TRUE(becomes(1, State::kSent));
  dispatcher.reset();
  resolve(alert);
  const auto other = fire("b");
  {
    const std::scoped_lock lock(mutex);
    active.clear();  // as if `b` were not known again yet
  }
  start();
  ASSERT_TRUE(becomes(2, State::kSent));
  EXPECT_THAT(server.firing(), ElementsAre(shown(other)));
}

TEST_F(AlertmanagerTest, ADeadAgentsAlertsEndThere) {
  AlertmanagerServer server;
  serve({server.url()}, milliseconds(250));
  fire("a");
  ASSERT_TRUE(becomes(1, State::kSent));
  dispatcher.reset();
  EXPECT_FALSE(server.firing().empty());
  EXPECT_TRUE(eventually([&] { return server.firing().empty(); }));
}

TEST_F(AlertmanagerTest, OnePeerIsEnoughAndTheOtherHearsOfItLater) {
  const auto port = test_support::free_port();
  AlertmanagerServer up;
  serve({fmt::format("http://127.0.0.1:{}", port), up.url()}, milliseconds(200));
  const auto alert = fire("a");
  ASSERT_TRUE(becomes(1, State::kSent));
  EXPECT_EQ(rows().front().answer, "taken by 1 of 2 peers");
  EXPECT_FALSE(view("oncall").status().failing);
  EXPECT_THAT(up.firing(), ElementsAre(shown(alert)));
  AlertmanagerServer late(port);
  EXPECT_TRUE(eventually([&] { return late.firing() == up.firing(); }));
}

TEST_F(AlertmanagerTest, WithoutAnyPeerItIsTriedAgain) {
  const auto port = test_support::free_port();
  serve({fmt::format("http://127.0.0.1:{}", port)});
  const auto alert = fire("a");
  ASSERT_TRUE(eventually([&] { return view("oncall").counters->retried >= 2; }));
  EXPECT_TRUE(view("oncall").status().failing);
  EXPECT_EQ(view("oncall").status().queued, 1u);
  EXPECT_THAT(rows(), IsEmpty());
  AlertmanagerServer late(port);
  ASSERT_TRUE(becomes(1, State::kSent));
  EXPECT_THAT(late.firing(), ElementsAre(shown(alert)));
  EXPECT_FALSE(view("oncall").status().failing);
  EXPECT_GE(rows().front().attempts, 3u);
}

TEST_F(AlertmanagerTest, NamesThatItWouldRefuseAreMadeToFit) {
  AlertmanagerServer server;
  serve({server.url()});
  const auto plain = fire("a");
  ASSERT_TRUE(becomes(1, State::kSent));
  auto transition = plain;
  transition.alert.fingerprint = "b";
  transition.alert.labels = {{"alertname", "b"}, {"to.cluster", "gpu \"1\"\n팀"}, {"empty", ""}};
  transition.alert.annotations = {{"요약", "지연 612 ms"}};
  queue(transition);
  ASSERT_TRUE(becomes(2, State::kSent));
  EXPECT_THAT(server.firing(),
              ElementsAre(shown(plain), shown(transition, "|to_cluster=gpu \"1\"\n팀")));
}

TEST_F(AlertmanagerTest, ManyAlertsAreSentInParts) {
  AlertmanagerServer server;
  dispatcher.reset();
  auto oncall = notifier("oncall", "alertmanager");
  oncall.urls = {server.url()};
  alerting.notifiers = {oncall};
  for (int i = 0; i < 600; ++i) fire(fmt::format("a{}", i));
  start();
  ASSERT_TRUE(becomes(12, State::kSent));  // 50 of them a row
  EXPECT_EQ(server.firing().size(), 600u);
}

TEST_F(AlertmanagerTest, ANewOneHearsOfWhatFiredBeforeIt) {
  const auto alert = fire("a");
  AlertmanagerServer server;
  serve({server.url()}, milliseconds(50));
  EXPECT_TRUE(eventually([&] { return !server.firing().empty(); }));
  EXPECT_THAT(server.firing(), ElementsAre(shown(alert)));
  resolve(alert);  // which it never heard of through the queue
  EXPECT_TRUE(eventually([&] { return server.firing().empty(); }));
}

TEST_F(AlertmanagerTest, RulesSayWhichAlertsItGets) {
  AlertmanagerServer server;
  tells = [](const rules::Alert& alert, const std::string&) { return alert.fingerprint != "b"; };
  serve({server.url()}, milliseconds(50));
  const auto alert = fire("a");
  auto other = alert;
  other.alert.fingerprint = "b";
  other.alert.labels["alertname"] = "b";
  {
    const std::scoped_lock lock(mutex);
    active.push_back(other.alert);
  }
  ASSERT_TRUE(sent_again(5));
  EXPECT_THAT(server.firing(), ElementsAre(shown(alert)));
}

TEST_F(AlertmanagerTest, HistoryAndSilencedAlertsAreNotSent) {
  AlertmanagerServer server;
  serve({server.url()}, milliseconds(50));
  fire("old", std::chrono::hours(2));
  silence("quiet", true);
  const auto quiet = fire("quiet");
  ASSERT_TRUE(eventually([&] { return view("oncall").status().silenced == 1; }));
  const auto alert = fire("a");
  ASSERT_TRUE(becomes(1, State::kSent));
  ASSERT_TRUE(sent_again(2));
  EXPECT_THAT(server.firing(), ElementsAre(shown(alert)));
  silence("quiet", false);
  ASSERT_TRUE(becomes(2, State::kSent));
  EXPECT_THAT(server.firing(), ElementsAre(shown(alert), shown(quiet)));
}

TEST_F(AlertmanagerTest, WhatResolvesUnderASilenceIsToldToNobody) {
  AlertmanagerServer server;
  serve({server.url()}, milliseconds(50));
  silence("a", true);
  const auto alert = fire("a");
  ASSERT_TRUE(eventually([&] { return view("oncall").status().silenced == 1; }));
  resolve(alert);
  ASSERT_TRUE(becomes(1, State::kDropped));
  EXPECT_THAT(rows().front().fingerprints, ElementsAre("a", "a"));
  EXPECT_EQ(view("oncall").counters->sent, 0u);
}

TEST_F(AlertmanagerTest, ItsNextRunIsNotEndedByTheOneBefore) {
  AlertmanagerServer server;
  serve({server.url()}, milliseconds(50));
  const auto first = fire("a");
  resolve(first);
  ASSERT_TRUE(eventually(
      [&] { return rows({.state = State::kSent}).size() >= 1 && server.firing().empty(); }));
  fire("a");
  ASSERT_TRUE(sent_again(3));
  EXPECT_EQ(server.firing().size(), 1u);
}

TEST_F(AlertmanagerTest, WhatIsRefusedIsSaid) {
  CannedServer server(std::vector<std::string>(50, answer("400 Bad Request", "bad alert")));
  serve({server.url()});
  fire("a");
  ASSERT_TRUE(becomes(1, State::kFailed));
  EXPECT_EQ(rows().front().answer, server.url() + " answered 400: bad alert");
  EXPECT_EQ(rows().front().status, 400);
  EXPECT_TRUE(view("oncall").status().failing);
  EXPECT_GE(view("oncall").counters->failed, 1u);
}

TEST_F(AlertmanagerTest, CredentialsAreSent) {
  CannedServer server(std::vector<std::string>(2, answer("200 OK", "")));
  dispatcher.reset();
  auto oncall = notifier("oncall", "alertmanager");
  oncall.urls = {server.url() + "/prefix"};
  oncall.token = {"hidden-token"};
  alerting.notifiers = {oncall};
  start();
  fire("a");
  ASSERT_TRUE(becomes(1, State::kSent));
  EXPECT_THAT(server.requests().front(), HasSubstr("POST /prefix/api/v2/alerts "));
  EXPECT_THAT(server.requests().front(), HasSubstr("Authorization: Bearer hidden-token\r\n"));
}

}  // namespace
}  // namespace kcloud::alerting
