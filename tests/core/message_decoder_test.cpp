#include "core/message_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/config.h"

namespace kcloud::core {

using ::testing::HasSubstr;

namespace {

class MessageDecoderTest : public ::testing::Test {
 protected:
  MessageDecoderTest() {
    const config::Config config = config::default_config({});
    context.name = "bus";
    context.agent = "agent-1";
    context.catalogue = config.catalogue;
    context.decode = config::decode_options(config);
    context.dead_letter_body_bytes = 40;
    context.clock = &clock;
  }
  MessageDecoder decoder() { return MessageDecoder(context); }

  SystemClock clock;
  CollectorContext context;
  Intake intake;
};

constexpr std::string_view kAlert =
    R"({"_type":"alert","alert_id":"a-1","message":"m","timestamp":"2025-01-15T10:30:00Z"})";

}  // namespace

TEST_F(MessageDecoderTest, AnEventGoesIntoTheBatch) {
  MessageDecoder decode = decoder();
  ASSERT_TRUE(decode.decode(kAlert, decode.hints(), intake)) << intake.refused.at(0).detail;
  ASSERT_EQ(intake.batch.events.size(), 1u);
  EXPECT_EQ(intake.batch.events[0].type_name, "alert");
  EXPECT_EQ(intake.batch.events[0].collector, "bus");
  EXPECT_EQ(intake.batch.events[0].agent, "agent-1");
}

TEST_F(MessageDecoderTest, WhatIsNoneBecomesADeadLetterWithItsPlace) {
  MessageDecoder decode = decoder();
  TransportHints hints = decode.hints();
  hints.position = "topic/3/17";
  EXPECT_FALSE(decode.decode("{\"event_type\":\"alert\",", hints, intake));
  EXPECT_FALSE(
      decode.decode(R"({"event_type":"alert","severity":{"a":1},"message":"m"})", hints, intake));
  decode.refuse(std::string(100, 'x'), hints, "too_large", "100 bytes, expected at most 10",
                intake);
  ASSERT_EQ(intake.refused.size(), 3u);
  EXPECT_TRUE(intake.batch.events.empty());
  EXPECT_EQ(intake.refused[0].reason, "invalid_json");
  EXPECT_EQ(intake.refused[0].origin, "collector:bus");
  EXPECT_EQ(intake.refused[0].position, "topic/3/17");
  EXPECT_EQ(intake.refused[1].reason, "invalid_event");
  EXPECT_THAT(intake.refused[1].detail, HasSubstr("severity"));
  EXPECT_EQ(intake.refused[2].reason, "too_large");
  EXPECT_EQ(intake.refused[2].body, std::string(40, 'x'));
}

TEST_F(MessageDecoderTest, CloudEventsInBothModesAreTheSameEvent) {
  MessageDecoder decode = decoder();
  const std::string structured =
      R"({"specversion":"1.0","id":"7","source":"/policy","type":"io.kcloud.alert.v1",)"
      R"("time":"2025-01-15T10:30:00Z","data":{"message":"m"}})";
  ASSERT_TRUE(decode.decode_structured(structured, decode.hints(), intake))
      << intake.refused.at(0).detail;
  CloudAttributes attributes;
  for (const auto& [name, value] : std::initializer_list<std::pair<const char*, const char*>>{
           {"specversion", "1.0"},
           {"id", "7"},
           {"source", "/policy"},
           {"type", "io.kcloud.alert.v1"},
           {"time", "2025-01-15T10:30:00Z"}}) {
    attributes[*find_cloud_attribute(name)] = value;
  }
  ASSERT_TRUE(decode.decode_binary(attributes, "ce_", R"({"message":"m"})", decode.hints(), intake))
      << intake.refused.at(0).detail;
  const auto& events = intake.batch.events;
  EXPECT_EQ(events[0].id, events[1].id);
  EXPECT_EQ(events[0].source, "/policy");
  EXPECT_EQ(events[0].type_name, "alert");
  EXPECT_EQ(format_time(events[1].time), "2025-01-15T10:30:00Z");
}

TEST_F(MessageDecoderTest, ACloudEventsTypeGoesBeforeTheChannels) {
  MessageDecoder decode = decoder();
  TransportHints hints = decode.hints();
  hints.type = "policy_change";
  const std::string structured =
      R"({"specversion":"1.0","id":"7","source":"/s","type":"alert","data":{"message":"m"}})";
  EXPECT_FALSE(decode.decode_structured(structured, hints, intake));
  EXPECT_THAT(intake.refused.at(0).detail, HasSubstr("policy_change"));
  hints.type_is_default = true;
  ASSERT_TRUE(decode.decode_structured(structured, hints, intake));
  EXPECT_EQ(intake.batch.events[0].type_name, "alert");
}

TEST_F(MessageDecoderTest, BrokenCloudEventsNameTheAttribute) {
  MessageDecoder decode = decoder();
  EXPECT_FALSE(
      decode.decode_structured(R"({"specversion":"1.0","id":"7"})", decode.hints(), intake));
  EXPECT_THAT(intake.refused.at(0).detail, HasSubstr("source"));
  EXPECT_FALSE(decode.decode_binary({}, "ce_", "{}", decode.hints(), intake));
  EXPECT_THAT(intake.refused.at(1).detail, HasSubstr("ce_specversion"));
}

}  // namespace kcloud::core
