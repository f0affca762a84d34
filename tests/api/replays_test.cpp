// Replays by the API: who may, what is asked for and what is shown.
#include "agent/api/replays.h"

#include "tests/api/fixture.h"

namespace kcloud::api {

TEST(ReplayRequests, TimesAreWhatOtherCallsTake) {
  const core::Time now = core::Time(std::chrono::hours(1000));
  const core::Zone utc("UTC");
  const auto given =
      parse_replay({{"from", "-2h"}, {"to", "now-1h"}, {"time", "event"}}, now, utc, "2c7a289e");
  EXPECT_EQ(given.error, "");
  EXPECT_EQ(given.range.from, now - std::chrono::hours(2));
  EXPECT_EQ(given.range.to, now - std::chrono::hours(1));
  EXPECT_TRUE(given.range.event_time);
  const auto behind =
      parse_replay({{"from", "-2h"}, {"after", "2c7a289e-7"}}, now, utc, "2c7a289e");
  EXPECT_EQ(behind.range.after, 7u);
  EXPECT_EQ(behind.range.to, now);
  EXPECT_FALSE(behind.range.event_time);
}

class ReplaysApiTest : public ApiTest {
 protected:
  ReplaysApiTest() {
    delivery::Status status;
    status.phase = delivery::Phase::kIdle;
    exporters = {{"main", "influxdb", false, [status] { return status; }, &counters},
                 {"ledger", "postgres", false, [status] { return status; }, &counters}};
    exporters[1].keeps_seals = true;
  }
  Answer remove(const std::string& path, const std::string& fields = "") {
    return client().exchange("DELETE " + path + " HTTP/1.1\r\nHost: localhost\r\n" + fields +
                             "\r\n");
  }
  core::ExporterCounters counters;
};

TEST_F(ReplaysApiTest, StartedShownAndOver) {
  serve();
  EXPECT_EQ(get("/exporters/main/replay").status, 404);
  EXPECT_EQ(remove("/exporters/main/replay").status, 404);
  const Answer started = post("/exporters/main/replay?from=2025-01-15T10:30:00Z", "");
  EXPECT_EQ(started.status, 202) << started.body;
  EXPECT_THAT(started.body, HasSubstr(R"({"exporter":"main","state":")"));
  EXPECT_THAT(started.body, HasSubstr(R"("time":"received","from":"2025-01-15T10:30:00Z","to":")"));
  EXPECT_THAT(started.body, HasSubstr(R"("started_by":"anonymous")"));
  std::string shown;
  for (int i = 0; i < 200 && shown.find(R"("state":"done")") == shown.npos; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    shown = get("/exporters/main/replay").body;
  }
  EXPECT_THAT(shown, HasSubstr(R"("sent":0,"refused":0,"gone":0,"remaining":0,"rate":0.0)"));
  EXPECT_THAT(shown, HasSubstr("\"position\":\"" + journal->epoch() + "-0\",\"last_error\":null"));
}

TEST_F(ReplaysApiTest, WhatIsNotFitIsSaidWithWhatWasExpected) {
  serve();
  EXPECT_EQ(post("/exporters/none/replay?from=-1h", "").status, 404);
  EXPECT_EQ(get("/exporters/none/replay").status, 404);
  const Answer sealed = post("/exporters/ledger/replay?from=-1h", "");
  EXPECT_EQ(sealed.status, 409);
  EXPECT_THAT(sealed.body, HasSubstr("another `schema`"));
  for (const auto& [query, told] : std::vector<std::pair<std::string, std::string>>{
           {"", "`from` is missing"},
           {"?from=yesterday", "parameter `from` is `yesterday`; expected RFC 3339"},
           {"?from=-1h&to=-2h", "expected a time before `to`"},
           {"?from=-1h&time=x", "expected `received`"},
           {"?from=-1h&after=x", "expected <epoch>-<seq>"},
           {"?from=-1h&after=00000000-1", "a position of this journal"},
           {"?from=-1h&limit=1", "unknown parameter `limit`"},
           {"?from=%zz", "malformed"}}) {
    const Answer answer = post("/exporters/main/replay" + query, "");
    EXPECT_EQ(answer.status, 400) << query;
    EXPECT_THAT(answer.body, HasSubstr(told));
  }
}

TEST_F(ReplaysApiTest, AnAdminStartsAndIsNamed) {
  config->http.tokens = {{"reader", {"read-token-0001"}, {"read"}},
                         {"ops", {"admin-token-0001"}, {"admin"}}};
  config->http.anonymous_roles.clear();
  serve();
  const std::string path = "/exporters/main/replay";
  EXPECT_EQ(post(path + "?from=-1h", "").status, 401);
  EXPECT_EQ(post(path + "?from=-1h", "", "Authorization: Bearer read-token-0001\r\n").status, 403);
  EXPECT_EQ(remove(path, "Authorization: Bearer read-token-0001\r\n").status, 403);
  const Answer started = post(path + "?from=-1h", "", "Authorization: Bearer admin-token-0001\r\n");
  EXPECT_THAT(started.body, HasSubstr(R"("started_by":"ops")"));
  EXPECT_EQ(get(path, "Authorization: Bearer read-token-0001\r\n").status, 200);
}

}  // namespace kcloud::api
