// Signatures, quotas and foreign hosts over real HTTP.
#include <fmt/format.h>

#include "config/credentials.h"
#include "core/base64.h"
#include "core/hmac.h"
#include "tests/api/fixture.h"
#include "tests/collectors/compress.h"

namespace kcloud::api {

namespace {

using ::testing::Not;

constexpr const char* kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr const char* kOtherSecret = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
constexpr const char* kGithubSecret = "It's a Secret to Everybody";

std::string custom(int n) {
  return fmt::format(R"({{"event_type":"custom","timestamp":"2025-01-15T10:30:00Z","n":{}}})", n);
}

std::string signed_fields(std::string_view id, std::string_view body, int seconds_ago = 0,
                          const char* secret = kSecret) {
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  const std::string stamp = std::to_string(now - seconds_ago);
  const core::HmacKey key(config::signing_key(config::kStandardWebhooks, secret));
  return fmt::format("webhook-id: {}\r\nwebhook-timestamp: {}\r\nwebhook-signature: v1,{}\r\n", id,
                     stamp, core::base64_encode(core::view(key.sign({id, ".", stamp, ".", body}))));
}

std::string hub_fields(std::string_view body) {
  std::string hex;
  for (unsigned char c : core::HmacKey(kGithubSecret).sign({body})) hex += fmt::format("{:02x}", c);
  return "X-Hub-Signature-256: sha256=" + hex + "\r\n";
}

}  // namespace

class AccessTest : public ApiTest {
 protected:
  AccessTest() {
    config->http.anonymous_roles = {};
    config->http.tokens = {{"publisher", {"publisher-token-01"}, {"ingest"}},
                           {"reader", {"reader-token-00001"}, {"read"}}};
    config::SignatureConfig billing;
    billing.name = "billing";
    billing.scheme = "standard_webhooks";
    billing.secrets = {{kOtherSecret}, {kSecret}};
    config::SignatureConfig forge;
    forge.name = "forge";
    forge.scheme = "github";
    forge.secrets = {{kGithubSecret}};
    config->http.signatures = {billing, forge};
  }
  std::string metrics() {
    return get("/metrics", "Authorization: Bearer reader-token-00001\r\n").body;
  }
};

TEST_F(AccessTest, ASignatureStandsForAToken) {
  serve();
  EXPECT_EQ(post("/events", custom(0)).status, 401);
  EXPECT_EQ(post("/events", custom(0), "webhook-id: m1\r\nwebhook-timestamp: 1\r\n").status, 401);
  EXPECT_EQ(post("/events", custom(1), signed_fields("m1", custom(1))).status, 202);
  EXPECT_EQ(post("/events", custom(2), signed_fields("m2", custom(2), 0, kOtherSecret)).status,
            202);
  EXPECT_EQ(post("/events", custom(3), hub_fields(custom(3))).status, 202);
  EXPECT_EQ(get("/events", signed_fields("m3", "")).status, 401);  // it grants no more than posting
  const std::string seen = metrics();
  EXPECT_THAT(seen, HasSubstr("publisher_stored_events_total{publisher=\"billing\"} 2\n"));
  EXPECT_THAT(seen, HasSubstr("publisher_stored_events_total{publisher=\"forge\"} 1\n"));
  EXPECT_THAT(seen, HasSubstr("publisher_stored_events_total{publisher=\"publisher\"} 0\n"));
  EXPECT_EQ(journal->stats().events, 3u);
}

TEST_F(AccessTest, RefusedSignaturesAre401WithTheirReason) {
  serve();
  const std::string body = custom(1);
  const std::tuple<std::string, const char*, const char*> cases[] = {
      {signed_fields("m1", custom(2)), "wrong", "fits none of the keys"},
      {signed_fields("m1", body, 310), "too_old", "too long ago"},
      {signed_fields("m1", body, -310), "future", "in the future"},
      {signed_fields("m.1", body), "malformed", "malformed"},
      {hub_fields(custom(2)), "wrong", "fits none of the keys"},
      {"Authorization: Bearer publisher-token-01\r\n" + signed_fields("m1", custom(2)), "wrong",
       "fits none of the keys"}};
  std::map<std::string, int> counts;
  for (const auto& [fields, reason, detail] : cases) {
    const Answer answer = post("/events", body, fields);
    EXPECT_EQ(answer.status, 401) << reason;
    EXPECT_EQ(answer.header("Content-Type"), "application/problem+json");
    EXPECT_NE(answer.header("WWW-Authenticate"), "");
    EXPECT_THAT(answer.body, HasSubstr(detail));
    ++counts[reason];
    EXPECT_THAT(metrics(), HasSubstr(fmt::format("signature_failures_total{{reason=\"{}\"}} {}\n",
                                                 reason, counts[reason])));
  }
  EXPECT_EQ(journal->stats().events, 0u);
  EXPECT_EQ(journal->stats().dead_letters, 0u);
}

TEST_F(AccessTest, ATokenWithoutTheRoleIsNotHelpedByASignature) {
  serve();
  const std::string body = custom(1);
  EXPECT_EQ(post("/events", body,
                 "Authorization: Bearer reader-token-00001\r\n" + signed_fields("m1", body))
                .status,
            403);
  EXPECT_EQ(post("/events", body,
                 "Authorization: Bearer nobodys-token-0001\r\n" + signed_fields("m1", body))
                .status,
            401);
}

TEST_F(AccessTest, AReplayIsADuplicateWhateverIsChangedAroundIt) {
  serve();
  const std::string timeless = R"({"event_type":"custom","n":1})";
  const std::string fields = signed_fields("m1", timeless);
  EXPECT_THAT(post("/events", timeless, fields).body, HasSubstr("\"accepted\":1"));
  for (const char* more : {"", "Idempotency-Key: another\r\n", "Content-Type: text/plain\r\n"}) {
    EXPECT_THAT(post("/events", timeless, more + fields).body,
                HasSubstr("\"accepted\":0,\"duplicates\":1"));
  }
  const std::string other = R"({"event_type":"custom","n":2})";
  EXPECT_THAT(post("/events", other, hub_fields(other)).body, HasSubstr("\"accepted\":1"));
  EXPECT_THAT(post("/events", other, "Idempotency-Key: k\r\n" + hub_fields(other)).body,
              HasSubstr("\"accepted\":0,\"duplicates\":1"));
  EXPECT_EQ(journal->stats().events, 2u);
}

TEST_F(AccessTest, WhatASignatureDoesNotCoverMakesNoOtherEvent) {
  serve();
  const std::string body = custom(1);
  const std::string cloud =
      "ce-specversion: 1.0\r\nce-id: 1\r\nce-source: /s\r\nce-type: custom\r\n";
  const auto answer = post("/events", body, cloud + signed_fields("m1", body));
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("structured mode"));
  EXPECT_EQ(journal->stats().events, 0u);
}

TEST_F(AccessTest, TheBytesAsSentAreSigned) {
  serve();
  const std::string body = testing::gzip("[" + custom(1) + "," + custom(2) + "]");
  EXPECT_THAT(post("/events", body, "Content-Encoding: gzip\r\n" + signed_fields("m1", body)).body,
              HasSubstr("\"accepted\":2"));
}

TEST_F(AccessTest, WithoutSignersASignatureIsNotLookedAt) {
  config->http.signatures.clear();
  serve();
  const std::string fields = signed_fields("m1", "something else");
  EXPECT_EQ(post("/events", custom(1), fields).status, 401);
  EXPECT_EQ(
      post("/events", custom(1), "Authorization: Bearer publisher-token-01\r\n" + fields).status,
      202);
}

TEST_F(AccessTest, ASignerThatLeftWhileTheBodyCameIsRefused) {
  serve();
  const std::string body = custom(1);
  Client slow = client();
  slow.send("POST /events HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n" +
            signed_fields("m1", body) + fmt::format("Content-Length: {}\r\n\r\n", body.size()));
  ASSERT_EQ(slow.receive().status, 100);  // admitted
  auto without = std::make_shared<config::Config>(*config);
  without->http.signatures.clear();
  router->reload(without);
  slow.send(body);
  EXPECT_EQ(slow.receive().status, 401);
  EXPECT_EQ(journal->stats().events, 0u);
}

TEST_F(AccessTest, ATypeThatLeftWhileTheBodyCameIsNotFound) {
  config->http.tokens.clear();
  config->http.signatures.clear();
  config->http.anonymous_roles = {"ingest"};
  const auto known = config->catalogue;
  config::Problems problems;
  config->catalogue =
      config::parse_catalogue("types:\n  mine:\n    alias: my\n", "t.yaml", problems);
  ASSERT_NE(config->catalogue, nullptr) << (problems.empty() ? "" : problems[0].to_string());
  serve();
  Client slow = client();
  slow.send(
      "POST /events/my HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
      "Content-Length: 7\r\n\r\n");
  ASSERT_EQ(slow.receive().status, 100);  // admitted
  auto without = std::make_shared<config::Config>(*config);
  without->catalogue = known;
  router->reload(without);
  slow.send("{\"m\":1}");
  EXPECT_EQ(slow.receive().status, 404);
}

TEST_F(AccessTest, OverItsQuotaAnEmptyBucketIsToldUnread) {
  config->http.tokens[0].quota = {1, 2};
  serve();
  const std::string token = "Authorization: Bearer publisher-token-01\r\n";
  EXPECT_EQ(post("/events", "[" + custom(1) + "," + custom(2) + "]", token).status, 202);
  Client big = client();  // whose body never comes
  big.send("POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000000\r\n" + token +
           "\r\n");
  const Answer refused = big.receive();
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.header("Retry-After"), "2");
}

TEST_F(AccessTest, OverItsQuotaAPublisherIsTold429) {
  config->http.tokens[0].quota = {2, 4};
  config->http.tokens.push_back({"other", {"other-token-000001"}, {"ingest"}});
  serve();
  const std::string token = "Authorization: Bearer publisher-token-01\r\n";
  const std::string four =
      "[" + custom(1) + "," + custom(2) + "," + custom(3) + "," + custom(4) + "]";
  EXPECT_EQ(post("/events", four, token).status, 202);
  const Answer refused = post("/events", four, token);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.header("Content-Type"), "application/problem+json");
  const int wait = std::atoi(refused.header("Retry-After").c_str());
  EXPECT_GE(wait, 1);
  EXPECT_LE(wait, 2);
  EXPECT_EQ(post("/events", four, "Authorization: Bearer other-token-000001\r\n").status, 202);
  EXPECT_EQ(post("/events", custom(9), signed_fields("m1", custom(9))).status, 202);
  const std::string seen = metrics();
  EXPECT_THAT(seen, HasSubstr("publisher_throttled_requests_total{publisher=\"publisher\"} 1\n"));
  EXPECT_THAT(seen, HasSubstr("publisher_throttled_requests_total{publisher=\"other\"} 0\n"));
  EXPECT_THAT(seen, HasSubstr("publisher_stored_events_total{publisher=\"publisher\"} 4\n"));
  EXPECT_EQ(journal->stats().events, 5u);
}

TEST_F(AccessTest, AnonymousRequestsAndSignersHaveQuotas) {
  config->http.anonymous_roles = {"ingest"};
  config->http.anonymous_max_events_per_s = 1;
  config->http.signatures[0].quota = {1, 1};
  serve();
  EXPECT_EQ(post("/events", custom(1)).status, 202);
  EXPECT_EQ(post("/events", custom(2)).status, 429);
  EXPECT_EQ(post("/events", custom(3), signed_fields("m3", custom(3))).status, 202);
  EXPECT_EQ(post("/events", custom(4), signed_fields("m4", custom(4))).status, 429);
}

TEST_F(AccessTest, TokensAndSecretsFromFilesChangeWithoutAReload) {
  const std::string tokens = directory + "/tokens", secrets = directory + "/secrets";
  std::ofstream(tokens) << "file-token-000001\n";
  std::ofstream(secrets) << kOtherSecret << "\n";
  config->http.tokens[0].token_file = tokens;
  config->http.signatures[0].secrets.clear();
  config->http.signatures[0].secrets_file = secrets;
  serve();
  const auto eventually = [&](const std::string& fields, int status) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    int last = 0;
    while ((last = post("/events", custom(1), fields).status) != status) {
      if (std::chrono::steady_clock::now() > deadline) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return last == status;
  };
  EXPECT_TRUE(eventually("Authorization: Bearer file-token-000001\r\n", 202));
  EXPECT_TRUE(eventually(signed_fields("m1", custom(1), 0, kOtherSecret), 202));
  std::ofstream(tokens) << "file-token-000002\n";
  std::ofstream(secrets) << kSecret << "\n";
  EXPECT_TRUE(eventually("Authorization: Bearer file-token-000001\r\n", 401));
  EXPECT_TRUE(eventually("Authorization: Bearer file-token-000002\r\n", 202));
  EXPECT_TRUE(eventually(signed_fields("m1", custom(1), 0, kOtherSecret), 401));
  EXPECT_TRUE(eventually(signed_fields("m1", custom(1)), 202));
  EXPECT_TRUE(
      eventually("Authorization: Bearer publisher-token-01\r\n", 202));  // of the file itself
}

TEST_F(AccessTest, HealthShowsTextsOfErrorsToReadersOnly) {
  exporters = {{"main", "influxdb", false,
                [] {
                  delivery::Status status;
                  status.phase = delivery::Phase::kRetrying;
                  status.last_error = "http://influx:8086 refused";
                  return status;
                },
                nullptr}};
  core::ExporterCounters counters;
  exporters[0].counters = &counters;
  serve();
  const Answer reader = get("/health", "Authorization: Bearer reader-token-00001\r\n");
  EXPECT_THAT(reader.body, HasSubstr("influx:8086"));
  for (const char* fields : {"", "Authorization: Bearer publisher-token-01\r\n",
                             "Authorization: Bearer nobodys-token-0001\r\n"}) {
    const Answer answer = get("/health", fields);
    EXPECT_EQ(answer.status, 200);
    EXPECT_THAT(answer.body, HasSubstr("\"phase\":\"retrying\""));
    EXPECT_THAT(answer.body, Not(HasSubstr("influx:8086")));
  }
  stop();
}

TEST_F(ApiTest, AnAnonymousLoopbackListenerAnswersItsOwnMachineOnly) {
  config->http.tokens = {{"publisher", {"publisher-token-01"}, {"ingest", "read"}}};
  serve();
  const auto status = [&](std::string method, std::string host, std::string fields = "") {
    const std::string body = method == "POST" ? custom(1) : "";
    const std::string path = method == "POST" ? "/events" : "/health";
    return client()
        .exchange(fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n{}Content-Length: {}\r\n\r\n{}",
                              method, path, host, fields, body.size(), body))
        .status;
  };
  const std::string token = "Authorization: Bearer publisher-token-01\r\n";
  EXPECT_EQ(status("POST", "localhost:8007"), 202);
  EXPECT_EQ(status("POST", fmt::format("127.0.0.1:{}", server->port())), 202);
  EXPECT_EQ(status("POST", "[::1]:8007"), 202);
  EXPECT_EQ(status("POST", "rebound.example:8007"), 403);
  EXPECT_EQ(status("GET", "rebound.example:8007"), 403);
  EXPECT_EQ(status("POST", "localhost:8007", "Origin: https://evil.example\r\n"), 403);
  EXPECT_EQ(status("POST", "localhost:8007", "Sec-Fetch-Site: cross-site\r\n"), 403);
  EXPECT_EQ(status("POST", "localhost:8007", "Origin: http://localhost:3000\r\n"), 202);
  EXPECT_EQ(status("POST", "rebound.example:8007", token), 202);
  EXPECT_EQ(status("GET", "rebound.example:8007", token), 200);
  EXPECT_EQ(status("POST", "rebound.example:8007", "Authorization: Bearer wrong\r\n"), 401);
}

TEST_F(ApiTest, BeyondLoopbackAnyHostIsGood) {
  config->http.listen = "0.0.0.0:8007";
  config->http.anonymous_roles = {"ingest", "read"};
  serve();
  EXPECT_EQ(
      client().exchange("GET /events HTTP/1.1\r\nHost: logger.kcloud-system:8007\r\n\r\n").status,
      200);
}

}  // namespace kcloud::api
