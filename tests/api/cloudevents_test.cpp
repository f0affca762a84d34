#include <string>

#include "tests/api/fixture.h"
#include "tests/collectors/compress.h"

namespace kcloud::api {

namespace {

constexpr const char* kStructured = "Content-Type: application/cloudevents+json\r\n";
constexpr const char* kBatched = "Content-Type: application/cloudevents-batch+json\r\n";
constexpr const char* kData = R"({"selected_cluster":"gpu-cluster-01","n":1})";
const std::string kBinary =
    "Content-Type: application/json\r\nce-specversion: 1.0\r\nce-id: e-1\r\n"
    "Ce-Source: /schedulers/%EC%84%9C%EC%9A%B8\r\nce-type: io.kcloud.scheduling_decision.v1\r\n"
    "ce-time: 2025-01-15T10:30:00Z\r\nce-subject: ml-job-1\r\nce-traceparent: 00-1-2-00\r\n";

std::string event(const std::string& id = "e-1", const std::string& data = kData) {
  return R"({"specversion":"1.0","id":")" + id +
         R"(","source":"/schedulers/서울","type":"io.kcloud.scheduling_decision.v1",)"
         R"("time":"2025-01-15T10:30:00Z","subject":"ml-job-1","data":)" +
         data + "}";
}

}  // namespace

TEST_F(ApiTest, ACloudEventIsOneEventInWhicheverMode) {
  serve();
  const Answer first = post("/events", event(), kStructured);
  ASSERT_EQ(first.status, 202) << first.body;
  EXPECT_THAT(first.body, HasSubstr("\"accepted\":1"));
  const std::string id(std::string_view(parse(first.body)["ids"].at(0)));
  for (const Answer& again :
       {post("/events/scheduling", kData, kBinary), post("/events", kData, kBinary),
        post("/events", "[" + event() + "]", kBatched),
        post("/events/scheduling", testing::zstd_stream(event()),
             std::string(kStructured) + "Content-Encoding: zstd\r\n")}) {
    EXPECT_EQ(again.status, 202);
    EXPECT_THAT(again.body, HasSubstr("\"duplicates\":1"));
    EXPECT_THAT(again.body, HasSubstr(id));
  }
  EXPECT_THAT(post("/events", event("e-1", R"({"selected_cluster":"other"})"), kStructured).body,
              HasSubstr("id_conflict"));

  const auto stored = parse(get("/events/id/" + id).body);
  EXPECT_EQ(std::string_view(stored["source"]), "/schedulers/서울");
  EXPECT_EQ(std::string_view(stored["workload"]), "ml-job-1");
  EXPECT_EQ(std::string_view(stored["fields"]["workload"]), "ml-job-1");
  EXPECT_EQ(std::string_view(stored["type"]), "scheduling_decision");
  EXPECT_EQ(std::string_view(stored["time"]), "2025-01-15T10:30:00Z");
  EXPECT_EQ(simdjson::minify(stored["body"]), kData);
  EXPECT_THAT(get("/events?workload=ml-job-1").body, HasSubstr(id));
  EXPECT_THAT(get("/events/workload/ml-job-1").body, HasSubstr(id));

  const std::string metrics = get("/metrics").body;
  const auto counted = [&](const char* mode, int events) {
    EXPECT_THAT(metrics,
                HasSubstr("kcloud_logger_collector_mode_events_total{collector=\"webhook\","
                          "mode=\"" +
                          std::string(mode) + "\"} " + std::to_string(events) + "\n"));
  };
  counted("structured", 3);
  counted("binary", 2);
  counted("batched", 1);
  counted("plain", 0);
  EXPECT_THAT(metrics, HasSubstr("encoding=\"zstd\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("encoding=\"identity\"} 5\n"));
}

TEST_F(ApiTest, ABatchOfCloudEventsTakesTheGoodOnes) {
  serve();
  const Answer answer =
      post("/events",
           "[" + event("a") + R"(,{"specversion":"1.0","id":"b","data":{}},)" + event("c") + "]",
           kBatched);
  EXPECT_EQ(answer.status, 202);
  const auto json = parse(answer.body);
  EXPECT_EQ(std::uint64_t(json["accepted"]), 2u);
  EXPECT_EQ(std::uint64_t(json["rejected"].at(0)["index"]), 1u);
  EXPECT_EQ(std::string_view(json["rejected"].at(0)["errors"].at(0)["path"]), "source");
  EXPECT_THAT(get("/dead-letters").body, HasSubstr(R"(source: missing, expected a URI reference)"));
}

TEST_F(ApiTest, RefusesWhatDoesNotFitWithReasons) {
  config->http.max_body_bytes = 2000;
  config->http.max_events_per_request = 2;
  serve();
  struct Case {
    const char* name;
    Answer answer;
    int status;
    const char* detail;
  };
  const std::string bomb(100'000, ' ');
  const Case cases[] = {
      {"xml", post("/events", "<x/>", "Content-Type: application/cloudevents+xml\r\n"), 415,
       "application/cloudevents-batch+json"},
      {"avro", post("/events", "x", "Content-Type: application/cloudevents+avro\r\n"), 415,
       "taken"},
      {"br", post("/events", "x", "Content-Encoding: br\r\n"), 415, "gzip, zstd, deflate"},
      {"list", post("/events", "x", "Content-Encoding: gzip, zstd\r\n"), 415, "gzip, zstd`"},
      {"no version", post("/events", kData, "ce-id: 1\r\n"), 400, "ce-specversion"},
      {"array", post("/events", "[" + event() + "]", kStructured), 400, "cloudevents-batch+json"},
      {"object", post("/events", event(), kBatched), 400, "cloudevents+json"},
      {"no zstd", post("/events", kData, "Content-Encoding: zstd\r\n"), 400, "not zstd"},
      {"cut", post("/events", testing::zlib(kData).substr(0, 20), "Content-Encoding: deflate\r\n"),
       400, "cut short"},
      {"zstd bomb", post("/events", testing::zstd_stream(bomb), "Content-Encoding: zstd\r\n"), 413,
       "decompressed"},
      {"raw bomb", post("/events", testing::raw_deflate(bomb), "Content-Encoding: deflate\r\n"),
       413, "decompressed"},
      {"many", post("/events", "[{},{},{}]", kBatched), 413, "max_events_per_request"},
  };
  for (const Case& test : cases) {
    EXPECT_EQ(test.answer.status, test.status) << test.name;
    EXPECT_EQ(test.answer.header("Content-Type"), "application/problem+json") << test.name;
    EXPECT_THAT(test.answer.body, HasSubstr(test.detail)) << test.name;
    EXPECT_EQ(test.answer.header("Accept-Encoding"),
              std::string_view(test.name) == "br" || std::string_view(test.name) == "list"
                  ? "gzip, zstd, deflate, identity"
                  : "")
        << test.name;
  }
  EXPECT_THAT(cases[0].answer.header("Accept"), HasSubstr("application/cloudevents+json"));
  EXPECT_EQ(journal->stats().events, 0u);
  EXPECT_EQ(journal->stats().dead_letters, 0u);
  const std::string metrics = get("/metrics").body;
  for (const char* counted :
       {"content_type\"} 2\n", "content_encoding\"} 2\n", "cloudevent\"} 3\n",
        "encoded_body\"} 2\n", "too_large\"} 2\n", "too_many_events\"} 1\n", "not_json\"} 0\n"}) {
    EXPECT_THAT(metrics, HasSubstr("reason=\"" + std::string(counted)));
  }
}

class Handshake : public ApiTest {
 protected:
  Answer ask(std::string path, std::string fields) {
    return client().exchange("OPTIONS " + path + " HTTP/1.1\r\nHost: localhost\r\n" + fields +
                             "\r\n");
  }
};

TEST_F(Handshake, GrantsOnlyAllowedOrigins) {
  config->http.cloudevents.allowed_origins = {"eventgrid.example"};
  config->http.tokens = {{"p", {"publish-secret"}, {"ingest"}}};  // a handshake needs none
  config->http.anonymous_roles = {};
  serve();
  const std::string origin = "WebHook-Request-Origin: EventGrid.example\r\n";
  for (const char* path : {"/events", "/events/scheduling", "/events/scheduling_decision"}) {
    const Answer answer = ask(path, origin);
    EXPECT_EQ(answer.status, 200) << path;
    EXPECT_EQ(answer.header("WebHook-Allowed-Origin"), "EventGrid.example");
    EXPECT_THAT(answer.header("Allow"), HasSubstr("POST"));
    EXPECT_EQ(answer.header("WebHook-Allowed-Rate"), "");
    EXPECT_EQ(answer.body, "");
  }
  EXPECT_EQ(ask("/events", origin + "WebHook-Request-Rate: 100\r\n").header("WebHook-Allowed-Rate"),
            "*");
  const Answer other = ask("/events", "WebHook-Request-Origin: other.example\r\n");
  EXPECT_EQ(other.status, 204);
  EXPECT_EQ(other.header("WebHook-Allowed-Origin"), "");
  EXPECT_EQ(other.header("Allow"), "");
  for (const char* path : {"/health", "/events/nothing", "/events/workload/x"}) {
    EXPECT_EQ(ask(path, origin).header("WebHook-Allowed-Origin"), "") << path;
  }
  EXPECT_EQ(ask("/events", "").status, 204);  // as without CloudEvents
  EXPECT_EQ(ask("/events", "").header("Allow"), "POST, GET, HEAD, OPTIONS");
}

TEST_F(Handshake, SaysTheConfiguredRateAndFollowsAReload) {
  serve();
  const std::string origin = "WebHook-Request-Origin: any.example\r\n";
  EXPECT_EQ(ask("/events", origin).header("WebHook-Allowed-Origin"), "");  // none by default
  auto changed = std::make_shared<config::Config>(*config);
  changed->http.cloudevents = {{"*"}, 120};
  router->reload(changed);
  const Answer answer =
      ask("/events", origin + "WebHook-Request-Callback: https://any.example/confirm\r\n");
  EXPECT_EQ(answer.header("WebHook-Allowed-Origin"), "any.example");
  EXPECT_EQ(answer.header("WebHook-Allowed-Rate"), "120");
}

}  // namespace kcloud::api
