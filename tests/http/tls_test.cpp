// Real handshakes with certificates made for the test.
#include "tests/http/tls_client.h"

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/http/fixture.h"
#include "tests/http/pki.h"

namespace kcloud::http {

using ::testing::HasSubstr;
using testing::TlsClient;
using testing::TlsClientOptions;

constexpr std::string_view kGet = "GET /e HTTP/1.1\r\nHost: x\r\n\r\n";

class TlsTest : public HttpTest {
 protected:
  TlsTest() {
    std::signal(SIGPIPE, SIG_IGN);
    pki.make("server", "/CN=first", 30, "ca", "-addext subjectAltName=DNS:localhost");
    pki.make("client", "/CN=publisher-7", 30);
    options.tls.certificate = pki.certificate("server");
    options.tls.key = pki.key("server");
    options.tls.client_ca = pki.certificate("ca");
    options.tls.look_interval = milliseconds(10);
  }
  TlsClient client(const TlsClientOptions& how = {}) { return TlsClient(server->port(), how); }
  TlsClientOptions with(const std::string& name) const {
    return {.certificate = pki.certificate(name), .key = pki.key(name)};
  }
  // Puts another pair in place of the server's, as `mv` would.
  void replace(const std::string& name) const {
    namespace fs = std::filesystem;
    fs::copy_file(pki.key(name), pki.key("next"), fs::copy_options::overwrite_existing);
    fs::copy_file(pki.certificate(name), pki.certificate("next"),
                  fs::copy_options::overwrite_existing);
    fs::rename(pki.key("next"), pki.key("server"));
    fs::rename(pki.certificate("next"), pki.certificate("server"));
  }
  template <class Condition>
  static bool eventually(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(milliseconds(2));
    }
    return true;
  }

  const testing::Pki pki;
  Options options;
};

TEST_F(TlsTest, AnswersOverTls13AndTls12) {
  serve(options);
  for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    TlsClient client = this->client(
        {.trust = pki.certificate("ca"), .max_version = version, .protocols = "\x2h2\x8http/1.1"});
    ASSERT_TRUE(client.shook_hands());
    EXPECT_EQ(SSL_version(client.ssl()), version);
    const unsigned char* chosen = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(client.ssl(), &chosen, &size);
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(chosen), size), "http/1.1");
    for (int i = 0; i < 3; ++i) EXPECT_EQ(client.exchange(kGet).body, "GET /e?|");
  }
  EXPECT_EQ(server->counters().tls_handshakes.load(), 2u);
}

TEST_F(TlsTest, CarriesLargeBodiesBothWaysAndPipelinedRequests) {
  serve(options);
  const std::string body(3 << 20, 'x');
  TlsClient client = this->client();
  std::string request =
      "POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
      body;
  for (int i = 0; i < 2; ++i) EXPECT_EQ(client.exchange(request).body.size(), body.size() + 9);
  std::string many;
  for (int i = 0; i < 500; ++i) many += kGet;
  client.send(many);
  for (int i = 0; i < 500; ++i) ASSERT_EQ(client.receive().body, "GET /e?|") << i;
  EXPECT_EQ(server->counters().pending_body_bytes.load(), 0u);
}

TEST_F(TlsTest, StreamsAndNoticesThatTheClientLeft) {
  class Endless : public Stream {
   public:
    explicit Endless(std::atomic<int>& alive) : alive_(alive) { ++alive_; }
    ~Endless() override { --alive_; }
    void pull(Piece piece) override {
      if (sent_++ < 3) piece.send("piece");
    }

   private:
    std::atomic<int>& alive_;
    int sent_ = 0;
  };
  std::atomic<int> alive{0};
  handler.stream = [&] { return std::make_unique<Endless>(alive); };
  serve(options);
  {
    TlsClient client = this->client();
    client.send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(client.read_until("piece\r\n5\r\npiece\r\n5\r\npiece\r\n"), HasSubstr("piece"));
    client.send("what a client says meanwhile is passed over");
    EXPECT_EQ(alive.load(), 1);
  }
  EXPECT_TRUE(eventually([&] { return alive == 0; }));
  server.reset();
}

TEST_F(TlsTest, PlainHttpIsToldSo) {
  serve(options);
  for (const char* request : {"GET /e HTTP/1.1\r\nHost: x\r\n\r\n",
                              "POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"}) {
    Client plain(server->port());
    const Answer answer = plain.exchange(request);
    EXPECT_EQ(answer.status, 400);
    EXPECT_THAT(answer.body, HasSubstr("this listener speaks HTTPS"));
    EXPECT_TRUE(plain.ended());
  }
  EXPECT_EQ(server->counters().tls_plain_http.load(), 2u);
  EXPECT_EQ(client().exchange(kGet).status, 200);
}

TEST_F(TlsTest, RefusesWhatIsOldOrNoHandshake) {
  serve(options);
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
    EXPECT_FALSE(client({.max_version = version}).shook_hands());
  }
  EXPECT_FALSE(client({.max_version = TLS1_2_VERSION, .ciphers = "AES128-SHA"}).shook_hands());
  EXPECT_FALSE(client({.protocols = "\x2h2"}).shook_hands());
  std::string hello_that_ends("\x16\x03\x01\x40\x00\x01\x00", 7);
  for (const std::string& bytes : {std::string(70'000, '\xff'), std::string("SSH-2.0-x\r\n"),
                                   hello_that_ends + std::string(70'000, '\0')}) {
    Client raw(server->port());
    raw.send(bytes);
    EXPECT_TRUE(raw.ended());
  }
  EXPECT_EQ(server->counters().tls_failed.load(), 7u);
  EXPECT_EQ(client().exchange(kGet).status, 200);
  server.reset();
  options.tls.only_tls13 = true;
  serve(options);
  EXPECT_FALSE(client({.max_version = TLS1_2_VERSION}).shook_hands());
  EXPECT_EQ(client().exchange(kGet).status, 200);
}

TEST_F(TlsTest, RefusesToRenegotiate) {
  serve(options);
  TlsClient client = this->client({.max_version = TLS1_2_VERSION});
  EXPECT_EQ(client.exchange(kGet).status, 200);
  SSL_renegotiate(client.ssl());
  EXPECT_NE(SSL_do_handshake(client.ssl()), 1);
}

TEST_F(TlsTest, HandshakesEndInTimeHoweverSlowlyTheyCome) {
  options.header_timeout = milliseconds(200);
  serve(options);
  Client silent(server->port()), slow(server->port());
  bool took_it = true;
  std::thread dribble([&] {
    for (int i = 0; i < 2000 && took_it; ++i) {
      took_it = slow.send(i == 0 ? std::string_view("\x16") : std::string_view("\x03"));
      std::this_thread::sleep_for(milliseconds(5));
    }
  });
  EXPECT_TRUE(silent.ended());
  dribble.join();
  EXPECT_FALSE(took_it);
  EXPECT_GE(server->counters().timeouts.load(), 1u);
  server->stop(milliseconds(5000));
  EXPECT_EQ(server->counters().open.load(), 0u);
}

TEST_F(TlsTest, ConnectionsCountFromTheirFirstByteOn) {
  options.max_connections = 2;
  serve(options);
  Client first(server->port()), second(server->port());
  ASSERT_TRUE(eventually([&] { return server->counters().open == 2; }));
  EXPECT_FALSE(client().shook_hands());
  EXPECT_EQ(server->counters().refused.load(), 1u);
}

TEST_F(TlsTest, ResumesSessionsWithTickets) {
  serve(options);
  for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    TlsClient first = client({.max_version = version});
    EXPECT_EQ(first.exchange(kGet).status, 200);
    SSL_SESSION* session = SSL_get1_session(first.ssl());
    TlsClient second = client({.max_version = version, .session = session});
    EXPECT_EQ(SSL_session_reused(second.ssl()), 1);
    EXPECT_EQ(second.exchange(kGet).status, 200);
    SSL_SESSION_free(session);
  }
}

TEST_F(TlsTest, ClientCertificates) {
  const testing::Pki strangers;
  strangers.make("client", "/CN=publisher-7", 30);
  pki.make_expired("expired", "/CN=publisher-7");
  pki.make("nameless", "/O=only", 30, "ca", "-addext subjectAltName=DNS:node-3.example");
  const TlsClientOptions none,
      strange{.certificate = strangers.certificate("client"), .key = strangers.key("client")};
  struct Case {
    const char* name;
    ClientAuth mode;
    TlsClientOptions client;
    std::string body;  // empty: refused
  };
  const Case cases[] = {
      {"not asked for", ClientAuth::kNone, with("client"), "GET /e?|"},
      {"optional, none", ClientAuth::kOptional, none, "GET /e?|"},
      {"optional, good", ClientAuth::kOptional, with("client"), "GET /e?||publisher-7"},
      {"optional, unknown", ClientAuth::kOptional, strange, ""},
      {"required, none", ClientAuth::kRequired, none, ""},
      {"required, good", ClientAuth::kRequired, with("client"), "GET /e?||publisher-7"},
      {"required, by its DNS name", ClientAuth::kRequired, with("nameless"),
       "GET /e?||node-3.example"},
      {"required, unknown", ClientAuth::kRequired, strange, ""},
      {"required, expired", ClientAuth::kRequired, with("expired"), ""},
  };
  for (const Case& test : cases) {
    options.tls.client_auth = test.mode;
    serve(options);
    for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
      TlsClientOptions how = test.client;
      how.max_version = version;
      TlsClient client = this->client(how);
      EXPECT_EQ(client.exchange(kGet).body, test.body) << test.name;
    }
    server.reset();
  }
}

TEST_F(TlsTest, AResumedSessionIsStillTheClients) {
  options.tls.client_auth = ClientAuth::kRequired;
  serve(options);
  TlsClient first = client(with("client"));
  EXPECT_EQ(first.exchange(kGet).status, 200);
  SSL_SESSION* session = SSL_get1_session(first.ssl());
  TlsClient second = client({.session = session});
  EXPECT_EQ(SSL_session_reused(second.ssl()), 1);
  EXPECT_EQ(second.exchange(kGet).body, "GET /e?||publisher-7");
  SSL_SESSION_free(session);
}

TEST_F(TlsTest, TakesANewPairForNewConnectionsAndKeepsTheOldForOpenOnes) {
  pki.make("second", "/CN=second", 60);
  serve(options);
  TlsClient open = client();
  EXPECT_EQ(open.server(), "/CN=first");
  replace("second");
  EXPECT_TRUE(eventually([&] { return client().server() == "/CN=second"; }));
  EXPECT_EQ(open.exchange(kGet).status, 200);
  const auto left = server->tls_status()->not_after - std::chrono::system_clock::now();
  EXPECT_GT(left, std::chrono::hours(24 * 59));
}

TEST_F(TlsTest, KeepsTheLastGoodPairAndSaysWhy) {
  pki.make("second", "/CN=second", 60);
  pki.make_expired("expired", "/CN=expired");
  serve(options);
  const auto error = [&] { return server->tls_status()->error; };
  const auto expect_bad = [&](const char* why) {
    EXPECT_TRUE(eventually([&] { return error().find(why) != std::string::npos; })) << error();
    EXPECT_EQ(client().server(), "/CN=first");
  };
  std::filesystem::copy_file(pki.certificate("second"), pki.certificate("next"));
  std::filesystem::rename(pki.certificate("next"), pki.certificate("server"));
  expect_bad("not the key of the certificate");
  std::ofstream(pki.certificate("server")) << "half a certifica";
  expect_bad("no usable PEM certificate");
  std::filesystem::remove(pki.certificate("server"));
  expect_bad("cannot be read");
  replace("expired");
  expect_bad("expired at");
  replace("second");
  EXPECT_TRUE(eventually([&] { return error().empty(); }));
  EXPECT_EQ(client().server(), "/CN=second");
}

TEST_F(TlsTest, FollowsASwappedLinkAsKubernetesDoes) {
  namespace fs = std::filesystem;
  pki.make("second", "/CN=second", 60);
  const std::string base = pki.directory() + "/secret";
  for (const char* name : {"server", "second"}) {
    fs::create_directories(base + "/.." + name);
    fs::copy_file(pki.certificate(name), base + "/.." + name + "/tls.crt");
    fs::copy_file(pki.key(name), base + "/.." + name + "/tls.key");
  }
  fs::create_directory_symlink("..server", base + "/..data");
  fs::create_symlink("..data/tls.crt", base + "/tls.crt");
  fs::create_symlink("..data/tls.key", base + "/tls.key");
  options.tls.certificate = base + "/tls.crt";
  options.tls.key = base + "/tls.key";
  serve(options);
  EXPECT_EQ(client().server(), "/CN=first");
  fs::create_directory_symlink("..second", base + "/..data_tmp");
  fs::rename(base + "/..data_tmp", base + "/..data");
  EXPECT_TRUE(eventually([&] { return client().server() == "/CN=second"; }));
}

TEST_F(TlsTest, LooksWhenAskedTo) {
  pki.make("second", "/CN=second", 60);
  options.tls.look_interval = std::chrono::hours(1);
  serve(options);
  replace("second");
  EXPECT_EQ(client().server(), "/CN=first");
  server->reload_tls();
  EXPECT_TRUE(eventually([&] { return client().server() == "/CN=second"; }));
}

TEST_F(TlsTest, NoRequestFailsWhileCertificatesAreSwapped) {
  pki.make("one", "/CN=one", 60);
  pki.make("two", "/CN=two", 60);
  serve(options);
  std::atomic<bool> stop{false};
  std::atomic<int> failed{0}, answered{0};
  const TlsClientOptions how{.trust = pki.certificate("ca")};
  std::vector<std::thread> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back([&] {
      while (!stop) {
        TlsClient client = this->client(how);
        for (int n = 0; n < 5; ++n) ++(client.exchange(kGet).status == 200 ? answered : failed);
      }
    });
  }
  for (int round = 0; round < 6; ++round) {
    const std::string next = round % 2 == 0 ? "one" : "two";
    replace(next);
    EXPECT_TRUE(eventually([&] { return client().server() == "/CN=" + next; }));
  }
  stop = true;
  for (auto& thread : clients) thread.join();
  EXPECT_EQ(failed.load(), 0);
  EXPECT_GT(answered.load(), 0);
}

TEST_F(TlsTest, DoesNotStartOnAPairThatIsNotUsable) {
  options.tls.key = pki.key("client");
  EXPECT_THROW(serve(options), std::runtime_error);
}

}  // namespace kcloud::http
