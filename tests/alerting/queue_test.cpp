// Webhooks and Slack against a server that answers as it is told.
#include "collectors/webhook/signature.h"
#include "config/credentials.h"
#include "core/json.h"
#include "tests/alerting/fixture.h"
#include "tests/exporters/http_client/canned_server.h"

namespace kcloud::alerting {
namespace {

using http_client::testing::answer;
using http_client::testing::CannedServer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using State = NotificationState;

constexpr const char* kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

std::string field(const std::string& request, const std::string& name) {
  const auto at = request.find(name + ": ");
  if (at == std::string::npos) return {};
  const auto begin = at + name.size() + 2;
  return request.substr(begin, request.find("\r\n", begin) - begin);
}

std::string body(const std::string& request) {
  return request.substr(request.find("\r\n\r\n") + 4);
}

// `firing a`, of each alert of a webhook's body in its order.
std::string told(const std::string& request) {
  std::string text;
  const std::string json = body(request);
  for (std::size_t at = json.find("{\"status\":\""); at != std::string::npos;
       at = json.find("{\"status\":\"", at + 1)) {
    const std::string alert = json.substr(at, json.find('}', at) - at + 1) + "}";
    text += (text.empty() ? "" : ", ") + core::json_text_at(alert, "status") + " " +
            core::json_text_at(alert, "fingerprint");
  }
  return text;
}

class QueueTest : public AlertingTest {
 protected:
  void serve(std::vector<std::string> answers) {
    server = std::make_unique<CannedServer>(std::move(answers));
    auto hooks = notifier("hooks", "webhook");
    hooks.url.value = server->url() + "/alerts";
    hooks.secret.value = kSecret;
    alerting.notifiers = {hooks};
    start();
  }
  static std::vector<std::string> oks(std::size_t count) {
    return std::vector<std::string>(count, answer("200 OK", "thanks"));
  }
  std::vector<std::string> requests(std::size_t count) {
    EXPECT_TRUE(eventually([&] { return server->requests().size() >= count; }));
    return server->requests();
  }

  std::unique_ptr<CannedServer> server;
};

TEST_F(QueueTest, AnAlertIsPostedSignedAndKept) {
  serve(oks(1));
  fire("a");
  ASSERT_TRUE(becomes(1, State::kSent));
  const std::string request = requests(1).front();
  EXPECT_THAT(request, HasSubstr("POST /alerts HTTP/1.1"));
  EXPECT_EQ(field(request, "Content-Type"), "application/json");
  const std::string id = field(request, "webhook-id");
  const std::string stamp = field(request, "webhook-timestamp");
  const std::string signature = field(request, "webhook-signature");
  std::vector<webhook::Signer> signers(1);
  signers[0].tolerance = seconds(60);
  signers[0].keys.emplace_back(config::signing_key(config::kStandardWebhooks, kSecret));
  const auto verdict =
      webhook::verify(signers, {id, stamp, signature, {}}, body(request), clock.now());
  EXPECT_EQ(verdict.fault, std::nullopt);
  EXPECT_EQ(verdict.signer, 0u);
  const auto row = rows().front();
  EXPECT_EQ(row.key, id);
  EXPECT_EQ(row.payload, body(request));
  EXPECT_EQ(row.status, 200);
  EXPECT_EQ(row.answer, "thanks");
  EXPECT_EQ(row.attempts, 1u);
  EXPECT_THAT(row.fingerprints, ElementsAre("a"));
  EXPECT_EQ(told(request), "firing a");
  EXPECT_THAT(view("hooks").status().failing, false);
  EXPECT_EQ(view("hooks").counters->sent, 1u);
}

// After a start it is not known yet what fires, so neither what is silenced.
TEST_F(QueueTest, NothingNewIsToldBeforeTheRulesHaveFoundBack) {
  ready = false;
  serve(oks(1));
  const auto alert = fire("a");
  std::this_thread::sleep_for(milliseconds(300));
  EXPECT_TRUE(rows().empty());
  {
    const std::scoped_lock lock(mutex);
    silenced.insert(alert.alert.fingerprint);
  }
  ready = true;
  ASSERT_TRUE(eventually([&] { return view("hooks").status().silenced == 1; }));
  EXPECT_TRUE(rows().empty());
}

TEST_F(QueueTest, IsTriedAgainUnderTheSameId) {
  const struct {
    const char* name;
    std::string first;
  } cases[] = {{"500", answer("500 Internal Server Error", "")},
               {"429", answer("429 Too Many Requests", "")},
               {"408", answer("408 Request Timeout", "")},
               {"no answer", "garbage\r\n\r\nConnection: close"}};
  int n = 0;
  for (const auto& test : cases) {
    serve({test.first, answer("200 OK", "")});
    fire(std::to_string(++n));
    ASSERT_TRUE(becomes(static_cast<std::size_t>(n), State::kSent)) << test.name;
    const auto sent = requests(2);
    EXPECT_EQ(field(sent[0], "webhook-id"), field(sent[1], "webhook-id")) << test.name;
    EXPECT_EQ(body(sent[0]), body(sent[1])) << test.name;
    EXPECT_EQ(rows().front().attempts, 2u) << test.name;
    EXPECT_EQ(view("hooks").counters->retried, 1u) << test.name;
    dispatcher.reset();
  }
}

TEST_F(QueueTest, WhatIsRefusedIsNotTriedAgain) {
  serve({answer("404 Not Found", "no /alerts here"), answer("200 OK", "")});
  fire("a");
  ASSERT_TRUE(becomes(1, State::kFailed));
  auto row = rows().front();
  EXPECT_EQ(row.status, 404);
  EXPECT_EQ(row.answer, "no *** here") << "a URL may hold a token";
  EXPECT_TRUE(view("hooks").status().failing);
  EXPECT_THAT(view("hooks").status().last_error, HasSubstr("refused for good: answered 404"));
  EXPECT_EQ(view("hooks").counters->failed, 1u);
  fire("b");
  ASSERT_TRUE(becomes(1, State::kSent));
  EXPECT_EQ(requests(2).size(), 2u);
  EXPECT_FALSE(view("hooks").status().failing);
}

TEST_F(QueueTest, RetryAfterIsObeyed) {
  serve({answer("503 Service Unavailable", "", "Retry-After: 600\r\n")});
  fire("a");
  ASSERT_TRUE(eventually([&] { return rows().size() == 1 && rows().front().attempts == 1; }));
  const auto row = rows().front();
  EXPECT_EQ(row.state, State::kQueued);
  EXPECT_GE(row.next_try - row.created, seconds(600));
  EXPECT_EQ(view("hooks").status().queued, 1u);
}

TEST_F(QueueTest, AfterALongTimeItIsGivenUp) {
  alerting.retry_for = milliseconds(1);
  serve({});  // takes requests, answers none
  fire("a");
  ASSERT_TRUE(becomes(1, State::kFailed));
  EXPECT_THAT(rows().front().answer, HasSubstr("was given up after 1ms"));
  EXPECT_EQ(rows().front().status, 0);
}

TEST_F(QueueTest, NobodyHearsOfAnEndBeforeItsBeginning) {
  serve({answer("500 Internal Server Error", ""), answer("500 Internal Server Error", ""),
         answer("200 OK", ""), answer("200 OK", "")});
  const auto alert = fire("a");
  requests(1);
  resolve(alert);
  ASSERT_TRUE(becomes(2, State::kSent));
  std::vector<std::string> order;
  for (const auto& request : requests(4)) order.push_back(told(request));
  EXPECT_THAT(order, ElementsAre("firing a", "firing a", "firing a", "resolved a"));
}

TEST_F(QueueTest, WhatWasTakenIsNotSentAgain) {
  serve(oks(3));
  const auto alert = fire("a");
  ASSERT_TRUE(becomes(1, State::kSent));
  restart();
  queue(alert);  // as a rules loop that begins before its last commit
  fire("b");
  ASSERT_TRUE(becomes(2, State::kSent));
  resolve(alert);
  ASSERT_TRUE(becomes(3, State::kSent));
  std::vector<std::string> order;
  for (const auto& request : requests(3)) order.push_back(told(request));
  EXPECT_THAT(order, ElementsAre("firing a", "firing b", "resolved a"));
}

TEST_F(QueueTest, WhatWasNotTakenIsSentAfterARestart) {
  serve({answer("500 Internal Server Error", "", "Retry-After: 1\r\n"), answer("200 OK", "")});
  fire("a");
  requests(1);
  ASSERT_TRUE(eventually([&] { return rows().front().attempts == 1; }));
  restart();
  ASSERT_TRUE(becomes(1, State::kSent));
  const auto sent = requests(2);
  EXPECT_EQ(field(sent[0], "webhook-id"), field(sent[1], "webhook-id"));
  EXPECT_EQ(rows().front().attempts, 2u);
}

TEST_F(QueueTest, AlertsOfAGroupAreToldTogether) {
  alerting.group_by = {};
  serve({});
  dispatcher.reset();
  fire("a");
  fire("b");
  server = nullptr;
  serve(oks(2));
  ASSERT_TRUE(becomes(1, State::kSent));
  EXPECT_EQ(told(requests(1).front()), "firing a, firing b");
}

TEST_F(QueueTest, ARestartKeepsTheIntervalOfAGroup) {
  alerting.group_by = {};
  alerting.group_interval = std::chrono::hours(1);
  serve(oks(2));
  fire("a");
  ASSERT_TRUE(becomes(1, State::kSent));
  restart();
  fire("b");
  ASSERT_TRUE(eventually([&] { return view("hooks").status().waiting == 1; }));
  EXPECT_EQ(rows().size(), 1u);
}

TEST_F(QueueTest, ASilencedAlertIsToldAfterTheSilence) {
  serve(oks(2));
  silence("a", true);
  fire("a");
  fire("b");
  ASSERT_TRUE(becomes(1, State::kSent));
  ASSERT_TRUE(eventually([&] { return view("hooks").status().silenced == 1; }));
  silence("a", false);
  ASSERT_TRUE(becomes(2, State::kSent));
  EXPECT_EQ(told(requests(2)[1]), "firing a");
}

TEST_F(QueueTest, WhatResolvesUnderASilenceIsDroppedAndSaid) {
  serve(oks(1));
  silence("a", true);
  const auto alert = fire("a");
  ASSERT_TRUE(eventually([&] { return view("hooks").status().silenced == 1; }));
  resolve(alert);
  ASSERT_TRUE(becomes(1, State::kDropped));
  EXPECT_EQ(rows().front().answer, "resolved while it was silenced");
  EXPECT_TRUE(server->requests().empty());
}

TEST_F(QueueTest, HistoryCallsNobody) {
  serve(oks(1));
  const auto old = fire("old", std::chrono::hours(2));
  resolve(old);
  fire("new");
  ASSERT_TRUE(becomes(1, State::kSent));
  EXPECT_EQ(told(requests(1).front()), "firing new");
  EXPECT_EQ(rows().size(), 1u);
}

TEST_F(QueueTest, OneThatHangsDelaysNoOther) {
  CannedServer hanging({CannedServer::kHang});
  serve(oks(3));
  dispatcher.reset();
  auto slow = notifier("slow", "webhook");
  slow.url.value = hanging.url();
  alerting.notifiers.insert(alerting.notifiers.begin(), slow);
  start();
  fire("a");
  ASSERT_TRUE(eventually([&] { return hanging.requests().size() == 1; }));
  fire("b");
  fire("c");
  EXPECT_TRUE(
      eventually([&] { return rows({.notifier = "hooks", .state = State::kSent}).size() == 3; }));
  EXPECT_EQ(rows({.notifier = "slow", .state = State::kSent}).size(), 0u);
  const auto begin = std::chrono::steady_clock::now();
  dispatcher->stop(begin + milliseconds(50));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(3));
  EXPECT_EQ(rows({.notifier = "slow"}).back().attempts, 0u) << "a stop is no answer";
}

TEST_F(QueueTest, AClockThatIsSetBackHoldsNothingUp) {
  alerting.group_wait = alerting.group_interval = seconds(1);
  serve({answer("503 Service Unavailable", "", "Retry-After: 600\r\n"), answer("200 OK", ""),
         answer("200 OK", "")});
  fire("a");
  ASSERT_TRUE(eventually([&] { return rows().size() == 1 && rows().front().attempts == 1; }));
  fire("b");
  ASSERT_TRUE(eventually([&] { return view("hooks").status().waiting == 1; }));
  clock.offset = -std::chrono::nanoseconds(std::chrono::hours(24)).count();
  dispatcher->wake();
  EXPECT_TRUE(becomes(2, State::kSent));
}

TEST_F(QueueTest, WhatANotifierThatIsGoneHadIsDropped) {
  serve({answer("500 Internal Server Error", "", "Retry-After: 600\r\n")});
  fire("a");
  ASSERT_TRUE(eventually([&] { return rows().size() == 1 && rows().front().attempts == 1; }));
  alerting.notifiers.front().name = "other";
  dispatcher->start(alerting);
  EXPECT_EQ(rows().front().state, State::kDropped);
  EXPECT_EQ(dispatcher->views().front().name, "other");
}

TEST_F(QueueTest, AReloadThatChangesNothingDisturbsNobody) {
  serve(oks(2));
  fire("a");
  ASSERT_TRUE(becomes(1, State::kSent));
  const auto counters = view("hooks").counters;
  dispatcher->start(alerting);
  fire("b");
  ASSERT_TRUE(becomes(2, State::kSent));
  alerting.notifiers.front().timeout += seconds(1);
  dispatcher->start(alerting);
  EXPECT_EQ(view("hooks").counters, counters) << "counters go on under a name";
  EXPECT_EQ(counters->sent, 2u);
}

TEST_F(QueueTest, HeadersOfTheConfigurationAreSent) {
  serve({});
  dispatcher.reset();
  alerting.notifiers.front().headers["X-Team"] = {"scheduler"};
  alerting.notifiers.front().secret = {};
  start();
  fire("a");
  const std::string request = requests(1).front();
  EXPECT_EQ(field(request, "X-Team"), "scheduler");
  EXPECT_EQ(field(request, "webhook-signature"), "");
}

TEST_F(QueueTest, SlackIsToldInItsWords) {
  serve({});
  dispatcher.reset();
  server = std::make_unique<CannedServer>(std::vector{
      answer("200 OK", "ok"), answer("404 Not Found", "no_service at /services/T/hidden")});
  auto chat = notifier("chat", "slack");
  chat.url.value = server->url() + "/services/T/hidden";
  alerting.notifiers = {chat};
  start();
  fire("a");
  ASSERT_TRUE(becomes(1, State::kSent));
  const std::string request = requests(1).front();
  EXPECT_EQ(core::json_text_at(body(request), "text"), "[FIRING:1] {alertname=\"a\"}");
  EXPECT_EQ(field(request, "webhook-id"), "");
  fire("b");
  ASSERT_TRUE(becomes(1, State::kFailed));
  EXPECT_EQ(rows().front().answer, "no_service at ***");
  EXPECT_THAT(view("chat").status().last_error, Not(HasSubstr("hidden")));
}

}  // namespace
}  // namespace kcloud::alerting
