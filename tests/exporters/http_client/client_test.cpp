#include "exporters/http_client/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>

#include "tests/exporters/http_client/canned_server.h"
#include "tests/support/environment.h"

namespace kcloud::http_client {
namespace {

using std::chrono::milliseconds;
using testing::answer;
using testing::CannedServer;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

Request request_to(const std::string& url, std::string_view body = {}) {
  Request request;
  request.url = url;
  request.body = body;
  return request;
}

TEST(HttpClient, PostsHeadersBodyAndCredentialsOverOneConnection) {
  CannedServer server({answer("204 No Content", ""), answer("200 OK", "fine")});
  Client client({});
  auto request = request_to(server.url() + "/write?x=1", "line\n");
  request.headers = {{"Content-Type", "text/plain"}};
  request.username = "me";
  request.password = "pass";
  EXPECT_EQ(client.post(request).status, 204);
  const auto second = client.post(request);
  EXPECT_EQ(second.status, 200);
  EXPECT_EQ(second.body, "fine");
  EXPECT_EQ(server.connections(), 1);
  const auto sent = server.requests().at(0);
  EXPECT_THAT(sent, StartsWith("POST /write?x=1 HTTP/1.1\r\n"));
  EXPECT_THAT(sent, HasSubstr("Content-Type: text/plain\r\n"));
  EXPECT_THAT(sent, HasSubstr("Authorization: Basic bWU6cGFzcw==\r\n"));
  EXPECT_THAT(sent, ::testing::EndsWith("\r\n\r\nline\n"));
}

TEST(HttpClient, CredentialsOfOneRequestDoNotReachTheNext) {
  CannedServer server({answer("200 OK", ""), answer("200 OK", "")});
  Client client({});
  auto request = request_to(server.url());
  request.username = "me";
  client.get(request);
  client.get(request_to(server.url()));
  EXPECT_THAT(server.requests().at(1), Not(HasSubstr("Authorization")));
}

TEST(HttpClient, LargeBodiesNeedNoExtraRoundTrip) {
  CannedServer server({answer("204 No Content", "")});
  Client client({});
  const std::string body(3 << 20, 'x');
  EXPECT_EQ(client.post(request_to(server.url(), body)).status, 204);
  EXPECT_THAT(server.requests().at(0).substr(0, 500), Not(HasSubstr("Expect")));
}

TEST(HttpClient, RetryAfterInSecondsAndAsADate) {
  char date[64];
  const std::time_t in_a_minute = std::time(nullptr) + 60;
  std::strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", std::gmtime(&in_a_minute));
  CannedServer server({answer("503 Busy", "", "Retry-After: 7\r\n"),
                       answer("429 Slow", "", std::string("Retry-After: ") + date + "\r\n"),
                       answer("503 Busy", "", "Retry-After: soon\r\n"), answer("503 Busy", "")});
  Client client({});
  EXPECT_EQ(client.get(request_to(server.url())).retry_after, milliseconds(7000));
  const auto from_date = client.get(request_to(server.url())).retry_after;
  ASSERT_TRUE(from_date);
  EXPECT_GT(*from_date, milliseconds(30'000));
  EXPECT_LE(*from_date, milliseconds(61'000));
  EXPECT_FALSE(client.get(request_to(server.url())).retry_after);
  EXPECT_FALSE(client.get(request_to(server.url())).retry_after);
}

TEST(HttpClient, RedirectsAreNotFollowed) {
  CannedServer server({answer("302 Found", "", "Location: http://127.0.0.1:1/\r\n")});
  Client client({});
  EXPECT_EQ(client.post(request_to(server.url(), "x")).status, 302);
}

TEST(HttpClient, ALongAnswerIsCutAndSaysSo) {
  CannedServer server({answer("400 Bad", std::string(100'000, 'x'))});
  Options options;
  options.max_response_bytes = 1000;
  Client client(options);
  const auto response = client.get(request_to(server.url()));
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.body.size(), 1000u);
  EXPECT_TRUE(response.truncated);
}

TEST(HttpClient, TransportFailuresAreValuesWithoutSecrets) {
  const std::string closed = "http://127.0.0.1:" + std::to_string(test_support::free_port());
  Client client({});
  auto request = request_to(closed + "/path?token=hush", "hush");
  request.username = "me";
  request.password = "hush";
  request.headers = {{"Authorization", "Token hush"}};
  const auto response = client.post(request);
  EXPECT_FALSE(response.answered());
  EXPECT_THAT(response.error, StartsWith(closed + ": "));
  EXPECT_THAT(response.error, Not(HasSubstr("hush")));
}

TEST(HttpClient, AHangingServerEndsAtTheTimeout) {
  CannedServer server({CannedServer::kHang});
  Options options;
  options.timeout = milliseconds(150);
  Client client(options);
  const auto response = client.get(request_to(server.url()));
  EXPECT_FALSE(response.answered());
  EXPECT_THAT(response.error, HasSubstr("timed out"));
}

TEST(HttpClient, ABrokenAnswerIsNoAnswer) {
  CannedServer server({"HTTP/1.1 204 No\r\nContent-Length: 50\r\nConnection: close\r\n\r\nshort",
                       "HTTP/1.1 200 OK\r\nContent-Length: 50\r\nConnection: close\r\n\r\nshort"});
  Client client({});
  EXPECT_EQ(client.get(request_to(server.url())).status, 204) << "a 204 has no body";
  EXPECT_FALSE(client.get(request_to(server.url())).answered());
}

TEST(HttpClient, OnlyHttpIsSpoken) {
  Client client({});
  EXPECT_FALSE(client.get(request_to("file:///etc/passwd")).answered());
}

TEST(HttpClient, StreamsUntilTheServerEnds) {
  CannedServer server({answer("200 OK", "data: 1\n\ndata: 2\n\n")});
  Client client({});
  std::string seen;
  const auto response = client.stream(request_to(server.url()),
                                      [&](std::string_view piece) {
                                        seen += piece;
                                        return true;
                                      },
                                      {});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.error, "");
  EXPECT_EQ(seen, "data: 1\n\ndata: 2\n\n");
}

TEST(HttpClient, AStreamEndsWhenTheReaderHasEnoughOrStopIsRequested) {
  const std::string endless = "HTTP/1.1 200 OK\r\n\r\ndata: 1\n\n";
  CannedServer server({endless + std::string("Connection: close"), endless});
  Client client({});
  const auto enough =
      client.stream(request_to(server.url()), [](std::string_view) { return false; }, {});
  EXPECT_EQ(enough.status, 200);
  EXPECT_EQ(enough.error, "");
  std::stop_source stop;
  const auto stopped = client.stream(
      request_to(server.url()), [&](std::string_view) { return stop.request_stop(); },
      stop.get_token());
  EXPECT_EQ(stopped.error, "");
}

TEST(HttpClient, AStreamThatIsRefusedReturnsItsBody) {
  CannedServer server({answer("401 Unauthorized", "who are you?")});
  Client client({});
  const auto response =
      client.stream(request_to(server.url()), [](std::string_view) { return true; }, {});
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(response.body, "who are you?");
}

TEST(HttpClient, UrlEncodesEverythingButUnreservedCharacters) {
  EXPECT_EQ(url_encode("aZ0-._~"), "aZ0-._~");
  EXPECT_EQ(url_encode("a b&c=d/한"), "a%20b%26c%3Dd%2F%ED%95%9C");
}

}  // namespace
}  // namespace kcloud::http_client
