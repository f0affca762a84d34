#include <future>

#include "tests/api/fixture.h"
#include "tests/collectors/compress.h"

namespace kcloud::api {

namespace {

constexpr std::string_view kRelocation =
    R"({"event_type":"workload_relocation","timestamp":"2025-01-15T14:45:00Z","workload":"w",)"
    R"("migration":{"from_cluster":"a","to_cluster":"b"}})";

std::string custom(int n) {
  return R"({"event_type":"custom","timestamp":"2025-01-15T10:30:00Z","n":)" + std::to_string(n) +
         "}";
}

}  // namespace

TEST_F(ApiTest, TheSpecificationsSamplesAreOneEventEachHoweverTheyAreWritten) {
  serve();
  const std::pair<const char*, const char*> samples[] = {{"scheduling_decision", "scheduling"},
                                                         {"workload_relocation", "relocation"},
                                                         {"cluster_reconfiguration", "cluster"},
                                                         {"inefficiency_detected", "inefficiency"}};
  for (const auto& [name, alias] : samples) {
    const std::string pretty = sample(name);
    ASSERT_FALSE(pretty.empty());
    std::string curl_d = pretty;
    std::erase_if(curl_d, [](char c) { return c == '\n' || c == '\r'; });
    const std::string compact = simdjson::minify(parse(pretty));
    const std::string path = std::string("/events/") + alias;
    Answer answer = post(path, pretty);
    EXPECT_EQ(answer.status, 202) << answer.body;
    EXPECT_THAT(answer.body, HasSubstr("\"accepted\":1,\"duplicates\":0,\"rejected\":[]"));
    EXPECT_THAT(answer.body, HasSubstr("\"warnings\":[]"));
    for (const std::string& form : {curl_d, compact, "[" + pretty + "]"}) {
      answer = post(path, form, "Content-Type: application/x-www-form-urlencoded\r\n");
      EXPECT_EQ(answer.status, 202);
      EXPECT_THAT(answer.body, HasSubstr("\"accepted\":0,\"duplicates\":1")) << answer.body;
    }
  }
  EXPECT_EQ(journal->stats().events, 4u);
}

TEST_F(ApiTest, TakesBatchesLinesGzipAndChunks) {
  serve();
  EXPECT_THAT(post("/events", "[" + custom(1) + "," + custom(2) + "]").body,
              HasSubstr("\"accepted\":2"));
  EXPECT_THAT(
      post("/events", custom(3) + "\n" + custom(4), "Content-Type: application/x-ndjson\r\n").body,
      HasSubstr("\"accepted\":2"));
  EXPECT_THAT(post("/events", testing::gzip(custom(5)), "Content-Encoding: gzip\r\n").body,
              HasSubstr("\"accepted\":1"));
  const std::string body = custom(6);
  Client chunked = client();
  chunked.send("POST /events HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (char c : body) chunked.send(std::string("1\r\n") + c + "\r\n");
  chunked.send("0\r\n\r\n");
  EXPECT_THAT(chunked.receive().body, HasSubstr("\"accepted\":1"));
  EXPECT_EQ(journal->stats().events, 6u);
}

TEST_F(ApiTest, TakesAnEnvelopeUnderItsOwnId) {
  serve();
  const std::string id = "01946983-4c40-8356-9066-5a90773929da";
  const std::string line = R"({"id":")" + id +
                           R"(","time":"2025-01-15T10:30:00Z","type":"custom",)" +
                           R"("source":"s","agent":"elsewhere","body":{"n":1}})";
  EXPECT_THAT(post("/events", line).body, Not(HasSubstr(id))) << "only when it is said";
  const std::string said = "Content-Type: application/vnd.kcloud.envelopes\r\n";
  EXPECT_THAT(post("/events", line + "\n" + custom(1), said).body,
              HasSubstr("\"accepted\":2,\"duplicates\":0,\"rejected\":[],\"ids\":[\"" + id));
  EXPECT_THAT(get("/events/id/" + id).body,
              AllOf(HasSubstr("\"agent\":\"elsewhere\""), HasSubstr("\"body\":{\"n\":1}")));
}

TEST_F(ApiTest, PipelinedPostsAreAnsweredInOrder) {
  serve();
  Client client = this->client();
  std::string requests;
  for (int i = 0; i < 100; ++i) {
    const std::string body = custom(i);
    requests += "POST /events HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: k" +
                std::to_string(i) + "\r\nContent-Length: " + std::to_string(body.size()) +
                "\r\n\r\n" + body;
  }
  client.send(requests);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(client.receive().status, 202) << i;
  EXPECT_EQ(journal->stats().events, 100u);
}

TEST_F(ApiTest, AnswersMixedBatchesByTheContract) {
  serve();
  const std::string batch = "[" + custom(1) + R"(,{"event_type":"scheduling_decision"},7])";
  Answer answer = post("/events", batch);
  EXPECT_EQ(answer.status, 202);
  const auto json = parse(answer.body);
  EXPECT_EQ(std::uint64_t(json["accepted"]), 1u);
  simdjson::dom::array rejected = json["rejected"];
  ASSERT_EQ(rejected.size(), 2u);
  EXPECT_EQ(std::uint64_t(rejected.at(0)["index"]), 1u);
  EXPECT_TRUE(json["ids"].at(0).is_string());
  EXPECT_TRUE(json["ids"].at(1).is_null());
  EXPECT_EQ(std::string_view(json["warnings"].at(0)["code"]), "unknown_type");

  answer = post("/events", batch, "Prefer: handling=strict\r\n");
  EXPECT_EQ(answer.status, 207);
  EXPECT_THAT(answer.body, HasSubstr("\"duplicates\":1"));

  answer = post("/events", R"([{"event_type":"scheduling_decision"}])");
  EXPECT_EQ(answer.status, 422);
  EXPECT_EQ(answer.header("Content-Type"), "application/problem+json");
  EXPECT_THAT(answer.body, HasSubstr("\"accepted\":0"));
  EXPECT_EQ(journal->stats().dead_letters, 5u);
}

TEST_F(ApiTest, AConflictIsRejectedAndKeptAsADeadLetter) {
  serve();
  const auto keyed = [](int n) {
    return R"({"event_type":"custom","event_id":"e1","timestamp":"2025-01-15T10:30:00Z","n":)" +
           std::to_string(n) + "}";
  };
  EXPECT_EQ(post("/events", keyed(1)).status, 202);
  EXPECT_THAT(post("/events", keyed(1)).body, HasSubstr("\"duplicates\":1"));
  const Answer answer = post("/events", keyed(2));
  EXPECT_EQ(answer.status, 422);
  EXPECT_THAT(answer.body, HasSubstr("\"problem\":\"id_conflict\""));
  const Answer letters = get("/dead-letters");
  EXPECT_THAT(letters.body, HasSubstr("\"reason\":\"id_conflict\""));
}

TEST_F(ApiTest, RetriesWithAnIdempotencyKeyAreDuplicates) {
  serve();
  const std::string body = R"([{"event_type":"custom"},{"event_type":"custom"}])";
  for (const char* field : {"Idempotency-Key: abc\r\n", "webhook-id: def\r\n"}) {
    const Answer first = post("/events", body, field);
    EXPECT_THAT(first.body, HasSubstr("\"accepted\":2"));
    const Answer again = post("/events", body, field);
    EXPECT_THAT(again.body, HasSubstr("\"duplicates\":2")) << again.body;
  }
  EXPECT_THAT(post("/events", body).body, HasSubstr("\"accepted\":2"));
  EXPECT_THAT(post("/events", body).body, HasSubstr("\"accepted\":2"));
}

TEST_F(ApiTest, RefusesWithProblemDocuments) {
  config->http.max_body_bytes = 2000;
  serve();
  struct Case {
    const char* name;
    Answer answer;
    int status;
  };
  const Case cases[] = {
      {"no JSON", post("/events", "hello"), 400},
      {"empty", post("/events", ""), 400},
      {"no gzip", post("/events", custom(1), "Content-Encoding: gzip\r\n"), 400},
      {"type", post("/events", custom(1), "Content-Type: text/html\r\n"), 415},
      {"encoding", post("/events", custom(1), "Content-Encoding: br\r\n"), 415},
      {"large", post("/events", std::string(2001, ' ')), 413},
      {"bomb",
       post("/events", testing::gzip(std::string(100'000, ' ')), "Content-Encoding: gzip\r\n"),
       413},
      {"endpoint", post("/events/nothing", kRelocation), 404},
      {"reserved", post("/events/alert_transition", custom(1)), 403},
      {"other type", post("/events/scheduling", kRelocation), 422},
      {"path", post("/nothing", custom(1)), 404},
      {"method", post("/health", custom(1)), 405},
  };
  for (const Case& test : cases) {
    EXPECT_EQ(test.answer.status, test.status) << test.name << test.answer.body;
    EXPECT_EQ(test.answer.header("Content-Type"), "application/problem+json") << test.name;
    const auto json = parse(test.answer.body);
    EXPECT_EQ(std::uint64_t(json["status"]), static_cast<std::uint64_t>(test.status));
    EXPECT_FALSE(std::string_view(json["detail"]).empty());
  }
  EXPECT_EQ(cases[11].answer.header("Allow"), "GET, HEAD, OPTIONS");
  EXPECT_EQ(journal->stats().events, 0u);
}

TEST_F(ApiTest, OverloadIs503WithRetryAfter) {
  journal_queue_bytes = 1;
  serve();
  std::promise<void> committing, release;
  auto released = release.get_future().share();
  std::atomic<bool> first{true};
  const auto blocked = journal->subscribe([&](std::uint64_t) {
    if (!first.exchange(false)) return;
    committing.set_value();
    released.wait();
  });
  const auto request = [](int n) {
    const std::string body = custom(n);
    return "POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
  };
  Client stored = client();
  stored.send(request(1));
  committing.get_future().wait();
  Client queued = client();
  queued.send(request(2));
  while (journal->stats().queued_bytes == 0) std::this_thread::yield();
  const Answer answer = post("/events", custom(3));
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.header("Retry-After"), "1");
  EXPECT_EQ(router->counters().webhook.busy.load(), 1u);
  release.set_value();
  EXPECT_EQ(stored.receive().status, 202);
  EXPECT_EQ(queued.receive().status, 202);
}

TEST_F(ApiTest, AClosedJournalIs503AndUnhealthy) {
  serve();
  journal->close();
  const Answer answer = post("/events", custom(1));
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.header("Retry-After"), "5");
  EXPECT_EQ(get("/health").status, 503);
  EXPECT_EQ(get("/health/ready").status, 503);
  EXPECT_EQ(get("/health/live").status, 200);
}

TEST_F(ApiTest, TokensAndRolesDecideWhoMayPostAndRead) {
  config->http.tokens = {{"p", {"publish-secret"}, {"ingest"}}, {"r", {"read-secret"}, {"read"}}};
  config->http.anonymous_roles = {};
  serve();
  const std::string publish = "Authorization: Bearer publish-secret\r\n";
  const std::string read = "Authorization: Bearer read-secret\r\n";
  Answer answer = post("/events", custom(1), "");
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.header("WWW-Authenticate"), "Bearer realm=\"kcloud-logger\"");
  answer = post("/events", custom(1), "Authorization: Bearer guess\r\n");
  EXPECT_EQ(answer.status, 401);
  EXPECT_THAT(answer.header("WWW-Authenticate"), HasSubstr("error=\"invalid_token\""));
  answer = post("/events", custom(1), read);
  EXPECT_EQ(answer.status, 403);
  EXPECT_THAT(answer.header("WWW-Authenticate"), HasSubstr("error=\"insufficient_scope\""));
  EXPECT_EQ(post("/events", custom(1), publish).status, 202);
  EXPECT_EQ(get("/events", publish).status, 403);
  EXPECT_EQ(get("/events", read).status, 200);
  EXPECT_EQ(get("/events?access_token=read-secret").status, 401);
  EXPECT_EQ(get("/config", read).status, 403);
  EXPECT_EQ(get("/health").status, 200);
  EXPECT_EQ(router->counters().webhook.unauthorized.load(), 3u);
  const std::string metrics = get("/metrics", read).body;
  EXPECT_THAT(metrics, HasSubstr("kcloud_logger_http_denied_total{code=\"401\"} 3"));
  EXPECT_THAT(metrics, ::testing::Not(HasSubstr("secret")));
}

TEST_F(ApiTest, ReloadExchangesTokensAndCatalogue) {
  serve();
  EXPECT_EQ(get("/events").status, 200);
  auto changed = std::make_shared<config::Config>(*config);
  changed->http.tokens = {{"r", {"s"}, {"read"}}};
  changed->http.anonymous_roles = {};
  router->reload(changed);
  EXPECT_EQ(get("/events").status, 401);
  EXPECT_EQ(get("/events", "Authorization: Bearer s\r\n").status, 200);
}

TEST_F(ApiTest, CountersObeyTheLawOfConservation) {
  serve();
  post("/events", "[" + custom(1) + "," + custom(1) + R"(,{"n":1}])");
  const auto& counters = router->counters().webhook;
  EXPECT_EQ(counters.received.load(), 3u);
  EXPECT_EQ(counters.stored.load(), 1u);
  EXPECT_EQ(counters.duplicates.load(), 1u);
  EXPECT_EQ(counters.rejected.load(), 1u);
  EXPECT_EQ(counters.conflicts.load(), 0u);
}

}  // namespace kcloud::api
