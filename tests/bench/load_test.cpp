#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "bench/loadgen/response.h"
#include "bench/loadgen/source.h"
#include "core/json.h"

namespace kcloud::bench {
namespace {

using ::testing::HasSubstr;
using State = ResponseParser::State;

constexpr std::string_view kAnswer =
    "HTTP/1.1 202 Accepted\r\nContent-Length: 31\r\nretry-after:  2 \r\n\r\n"
    R"({"accepted":1,"ids":["a",null]})";

TEST(ResponseParser, ReadsAnAnswerWhereverItIsCut) {
  for (std::size_t cut = 1; cut < kAnswer.size(); ++cut) {
    ResponseParser parser;
    ASSERT_EQ(parser.feed(kAnswer.substr(0, cut)), State::kIncomplete) << cut;
    ASSERT_EQ(parser.feed(kAnswer.substr(cut)), State::kComplete) << cut;
    EXPECT_EQ(parser.status(), 202);
    EXPECT_EQ(parser.header("retry-after"), "2");
    EXPECT_TRUE(parser.keep_alive());
    EXPECT_EQ(parser.body(), R"({"accepted":1,"ids":["a",null]})");
  }
}

TEST(ResponseParser, ReadsOneAnswerAfterAnother) {
  ResponseParser parser;
  ASSERT_EQ(parser.feed(kAnswer), State::kComplete);
  parser.next();
  EXPECT_EQ(parser.feed("HTTP/1.1 204 No Content\r\nConnection: Close\r\n\r\n"), State::kComplete);
  EXPECT_EQ(parser.status(), 204);
  EXPECT_FALSE(parser.keep_alive());
}

TEST(ResponseParser, RefusesWhatItCannotMeasure) {
  for (const char* bytes : {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                            "HTTP/1.1 abc\r\n\r\n", "SSH-2.0-OpenSSH_9.2 and more\r\n\r\n"}) {
    EXPECT_EQ(ResponseParser().feed(bytes), State::kBroken) << bytes;
  }
}

TEST(ResponseParser, KeepsAcknowledgedIds) {
  std::string ids;
  EXPECT_EQ(append_ids(R"({"accepted":2,"ids":["x",null,"y"],"warnings":[]})", ids), 2u);
  EXPECT_EQ(ids, "x\ny\n");
  EXPECT_EQ(append_ids(R"({"accepted":2})", ids), 0u);
}

TEST(WrappedSource, IsCompressedSignedAndEnds) {
  constexpr const char* kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  WrappedSource source(Target{}, "/events", 3, 7, 2, {.gzip = true, .secret = kSecret});
  std::set<std::string> requests;
  for (std::string request; source.next(request);) {
    EXPECT_THAT(request, HasSubstr("Content-Encoding: gzip\r\n"));
    EXPECT_THAT(request, HasSubstr("webhook-signature: v1,"));
    EXPECT_EQ(request.substr(request.find("\r\n\r\n") + 4, 2), "\x1f\x8b");
    requests.insert(request);
  }
  EXPECT_EQ(requests.size(), 2u);
  EXPECT_THROW(WrappedSource(Target{}, "/events", 1, 1, 1, {.secret = "no"}),
               std::invalid_argument);
}

TEST(Target, IsReadFromAText) {
  EXPECT_EQ(parse_target("http://localhost:8007/").host, "localhost");
  EXPECT_EQ(parse_target("127.0.0.1:9").port, 9);
  EXPECT_FALSE(parse_target("127.0.0.1:9").tls);
  EXPECT_TRUE(parse_target("https://localhost:8007").tls);
  EXPECT_EQ(parse_target("https://localhost:8007").host, "localhost");
  EXPECT_THROW(parse_target("localhost"), std::invalid_argument);
  EXPECT_THROW(parse_target("localhost:x"), std::invalid_argument);
}

TEST(PostSource, SendsNoEventTwice) {
  PostSource source(Target(), "/events", 3, 42, 4);
  std::set<std::string> traces;
  std::string request;
  while (source.next(request)) {
    const std::string body = request.substr(request.find("\r\n\r\n") + 4);
    EXPECT_EQ(request.find("Content-Length: " + std::to_string(body.size())) != std::string::npos,
              true);
    for (const char* index : {"0", "1", "2"}) {
      EXPECT_EQ(core::json_text_at(body, std::string(index) + ".event_type"),
                "scheduling_decision");
      traces.insert(core::json_text_at(body, std::string(index) + ".trace"));
    }
  }
  EXPECT_EQ(traces.size(), 12u);
  EXPECT_TRUE(traces.contains("0000002a-000000000011"));
}

TEST(PostSource, SendsAnObjectWhenABatchIsOne) {
  PostSource source(Target(), "/events", 1, 1, 1);
  std::string request;
  ASSERT_TRUE(source.next(request));
  EXPECT_TRUE(request.find("\r\n\r\n{\"event_type\"") != std::string::npos);
  EXPECT_FALSE(source.next(request));
}

TEST(GetSource, AsksForEachPathInTurn) {
  Target target;
  target.token = "secret";
  GetSource source(target, {"/a", "/b"}, false);
  std::string request;
  ASSERT_TRUE(source.next(request));
  EXPECT_EQ(request,
            "GET /a HTTP/1.1\r\nHost: 127.0.0.1:8007\r\nAuthorization: Bearer secret\r\n\r\n");
  ASSERT_TRUE(source.next(request));
  EXPECT_FALSE(source.next(request));
}

TEST(TimeText, FormatsMilliseconds) {
  TimeText time;
  EXPECT_EQ(time.at(1'736'937'000'007), "2025-01-15T10:30:00.007Z");
  EXPECT_EQ(time.at(1'736'937'000'120), "2025-01-15T10:30:00.120Z");
  EXPECT_EQ(time.at(1'736'937'001'000), "2025-01-15T10:30:01.000Z");
}

}  // namespace
}  // namespace kcloud::bench
