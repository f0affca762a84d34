#include "tests/api/fixture.h"

namespace kcloud::api {

class LiveTest : public ApiTest {
 protected:
  static std::string event(int n, std::string cluster = "a") {
    return R"({"event_type":"custom","timestamp":"2025-01-15T10:30:00Z","cluster":")" + cluster +
           R"(","n":)" + std::to_string(n) + "}";
  }
  Client listen(const std::string& query = "", const std::string& fields = "") {
    Client client = this->client();
    client.send("GET /stream/events" + query + " HTTP/1.1\r\nHost: localhost\r\n" + fields +
                "\r\n");
    client.read_until(": connected");
    return client;
  }
  std::string position(std::uint64_t seq) { return journal->epoch() + "-" + std::to_string(seq); }
};

TEST_F(LiveTest, SendsNewEventsWithTheirPositions) {
  serve();
  post("/events", event(1));
  Client client = listen();
  EXPECT_THAT(client.read_until("\n\n"), HasSubstr("Content-Type: text/event-stream"));
  post("/events", event(2));
  post("/events", event(3));
  const std::string& text = client.read_until("\"n\":3}");
  EXPECT_THAT(text, HasSubstr("id: " + position(2) + "\ndata: {\"id\":"));
  EXPECT_THAT(text, HasSubstr("id: " + position(3) + "\n"));
  EXPECT_THAT(text, HasSubstr("\"n\":2}"));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("\"n\":1}")));
}

TEST_F(LiveTest, ResumesBehindTheLastEventIdFromTheJournal) {
  serve();
  for (int i = 1; i <= 2000; ++i) {
    if (i % 500 == 0) {
      std::string batch = "[" + event(i - 499);
      for (int n = i - 498; n <= i; ++n) batch += "," + event(n);
      ASSERT_EQ(post("/events", batch + "]").status, 202);
    }
  }
  for (const bool by_header : {true, false}) {
    Client client = by_header ? listen("", "Last-Event-ID: " + position(3) + "\r\n")
                              : listen("?last_event_id=" + position(3));
    const std::string& text = client.read_until("\"n\":2000}");
    EXPECT_THAT(text, ::testing::Not(HasSubstr("\"n\":3}")));
    std::size_t at = 0;
    for (int n = 4; n <= 2000; ++n) {
      at = text.find("id: " + position(static_cast<std::uint64_t>(n)) + "\n", at);
      ASSERT_NE(at, std::string::npos) << n;
    }
    EXPECT_THAT(text, ::testing::Not(HasSubstr("event: gap")));
  }
}

TEST_F(LiveTest, FiltersAndHeartbeatsCarryTheNewestPosition) {
  serve();
  Client client = listen("?cluster=b");
  post("/events", event(1, "a"));
  post("/events", event(2, "a"));
  EXPECT_THAT(client.read_until(": heartbeat\nid: " + position(2)),
              HasSubstr(": heartbeat\nid: " + position(2)));
  post("/events", event(3, "b"));
  const std::string& text = client.read_until("\"n\":3}");
  EXPECT_THAT(text, HasSubstr("id: " + position(3) + "\ndata: "));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("\"n\":1}")));
}

TEST_F(LiveTest, AForeignEpochIsAnExplicitGapAndThenEverythingKept) {
  serve();
  post("/events", event(1));
  Client client = listen("", "Last-Event-ID: 00000000-7\r\n");
  const std::string& text = client.read_until("\"n\":1}");
  EXPECT_THAT(text, HasSubstr("event: gap\nid: " + position(0) +
                              "\ndata: {\"from\":\"00000000-7\",\"to\":\"" + position(0) +
                              "\",\"reason\":\"epoch\"}"));
  Client ahead = listen("", "Last-Event-ID: " + position(99) + "\r\n");
  EXPECT_THAT(ahead.read_until("\"ahead\""), HasSubstr("\"reason\":\"ahead\""));
}

TEST_F(LiveTest, ClientsAreLimitedAndLeave) {
  config->http.max_stream_clients = 2;
  serve();
  {
    Client first = listen();
    Client second = listen();
    const Answer third = get("/stream/events");
    EXPECT_EQ(third.status, 503);
    EXPECT_EQ(third.header("Retry-After"), "30");
  }
  for (int i = 0; i < 1000; ++i) {
    if (get("/metrics").body.find("kcloud_logger_stream_clients 0") != std::string::npos) break;
  }
  Client again = listen();
  post("/events", event(1));
  EXPECT_THAT(again.read_until("\"n\":1}"), HasSubstr("\"n\":1}"));
}

TEST_F(LiveTest, ManyClientsOfWhichSomeNeverReadAllGetEverything) {
  config->http.max_stream_clients = 400;
  serve();
  std::vector<Client> deaf;
  for (int i = 0; i < 50; ++i) {
    deaf.emplace_back(server->port(), 4096);
    deaf.back().send("GET /stream/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  std::vector<Client> clients;
  for (int i = 0; i < 200; ++i) clients.push_back(listen());
  for (int i = 0; i < 20; ++i) {
    std::string batch = "[" + event(i * 100);
    for (int n = 1; n < 100; ++n) batch += "," + event(i * 100 + n);
    ASSERT_EQ(post("/events", batch + "]").status, 202);
  }
  for (Client& client : clients) {
    EXPECT_THAT(client.read_until("id: " + position(2000) + "\n"),
                HasSubstr("id: " + position(1000) + "\n"));
  }
}

TEST_F(LiveTest, StopEndsTheStreams) {
  serve();
  Client client = listen();
  server->stop(std::chrono::seconds(5));
  EXPECT_TRUE(client.ended());
}

}  // namespace kcloud::api
