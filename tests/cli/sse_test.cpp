#include "agent/cli/sse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace kcloud::cli {
namespace {

using std::chrono::milliseconds;

// Each event as `type|data|id`, after feeding `stream` in pieces that end at `cuts`.
std::vector<std::string> parse(SseParser& parser, std::string_view stream,
                               std::vector<std::size_t> cuts = {}) {
  std::vector<std::string> events;
  const auto sink = [&](const SseEvent& event) {
    events.push_back(event.type + "|" + event.data + "|" + event.id);
  };
  std::size_t from = 0;
  cuts.push_back(stream.size());
  for (const std::size_t cut : cuts) {
    parser.feed(stream.substr(from, cut - from), sink);
    from = cut;
  }
  return events;
}

constexpr std::string_view kStream =
    "\xEF\xBB\xBF: hello\n\n"
    "retry: 2500\r\n"
    "id: a-1\r\nevent: event\r\ndata: {\"x\":1}\r\n\r\n"
    "data:two\ndata: lines\n\n"
    "event: heartbeat\nid: a-7\n\n"
    "data\rid:a-8\r\r"
    "data: 한국어\n\n";

const std::vector<std::string> kWant = {"event|{\"x\":1}|a-1", "message|two\nlines|a-1",
                                        "message||a-8", "message|한국어|a-8"};

TEST(Sse, ReadsAWholeStream) {
  SseParser parser;
  EXPECT_EQ(parse(parser, kStream), kWant);
  EXPECT_EQ(parser.last_id(), "a-8");
  EXPECT_EQ(parser.retry(), milliseconds(2500));
}

TEST(Sse, ReadsTheSameWhereverItIsCut) {
  for (std::size_t cut = 0; cut <= kStream.size(); ++cut) {
    SseParser parser;
    ASSERT_EQ(parse(parser, kStream, {cut}), kWant) << "cut at " << cut;
  }
}

TEST(Sse, ReadsTheSameByteByByte) {
  std::vector<std::size_t> cuts;
  for (std::size_t i = 1; i < kStream.size(); ++i) cuts.push_back(i);
  SseParser parser;
  EXPECT_EQ(parse(parser, kStream, cuts), kWant);
}

TEST(Sse, KeepsTheIdOfAnEventWithoutData) {
  SseParser parser;
  EXPECT_TRUE(parse(parser, "event: heartbeat\nid: a-7\n\n").empty());
  EXPECT_EQ(parser.last_id(), "a-7");
}

TEST(Sse, IgnoresAnEventThatWasCutOff) {
  SseParser parser;
  EXPECT_TRUE(parse(parser, "id: a-1\ndata: whole\n").empty());
  parser.reset();
  EXPECT_EQ(parser.last_id(), "");
  EXPECT_EQ(parse(parser, "data: next\n\n"), std::vector<std::string>{"message|next|"});
}

TEST(Sse, IgnoresUnknownFieldsAndBadRetries) {
  SseParser parser;
  EXPECT_EQ(parse(parser, "what: x\nretry: soon\nretry: 99999999999\ndata: y\n\n"),
            std::vector<std::string>{"message|y|"});
  EXPECT_FALSE(parser.retry().has_value());
}

}  // namespace
}  // namespace kcloud::cli
