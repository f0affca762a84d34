#include <atomic>

#include "tests/http/fixture.h"

namespace kcloud::http {

namespace {

// Gives `pieces` and then ends, or waits when `endless`.
class Pieces final : public Stream {
 public:
  Pieces(int pieces, std::size_t size, bool endless, std::atomic<int>& pulls,
         std::atomic<int>& alive)
      : left_(pieces), size_(size), endless_(endless), pulls_(pulls), alive_(alive) {
    ++alive_;
  }
  ~Pieces() override { --alive_; }
  void pull(Piece piece) override {
    ++pulls_;
    if (left_-- > 0) {
      piece.send(std::string(size_, 'x'));
    } else if (!endless_) {
      piece.send({});
    }
  }

 private:
  int left_;
  std::size_t size_;
  bool endless_;
  std::atomic<int>& pulls_;
  std::atomic<int>& alive_;
};

constexpr std::string_view kAsk = "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n";

}  // namespace

class StreamTest : public HttpTest {
 protected:
  void serve_pieces(int pieces, std::size_t size, bool endless, Options options = {}) {
    handler.stream = [=, this] {
      return std::make_unique<Pieces>(pieces, size, endless, pulls, alive);
    };
    serve(options);
  }
  bool wait_for_end() {
    for (int i = 0; i < 2000 && alive > 0; ++i) {
      ask("GET /e HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    return alive == 0;
  }

  std::atomic<int> pulls{0};
  std::atomic<int> alive{0};
};

TEST_F(StreamTest, SendsPiecesAsChunksAndEnds) {
  serve_pieces(3, 10, false);
  Client client = this->client();
  const Answer answer = client.exchange(kAsk);
  EXPECT_EQ(answer.header("Transfer-Encoding"), "chunked");
  EXPECT_EQ(answer.body, std::string(30, 'x'));
  EXPECT_TRUE(client.ended());
}

TEST_F(StreamTest, OldClientsGetTheBodyUntilTheEnd) {
  serve_pieces(2, 10, false);
  Client client = this->client();
  const Answer answer = client.exchange("GET /stream HTTP/1.0\r\n\r\n");
  EXPECT_EQ(answer.header("Transfer-Encoding"), "");
  EXPECT_EQ(answer.body, std::string(20, 'x'));
}

TEST_F(StreamTest, HeadOfAStreamHasNoBody) {
  serve_pieces(2, 10, true);
  Client client = this->client();
  client.send("HEAD /stream HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.receive(true).status, 200);
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(pulls, 0);
}

TEST_F(StreamTest, AClientThatDoesNotReadIsNotPulledFor) {
  serve_pieces(1 << 20, 64 << 10, false);
  Client deaf(server->port(), 4096);
  deaf.send(kAsk);
  int before = -1;
  for (int same = 0; same < 20;) {
    ask("GET /e HTTP/1.1\r\nHost: x\r\n\r\n");
    same = pulls == before && before > 0 ? same + 1 : 0;
    before = pulls;
  }
  EXPECT_LT(pulls, 400);
}

TEST_F(StreamTest, AClientThatNeverReadsIsCutOff) {
  Options options;
  options.idle_timeout = milliseconds(100);
  serve_pieces(1 << 20, 64 << 10, false, options);
  Client deaf(server->port(), 4096);
  deaf.send(kAsk);
  deaf.read_until("\r\n\r\n");
  EXPECT_TRUE(wait_for_end());
}

TEST_F(StreamTest, AClientThatLeavesEndsTheWaitingStream) {
  serve_pieces(1, 10, true);
  Client client = this->client();
  client.send(kAsk);
  client.read_until("xxxxxxxxxx");
  EXPECT_EQ(alive, 1);
  client.close();
  EXPECT_TRUE(wait_for_end());
}

TEST_F(StreamTest, StopEndsStreams) {
  serve_pieces(1, 10, true);
  Client client = this->client();
  client.send(kAsk);
  client.read_until("xxxxxxxxxx");
  server->stop(std::chrono::seconds(5));
  EXPECT_EQ(client.receive().body, std::string(10, 'x'));
  EXPECT_EQ(alive, 0);
}

}  // namespace kcloud::http
