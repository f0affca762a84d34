#include <future>
#include <set>

#include "tests/api/fixture.h"

namespace kcloud::api {

class QueryTest : public ApiTest {
 protected:
  void serve_with(int events) {
    serve();
    std::string batch = "[";
    for (int i = 0; i < events; ++i) {
      batch += (i > 0 ? "," : "") + event(i);
    }
    ASSERT_EQ(post("/events", batch + "]").status, 202);
  }
  static std::string event(int n) {
    char time[64];
    std::snprintf(time, sizeof time, "2025-01-15T10:%02d:%02dZ", n / 60 % 60, n % 60);
    return R"({"event_type":"workload_relocation","timestamp":")" + std::string(time) +
           R"(","workload":"team/w-)" + std::to_string(n % 3) + R"(","trigger":"=SUM","n":)" +
           std::to_string(n) + R"(,"migration":{"from_cluster":"a","to_cluster":"c)" +
           std::to_string(n % 2) + "\"}}";
  }
  std::size_t count(const std::string& path) {
    const Answer answer = get(path);
    EXPECT_EQ(answer.status, 200) << path << answer.body;
    return simdjson::dom::array(parse(answer.body)["events"]).size();
  }
};

TEST_F(QueryTest, ListsEventsAsTheContractShowsThem) {
  serve();
  post("/events/scheduling", sample("scheduling_decision"));
  const Answer answer = get("/events");
  EXPECT_EQ(answer.header("Content-Type"), "application/json");
  const auto json = parse(answer.body);
  EXPECT_TRUE(json["next"].is_null());
  const auto event = json["events"].at(0);
  EXPECT_EQ(std::string_view(event["type"]), "scheduling_decision");
  EXPECT_EQ(std::string_view(event["time"]), "2025-01-15T10:30:00Z");
  EXPECT_EQ(std::string_view(event["workload"]), "ml-training-job-123");
  EXPECT_EQ(std::string_view(event["cluster"]), "gpu-cluster-01");
  EXPECT_EQ(std::string_view(event["collector"]), "webhook");
  EXPECT_EQ(std::string_view(event["agent"]), "agent-1");
  EXPECT_EQ(std::string_view(event["seq"]), journal->epoch() + "-1");
  EXPECT_EQ(std::string_view(event["body"]["decision"]["reason"]), "최적 전력 효율성");
  EXPECT_EQ(double(event["fields"]["execution_time_ms"]), 245.0);
}

TEST_F(QueryTest, FiltersByPathAndParameters) {
  serve_with(60);
  EXPECT_EQ(count("/events"), 60u);
  EXPECT_EQ(count("/events/relocation"), 60u);
  EXPECT_EQ(count("/events/workload_relocation"), 60u);
  EXPECT_EQ(count("/events/scheduling"), 0u);
  EXPECT_EQ(count("/events/workload/team/w-1"), 20u);
  EXPECT_EQ(count("/events/workload/team%2Fw-1"), 20u);
  EXPECT_EQ(count("/events?workload=team/w-2&cluster=c1"), 10u);
  EXPECT_EQ(count("/events?since=2025-01-15T10:00:10Z&until=2025-01-15T10:00:20Z"), 10u);
  EXPECT_EQ(count("/events?received_since=-1h"), 60u);
  EXPECT_EQ(count("/events?received_until=-1h"), 0u);
  EXPECT_EQ(count("/events?q=W-0"), 20u);
  EXPECT_EQ(count("/events?limit=7"), 7u);
}

TEST_F(QueryTest, PagesAreStableWhileEventsArrive) {
  serve_with(60);
  std::set<std::string> seen;
  std::string path = "/events?limit=7";
  for (int page = 0; page < 20; ++page) {
    const Answer answer = get(path);
    const auto json = parse(answer.body);
    for (const auto event : simdjson::dom::array(json["events"])) {
      EXPECT_TRUE(seen.insert(std::string(std::string_view(event["id"]))).second);
    }
    if (json["next"].is_null()) {
      EXPECT_EQ(answer.header("Link"), "");
      break;
    }
    const std::string cursor{std::string_view(json["next"])};
    EXPECT_EQ(answer.header("X-Next-Cursor"), cursor);
    path = "/events?limit=7&cursor=" + cursor;
    EXPECT_EQ(answer.header("Link"), "<" + path + ">; rel=\"next\"");
    post("/events", event(1000 + page));
  }
  EXPECT_EQ(seen.size(), 60u);
}

TEST_F(QueryTest, FormatsAreNdjsonAndCsvWithTheNextCursorInAHeader) {
  serve_with(3);
  const Answer lines = get("/events?format=ndjson&order=asc&limit=2");
  EXPECT_EQ(lines.header("Content-Type"), "application/x-ndjson");
  EXPECT_EQ(std::count(lines.body.begin(), lines.body.end(), '\n'), 2);
  EXPECT_FALSE(lines.header("X-Next-Cursor").empty());
  const Answer table = get("/events?format=csv&order=asc");
  EXPECT_THAT(table.header("Content-Type"), HasSubstr("text/csv"));
  EXPECT_THAT(table.body, ::testing::StartsWith("id,seq,time,received,type,"));
  EXPECT_THAT(table.body, HasSubstr(",workload_relocation,"));
  EXPECT_EQ(std::count(table.body.begin(), table.body.end(), '\n'), 4);
}

TEST_F(QueryTest, OneEventAndWhereItIs) {
  exporters = {{"main", "influxdb", false, [] { return delivery::Status{}; }, nullptr}};
  serve();
  const Answer posted = post("/events", event(1));
  const std::string id{std::string_view(parse(posted.body)["ids"].at(0))};
  journal->open_cursor("exporter:done", 0);
  const Answer one = get("/events/id/" + id);
  EXPECT_EQ(one.status, 200);
  EXPECT_EQ(std::string_view(parse(one.body)["id"]), id);
  auto where = parse(get("/events/id/" + id + "/deliveries").body);
  EXPECT_EQ(std::string_view(where["deliveries"].at(0)["name"]), "exporter:done");
  EXPECT_EQ(std::string_view(where["deliveries"].at(0)["state"]), "pending");
  EXPECT_EQ(std::uint64_t(where["deliveries"].at(0)["lag_events"]), 1u);
  EXPECT_EQ(std::string_view(where["deliveries"].at(1)["name"]), "exporter:main");
  std::promise<void> moved;
  journal->move_cursor("exporter:done", 1, {}, [&](core::CommitStatus) { moved.set_value(); });
  moved.get_future().wait();
  journal->move_cursor("seals:main:" + core::to_string(journal->chain().chain), 1, {}, {});
  journal->open_cursor("exporter:done", 0);  // behind it
  where = parse(get("/events/id/" + id + "/deliveries").body);
  EXPECT_EQ(std::string_view(where["deliveries"].at(0)["state"]), "delivered");
  EXPECT_EQ(simdjson::dom::array(where["deliveries"]).size(), 2u) << "seals are no sink of events";
  EXPECT_EQ(get("/events/id/" + id.substr(0, 35) + (id.back() == '0' ? "1" : "0")).status, 404);
  EXPECT_EQ(get("/events/id/nonsense").status, 400);
  EXPECT_EQ(get("/events/id/nonsense/deliveries").status, 400);
}

TEST_F(QueryTest, RefusesWrongParameters) {
  serve();
  for (const char* path :
       {"/events?typ=x", "/events?limit=0", "/events?limit=1001", "/events?since=soon",
        "/events?cursor=zz", "/events?q=%zz", "/events/relocation?type=x", "/events/workload/%zz",
        "/dead-letters?limit=0", "/dead-letters?x=1", "/stream/events?limit=1",
        "/stream/events?last_event_id=x"}) {
    const Answer answer = get(path);
    EXPECT_EQ(answer.status, 400) << path;
    EXPECT_EQ(answer.header("Content-Type"), "application/problem+json");
  }
}

TEST_F(QueryTest, InjectionsInParametersAreOnlyText) {
  serve_with(3);
  for (const char* attack : {"%27%20OR%201=1--", "%22;DROP%20TABLE%20events;--", "%25", "_",
                             "x%27%29%20UNION%20SELECT%20*%20FROM%20events--"}) {
    for (const char* name : {"type", "workload", "cluster", "source", "severity"}) {
      EXPECT_EQ(count(std::string("/events?") + name + "=" + attack), 0u) << name << attack;
    }
  }
  EXPECT_EQ(count("/events"), 3u);
}

TEST_F(QueryTest, DescribesItself) {
  serve();
  const auto index = parse(get("/").body);
  EXPECT_EQ(simdjson::dom::array(index["endpoints"]).size(), routes().size());
  EXPECT_EQ(std::string_view(parse(get("/openapi.json").body)["openapi"]), "3.1.0");
  EXPECT_GE(simdjson::dom::array(parse(get("/schemas").body)["types"]).size(), 7u);
  EXPECT_THAT(std::string(std::string_view(parse(get("/schemas/scheduling").body)["$schema"])),
              HasSubstr("2020-12"));
  EXPECT_EQ(get("/schemas/nothing").status, 404);
  EXPECT_EQ(get("/config").status, 200);
  EXPECT_EQ(get("/health/live").status, 200);
  EXPECT_EQ(get("/health/ready").status, 200);
  const auto health = parse(get("/health").body);
  EXPECT_EQ(std::string_view(health["status"]), "healthy");
  Client head = client();
  head.send("HEAD /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(head.receive(true).status, 200);
  Answer options = client().exchange("OPTIONS /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.header("Allow"), "POST, GET, HEAD, OPTIONS");
  ready = false;
  EXPECT_EQ(get("/health/ready").status, 503);
  EXPECT_EQ(get("/health/live").status, 200);
}

TEST_F(QueryTest, MetricsCountWhatHappened) {
  serve_with(3);
  const std::string metrics = get("/metrics").body;
  for (const char* line :
       {"kcloud_logger_collector_stored_events_total{collector=\"webhook\"} 3",
        "kcloud_logger_journal_committed_events_total 3", "kcloud_logger_journal_head 3",
        "kcloud_logger_ack_seconds_count 1", "kcloud_logger_http_responses_total{code=\"2xx\"} 1",
        "# TYPE kcloud_logger_ack_seconds histogram", "kcloud_logger_journal_max_bytes 1073",
        "# TYPE process_cpu_seconds_total counter", "\nprocess_resident_memory_bytes ",
        "\nprocess_start_time_seconds 1"}) {
    EXPECT_THAT(metrics, HasSubstr(line));
  }
}

TEST_F(QueryTest, EachFamilyOfMetricsStandsOnce) {
  serve();
  std::istringstream lines(get("/metrics").body);
  std::set<std::string> names;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# TYPE ")) {
      EXPECT_TRUE(names.insert(line).second) << line;
    }
  }
  EXPECT_GE(names.size(), 40u);
}

TEST_F(QueryTest, DeadLettersAreListedNewestFirstInPages) {
  serve();
  for (int i = 0; i < 5; ++i) post("/events", "{\"n\":" + std::to_string(i) + "}");
  auto json = parse(get("/dead-letters?limit=2").body);
  EXPECT_EQ(std::string_view(json["dead_letters"].at(0)["body"]), "{\"n\":4}");
  EXPECT_EQ(std::string_view(json["dead_letters"].at(0)["origin"]), "collector:webhook");
  const std::string next = std::to_string(std::uint64_t(json["next"]));
  json = parse(get("/dead-letters?limit=10&before=" + next).body);
  EXPECT_EQ(simdjson::dom::array(json["dead_letters"]).size(), 3u);
  EXPECT_TRUE(json["next"].is_null());
}

TEST_F(QueryTest, DeadLettersAreFilteredAndShownOneByOne) {
  serve();
  post("/events", "{\"n\":1}\n{]}\n", "Content-Type: application/x-ndjson\r\n");
  post("/events/scheduling", R"({"workload_id":"no-cluster"})");
  struct Case {
    const char* query;
    std::size_t found;
  };
  for (const Case& test :
       {Case{"", 3}, Case{"reason=invalid_json", 1}, Case{"type=scheduling", 1},
        Case{"type=scheduling_decision&reason=invalid_json", 0},
        Case{"origin=collector:webhook", 3}, Case{"origin=collector:bus", 0}, Case{"since=-1h", 3},
        Case{"until=-1h", 0}, Case{"since=now-1h&until=now%2B1h&limit=2", 2}}) {
    const auto json = parse(get("/dead-letters?" + std::string(test.query)).body);
    EXPECT_EQ(simdjson::dom::array(json["dead_letters"]).size(), test.found) << test.query;
  }
  const auto one = parse(get("/dead-letters/3").body);
  EXPECT_EQ(std::string_view(one["type"]), "scheduling_decision");
  EXPECT_EQ(std::uint64_t(one["id"]), 3u);
  EXPECT_EQ(get("/dead-letters/4").status, 404);
  for (const char* bad :
       {"/dead-letters/x", "/dead-letters/0", "/dead-letters?limit=0", "/dead-letters?limit=1001",
        "/dead-letters?since=soon", "/dead-letters?reason=", "/dead-letters?colour=red",
        "/dead-letters?before=99999999999999999999"}) {
    EXPECT_EQ(get(bad).status, 400) << bad;
  }
}

}  // namespace kcloud::api
