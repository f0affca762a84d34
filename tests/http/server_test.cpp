#include <future>

#include "tests/http/fixture.h"

namespace kcloud::http {

using ::testing::HasSubstr;

TEST_F(HttpTest, KeepsTheConnectionAndAnswersInOrder) {
  serve();
  Client client = this->client();
  for (int i = 0; i < 3; ++i) {
    const std::string path = "/echo" + std::to_string(i);
    const Answer answer =
        client.exchange("POST " + path + "?a=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "POST " + path + "?a=1|hi");
  }
}

TEST_F(HttpTest, AnswersPipelinedRequestsInOrderAlsoWhenTheFirstTakesLonger) {
  serve();
  Client client = this->client();
  std::string requests = "GET /later HTTP/1.1\r\nHost: x\r\n\r\n";
  for (int i = 0; i < 200; ++i) {
    requests += "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n" +
                std::string(100, static_cast<char>('a' + i % 26));
  }
  client.send(requests);
  Response response;
  response.body = "first";
  handler.next_kept().send(std::move(response));
  EXPECT_EQ(client.receive().body, "first");
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(client.receive().body,
              "POST /echo?|" + std::string(100, static_cast<char>('a' + i % 26)));
  }
}

TEST_F(HttpTest, ReadsARequestThatArrivesByteByByte) {
  serve();
  Client client = this->client();
  for (char c : std::string("\r\nPOST /e HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello")) {
    client.send({&c, 1});
  }
  EXPECT_EQ(client.receive().body, "POST /e?|hello");
}

TEST_F(HttpTest, ReadsChunkedBodiesWithExtensionsAndTrailers) {
  serve();
  Client client = this->client();
  const std::string request =
      "POST /e HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n"
      "5;name=value\r\nhello\r\n1\r\n \r\n6\r\nworld!\r\n0\r\nX-Trailer: t\r\n\r\n";
  EXPECT_EQ(client.exchange(request).body, "POST /e?|hello world!");
  for (char c : request) client.send({&c, 1});
  EXPECT_EQ(client.receive().body, "POST /e?|hello world!");
}

TEST_F(HttpTest, ReadsLargeBodies) {
  serve();
  const std::string body(5 << 20, 'x');
  Client client = this->client();
  for (int i = 0; i < 2; ++i) {
    const Answer answer = client.exchange("POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: " +
                                          std::to_string(body.size()) + "\r\n\r\n" + body);
    EXPECT_EQ(answer.body.size(), body.size() + 9);
  }
  EXPECT_EQ(server->counters().pending_body_bytes.load(), 0u);
}

TEST_F(HttpTest, SaysContinueBeforeABodyThatExpectsIt) {
  serve();
  Client client = this->client();
  client.send("POST /e HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.receive().status, 100);
  EXPECT_EQ(client.exchange("ok").body, "POST /e?|ok");
  EXPECT_EQ(ask("POST /e HTTP/1.1\r\nHost: x\r\nExpect: magic\r\nContent-Length: 2\r\n\r\n").status,
            417);
}

TEST_F(HttpTest, RefusesBeforeTheBodyIsSent) {
  serve();
  Client client = this->client();
  const Answer answer = client.exchange(
      "POST /refused HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n");
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.header("Connection"), "close");
  EXPECT_EQ(answer.header("Content-Type"), "application/problem+json");
  EXPECT_TRUE(client.ended());
  Client without_body = this->client();
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(without_body.exchange("GET /refused HTTP/1.1\r\nHost: x\r\n\r\n").status, 401);
  }
}

TEST_F(HttpTest, HeadHasTheLengthAndNoBody) {
  serve();
  Client client = this->client();
  client.send("HEAD /e HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.receive(true).header("Content-Length"), "9");
  EXPECT_EQ(client.exchange("GET /e HTTP/1.1\r\nHost: x\r\n\r\n").body, "GET /e?|");
}

TEST_F(HttpTest, SpeaksHttp10) {
  serve();
  Client closing = this->client();
  EXPECT_EQ(closing.exchange("GET /e HTTP/1.0\r\n\r\n").header("Connection"), "close");
  EXPECT_TRUE(closing.ended());
  Client keeping = this->client();
  for (int i = 0; i < 2; ++i) {
    const Answer answer = keeping.exchange("GET /e HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_EQ(answer.header("Connection"), "keep-alive");
  }
}

TEST_F(HttpTest, ClosesWhenAskedTo) {
  serve();
  Client client = this->client();
  const Answer answer = client.exchange("GET /e HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(answer.header("Connection"), "close");
  EXPECT_TRUE(client.ended());
}

TEST_F(HttpTest, TakesAbsoluteTargets) {
  serve();
  EXPECT_EQ(ask("GET http://x/a?b HTTP/1.1\r\nHost: x\r\n\r\n").body, "GET /a?b|");
  EXPECT_EQ(ask("GET http://x HTTP/1.1\r\nHost: x\r\n\r\n").body, "GET /?|");
  EXPECT_EQ(ask("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n").body, "OPTIONS *?|");
}

TEST_F(HttpTest, AnswersFromOtherThreadsEachOnItsConnection) {
  serve();
  std::vector<Client> clients;
  for (int i = 0; i < 50; ++i) {
    clients.push_back(client());
    clients.back().send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  std::vector<std::jthread> threads;
  for (int t = 0; t < 5; ++t) {
    threads.emplace_back([this] {
      for (int i = 0; i < 10; ++i) handler.next_kept().send({});
    });
  }
  for (Client& waiting : clients) EXPECT_EQ(waiting.receive().status, 200);
}

TEST_F(HttpTest, AHandlerThatThrowsOrGivesUpAnswers500AndTheServerGoesOn) {
  serve();
  Client client = this->client();
  EXPECT_EQ(client.exchange("GET /throw HTTP/1.1\r\nHost: x\r\n\r\n").status, 500);
  EXPECT_EQ(client.exchange("GET /drop HTTP/1.1\r\nHost: x\r\n\r\n").status, 500);
  EXPECT_EQ(client.exchange("GET /e HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
}

TEST_F(HttpTest, SurvivesClientsThatLeaveBeforeTheAnswer) {
  serve();
  for (int i = 0; i < 20; ++i) {
    Client leaving = client();
    leaving.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
    Reply reply = handler.next_kept();
    leaving.close();
    Response response;
    response.body.assign(1 << 20, 'x');
    reply.send(std::move(response));
  }
  EXPECT_EQ(ask("GET /e HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
}

TEST_F(HttpTest, RunsPostedTasksInOrder) {
  serve();
  std::promise<std::vector<int>> done;
  auto seen = std::make_shared<std::vector<int>>();
  for (int i = 0; i < 100; ++i) server->post([seen, i] { seen->push_back(i); });
  server->post([seen, &done] { done.set_value(*seen); });
  const std::vector<int> order = done.get_future().get();
  ASSERT_EQ(order.size(), 100u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST_F(HttpTest, StopFinishesWhatIsUnderWayAndClosesIdleConnections) {
  serve();
  Client idle = client();
  EXPECT_EQ(idle.exchange("GET /e HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
  Client busy = client();
  busy.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  Reply reply = handler.next_kept();
  std::thread stopper([this] { server->stop(std::chrono::seconds(5)); });
  EXPECT_TRUE(idle.ended());
  reply.send({});
  const Answer answer = busy.receive();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("Connection"), "close");
  stopper.join();
  EXPECT_FALSE(client().connected());
}

TEST_F(HttpTest, StopIsBoundedWhenAHandlerNeverAnswers) {
  serve();
  Client busy = client();
  busy.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  Reply reply = handler.next_kept();
  server->stop(milliseconds(50));
  EXPECT_TRUE(busy.ended());
  server.reset();
  reply.send({});
}

TEST_F(HttpTest, AnAddressInUseIsAHintNotACrash) {
  serve();
  Options taken;
  taken.listen = "127.0.0.1:" + std::to_string(server->port());
  try {
    Server second(taken, handler);
    FAIL() << "bound twice";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("cannot listen on 127.0.0.1"));
  }
}

TEST_F(HttpTest, ListensOnIpv6) {
  Options options;
  options.listen = "[::1]:0";
  Server six(options, handler);
  EXPECT_THAT(six.address(), HasSubstr("[::1]:"));
  EXPECT_NE(six.port(), 0);
}

}  // namespace kcloud::http
