// Collectors beside the webhook as the API shows and steers them.
#include <gmock/gmock.h>

#include "tests/api/fixture.h"

namespace kcloud::api {

class CollectorsTest : public ApiTest {
 protected:
  CollectorsTest() {
    counters.received = 5;
    counters.stored = 4;
    counters.rejected = 1;
    status.phase = CollectorPhase::kRunning;
    status.restarts = 2;
    status.report.connected = true;
    status.report.last_error = "connection refused";
    status.report.last_error_time = core::from_nanos(1'736'940'000'000'000'000);
    status.report.measures = {
        {"gap_seconds_total", "Time without a subscription", core::Measure::Kind::kCounter, 2.5},
        {"stream_length", "Entries kept", core::Measure::Kind::kGauge, 7, {{"stream", "s\"1"}}}};
    collectors = {{"bus", "redis", [this] { return status; }, &counters}};
    pause_collector = [this](const std::string& name, bool paused) {
      if (name != "bus") return false;
      status.phase = paused ? CollectorPhase::kPaused : CollectorPhase::kRunning;
      return true;
    };
  }
  Answer command(const std::string& path, const std::string& fields = "") {
    return post(path, "", fields);
  }

  CollectorStatus status;
  core::CollectorCounters counters;
};

TEST_F(CollectorsTest, ListShowsEach) {
  serve();
  EXPECT_EQ(get("/collectors").body,
            "{\"collectors\":[{\"name\":\"bus\",\"type\":\"redis\",\"phase\":\"running\","
            "\"connected\":true,\"received\":5,\"stored\":4,\"rejected\":1,"
            "\"last_error\":\"connection refused\"}]}\n");
}

TEST_F(CollectorsTest, PausedAndResumed) {
  serve();
  const Answer paused = command("/collectors/bus/pause");
  EXPECT_EQ(paused.status, 200) << paused.body;
  EXPECT_THAT(paused.body, HasSubstr("\"phase\":\"paused\""));
  EXPECT_THAT(get("/health").body, HasSubstr(R"("collector:bus":{"status":"degraded")"));
  EXPECT_THAT(get("/metrics").body,
              HasSubstr("kcloud_logger_collector_paused{collector=\"bus\"} 1"));
  EXPECT_THAT(command("/collectors/bus/resume").body, HasSubstr("\"phase\":\"running\""));
  EXPECT_EQ(command("/collectors/none/pause").status, 404);
  EXPECT_EQ(command("/collectors/webhook/pause").status, 409);
  EXPECT_EQ(command("/collectors/%zz/pause").status, 400);
  EXPECT_EQ(get("/collectors/bus/pause").status, 405);
}

TEST_F(CollectorsTest, OnlyAnAdminSteers) {
  config->http.anonymous_roles.clear();
  config->http.tokens = {{"reader", {"read-token-0001"}, {"read"}}};
  serve();
  EXPECT_EQ(command("/collectors/bus/pause").status, 401);
  EXPECT_EQ(command("/collectors/bus/pause", "Authorization: Bearer read-token-0001\r\n").status,
            403);
  EXPECT_EQ(status.phase, CollectorPhase::kRunning);
}

TEST_F(CollectorsTest, HealthAndMetricsHaveItsFigures) {
  serve();
  const std::string health = get("/health").body;
  EXPECT_THAT(health, HasSubstr(R"("collector:bus":{"status":"healthy","type":"redis",)"
                                R"("phase":"running","connected":true,"received":5,"stored":4,)"
                                R"("duplicates":0,"conflicts":0,"rejected":1,"busy":0,)"
                                R"("restarts":2,"gap_seconds":2.5,)"
                                R"("last_error":"connection refused",)"));
  status.report.connected = false;
  EXPECT_THAT(get("/health").body, HasSubstr(R"("collector:bus":{"status":"degraded")"));
  EXPECT_THAT(get("/health").body, HasSubstr(R"({"status":"degraded","service")"));
  const std::string metrics = get("/metrics").body;
  for (const char* line :
       {"kcloud_logger_collector_stored_events_total{collector=\"bus\"} 4\n",
        "kcloud_logger_collector_up{collector=\"bus\"} 0\n",
        "kcloud_logger_collector_restarts_total{collector=\"bus\"} 2\n",
        "# TYPE kcloud_logger_collector_redis_gap_seconds_total counter\n",
        "kcloud_logger_collector_redis_gap_seconds_total{collector=\"bus\"} 2.5\n",
        "kcloud_logger_collector_redis_stream_length{collector=\"bus\",stream=\"s\\\"1\"} 7\n"}) {
    EXPECT_THAT(metrics, HasSubstr(line));
  }
}

}  // namespace kcloud::api
