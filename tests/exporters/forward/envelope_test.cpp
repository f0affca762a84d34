// What the encoder writes, read as the receiver reads it.
#include "exporters/forward/envelope.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/config.h"
#include "core/forwarded.h"
#include "core/json.h"

namespace kcloud::forward {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class EnvelopeTest : public ::testing::Test {
 protected:
  EnvelopeTest() {
    config::Problems problems;
    catalogue_ = config::load_catalogue({}, config::Environment::system(), problems);
    decoder_.emplace(*catalogue_, core::DecodeOptions{});
    hints_.received = core::parse_time("2025-01-20T00:00:00Z", core::Zone())->time;
    hints_.collector = "webhook";
    hints_.agent = "first";
  }

  const core::Event& stored(std::string_view body) {
    EXPECT_TRUE(decoder_->decode(body, hints_, batch_, errors_, warnings_)) << body;
    return batch_.events.back();
  }

  std::string line(const core::Event& event, std::string_view sender = "first") {
    std::string out;
    EnvelopeEncoder(sender).append(event, out);
    return out;
  }

  // As an agent of this name takes the line in, a day later.
  const core::Event& arrived(std::string_view line, std::string_view agent = "second") {
    core::TransportHints hints;
    hints.received = hints_.received + std::chrono::hours(24);
    hints.agent = agent;
    hints.collector = "forward";
    errors_.clear();
    EXPECT_TRUE(core::decode_forwarded(line, reader_, *decoder_, hints, batch_, errors_, warnings_))
        << line << (errors_.empty() ? "" : errors_[0].path + " " + errors_[0].problem);
    return batch_.events.back();
  }

  static std::string shown(const core::Event& event) {
    std::string out;
    core::append_event_json(out, event, "e");
    return out;
  }

  std::shared_ptr<const core::Catalogue> catalogue_;
  std::optional<core::Decoder> decoder_;
  core::EnvelopeReader reader_;
  core::TransportHints hints_;
  core::EventBatch batch_;
  std::vector<core::FieldError> errors_;
  std::vector<std::string_view> warnings_;
};

TEST_F(EnvelopeTest, TheSameEventArrivesWithEveryByteOfItsBody) {
  const std::string bodies[] = {
      R"({"event_type":"x","timestamp":"2025-01-15T10:30:00.123456789Z","a":1.50,"b":1E2,"a":2})",
      R"({"event_type":"x","timestamp":"2025-01-15T10:30:00Z","t":"\u000a\u0001\/\\\"\ud83d\ude00😀"})",
      R"({"event_type":"x","timestamp":"2025-01-15T10:30:00Z","n":-0,"big":18446744073709551615})",
      "{\"event_type\":\"x\",\"timestamp\":\"2025-01-15T10:30:00Z\",\"t\":\"\u2028\u2029\x7f},{\"}",
      R"({"event_type":"x","timestamp":"2025-01-15T10:30:00Z","body":{"id":1},"via":["second"]})",
      R"({"event_type":"x","timestamp":"2025-01-15T10:30:00Z","message":"{\"event_type\":\"y\"}"})",
      R"({"event_type":"x","timestamp":"2025-01-15T10:30:00","severity":"ERROR","cluster":"c\"1"})",
      R"({"event_type":"x","n":1})",
      R"({"event_type":"x","event_id":"k","n":1})",
  };
  for (const auto& body : bodies) {
    const core::Event sent = stored(body);
    EXPECT_EQ(sent.body, body);
    const core::Event got = arrived(line(sent));
    EXPECT_EQ(got.body, sent.body);
    EXPECT_EQ(got.body_hash, sent.body_hash);
    EXPECT_EQ(got.id, sent.id) << body;
    EXPECT_EQ(got.time, sent.time);
    EXPECT_EQ(got.time_source, sent.time_source);
    EXPECT_EQ(got.zone_assumed, sent.zone_assumed);
    EXPECT_EQ(got.keyed, sent.keyed);
    EXPECT_EQ(got.received, sent.received + std::chrono::hours(24));
    EXPECT_EQ(got.agent, "first");
    EXPECT_EQ(got.collector, "webhook");
    EXPECT_EQ(got.severity, sent.severity);
    EXPECT_EQ(got.via, R"("first")");
  }
}

TEST_F(EnvelopeTest, ViaGrowsWithEachAgentAndIsShown) {
  const core::Event at_first = stored(R"({"event_type":"x","timestamp":"2025-01-15T10:30:00Z"})");
  EXPECT_THAT(shown(at_first), Not(HasSubstr("\"via\"")));
  const core::Event at_second = arrived(line(at_first, "first"));
  const core::Event at_third = arrived(line(at_second, "se\"cond"), "third");
  EXPECT_THAT(shown(at_third), HasSubstr(R"("agent":"first","via":["first","se\"cond"],)"));
  EXPECT_EQ(at_third.id, at_first.id);
}

TEST_F(EnvelopeTest, WhatTheIdFollowsFromIsSaid) {
  const auto origin = [&](const core::Event& event) {
    return core::json_text_at(line(event), "id_from");
  };
  EXPECT_EQ(origin(stored(R"({"event_type":"x","timestamp":"2025-01-15T10:30:00Z"})")), "body");
  EXPECT_EQ(origin(stored(R"({"event_type":"x","event_id":"k"})")), "key");
  hints_.position = "request/0";
  EXPECT_EQ(origin(stored(R"({"event_type":"x"})")), "other");
}

TEST_F(EnvelopeTest, AnEventThatComesBackIsNotDecoded) {
  const core::Event sent = stored(R"({"event_type":"x","timestamp":"2025-01-15T10:30:00Z"})");
  const core::Event back = arrived(line(sent, "second"), "first");
  EXPECT_TRUE(back.came_back);
  EXPECT_EQ(back.id, sent.id);
  EXPECT_TRUE(arrived(line(arrived(line(sent, "first")), "second"), "second").came_back);
}

TEST_F(EnvelopeTest, AnEventOfNobodyIsTheSenders) {
  core::Event event = stored(R"({"event_type":"x","timestamp":"2025-01-15T10:30:00Z"})");
  event.agent = {};
  EXPECT_EQ(arrived(line(event)).agent, "first");
}

}  // namespace
}  // namespace kcloud::forward
