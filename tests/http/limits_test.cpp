#include "tests/http/fixture.h"

namespace kcloud::http {

TEST_F(HttpTest, LargeHeadersAre431AndLongTargets414) {
  serve();
  EXPECT_EQ(
      ask("GET /e HTTP/1.1\r\nHost: x\r\nX: " + std::string(20 << 10, 'a') + "\r\n\r\n").status,
      431);
  EXPECT_EQ(ask("GET /" + std::string(64 << 10, 'a')).status, 414);
  std::string many = "GET /e HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 101; ++i) many += "X: a\r\n";
  EXPECT_EQ(ask(many + "\r\n").status, 431);
  std::string ten_thousand = "GET /e HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 10'000; ++i) ten_thousand += "X: a\r\n";
  EXPECT_EQ(ask(ten_thousand + "\r\n").status, 431);
}

TEST_F(HttpTest, LargeBodiesAre413BeforeTheyAreRead) {
  Options options;
  options.max_body_bytes = 1000;
  serve(options);
  EXPECT_EQ(ask("POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: 1073741824\r\n\r\n").status, 413);
  EXPECT_EQ(ask("POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n").status, 413);
  EXPECT_EQ(
      ask("POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + std::string(1000, 'x'))
          .status,
      200);
  std::string chunked = "POST /e HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 101; ++i) chunked += "a\r\n0123456789\r\n";
  EXPECT_EQ(ask(chunked + "0\r\n\r\n").status, 413);
}

TEST_F(HttpTest, TheAnswerToALargeBodyReachesAClientThatIsStillSending) {
  Options options;
  options.max_body_bytes = 1000;
  serve(options);
  Client client = this->client();
  client.send("POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n" +
              std::string(500'000, 'x'));
  EXPECT_EQ(client.receive().status, 413);
}

TEST_F(HttpTest, EndlessChunkExtensionsEnd) {
  serve();
  EXPECT_EQ(ask("POST /e HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5;" +
                std::string(100'000, 'x'))
                .status,
            400);
}

TEST_F(HttpTest, BodiesUnderWayAreBoundedTogether) {
  Options options;
  options.max_pending_body_bytes = 3000;
  serve(options);
  const std::string request =
      "POST /later HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + std::string(1000, 'x');
  Client clients[] = {client(), client(), client()};
  for (Client& waiting : clients) waiting.send(request);
  Reply first = handler.next_kept();
  Reply second = handler.next_kept();
  Reply third = handler.next_kept();
  const Answer refused = ask(request);
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.header("Retry-After"), "1");
  first.send({});
  second.send({});
  third.send({});
  for (Client& waiting : clients) EXPECT_EQ(waiting.receive().status, 200);
  EXPECT_EQ(ask("POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok").status, 200);
}

TEST_F(HttpTest, ConnectionsBeyondTheLimitAreTurnedAway) {
  Options options;
  options.max_connections = 2;
  serve(options);
  Client first = client();
  Client second = client();
  for (Client* open : {&first, &second}) {
    EXPECT_EQ(open->exchange("GET /e HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
  }
  Client third = client();
  EXPECT_EQ(third.receive().status, 503);
  EXPECT_TRUE(third.ended());
  EXPECT_EQ(server->counters().refused.load(), 1u);
}

TEST_F(HttpTest, SlowHeadersAndBodiesTimeOutWithAnAnswer) {
  Options options;
  options.header_timeout = options.body_timeout = milliseconds(100);
  serve(options);
  Client header = client();
  header.send("GET /e HTTP/1.1\r\nHos");
  EXPECT_EQ(header.receive().status, 408);
  EXPECT_TRUE(header.ended());
  Client body = client();
  body.send("POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_EQ(body.receive().status, 408);
  EXPECT_TRUE(body.ended());
  Client chunked = client();
  chunked.send("POST /e HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab");
  EXPECT_EQ(chunked.receive().status, 408);
}

TEST_F(HttpTest, IdleConnectionsAreClosedWithoutAWord) {
  Options options;
  options.idle_timeout = milliseconds(100);
  serve(options);
  Client client = this->client();
  EXPECT_EQ(client.exchange("GET /e HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
  EXPECT_TRUE(client.ended());
  Client silent = this->client();
  EXPECT_TRUE(silent.ended());
}

TEST_F(HttpTest, AHandlerMayTakeLongerThanEveryTimeout) {
  Options options;
  options.header_timeout = options.body_timeout = options.idle_timeout = milliseconds(40);
  serve(options);
  Client slow = client();
  slow.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  Reply reply = handler.next_kept();
  Client silent = client();
  EXPECT_TRUE(silent.ended());
  reply.send({});
  EXPECT_EQ(slow.receive().status, 200);
}

TEST_F(HttpTest, ClientsThatNeverReadAreCutOff) {
  Options options;
  options.idle_timeout = milliseconds(100);
  serve(options);
  Client deaf(server->port(), 4096);
  deaf.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  Response large;
  large.body.assign(32 << 20, 'x');
  handler.next_kept().send(std::move(large));
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (server->counters().timeouts.load() == 0 && std::chrono::steady_clock::now() < patience) {
    Client probe = client();
    EXPECT_EQ(probe.exchange("GET /e HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
  }
  EXPECT_GE(server->counters().timeouts.load(), 1u);
}

TEST_F(HttpTest, ServesGoodClientsBesideAThousandSlowOnes) {
  serve();
  std::vector<Client> slow;
  for (int i = 0; i < 900; ++i) {
    slow.push_back(client());
    slow.back().send("POST /e HTTP/1.1\r\nHost: x\r\nContent-Le");
  }
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(ask("GET /e HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
  }
}

}  // namespace kcloud::http
