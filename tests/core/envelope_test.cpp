#include "core/envelope.h"

#include <gtest/gtest.h>

#include "config/config.h"
#include "core/json.h"

namespace kcloud::core {
namespace {

using Found = EnvelopeReader::Found;

class EnvelopeTest : public ::testing::Test {
 protected:
  EnvelopeTest() {
    config::Problems problems;
    catalogue_ = config::load_catalogue({}, config::Environment::system(), problems);
    decoder_.emplace(*catalogue_, DecodeOptions{.keep_fields = true});
    hints_.received = parse_time("2025-01-20T00:00:00Z", Zone())->time;
    hints_.collector = "webhook";
    hints_.agent = "first";
  }

  // What an agent writes of an event that was posted.
  std::string written(std::string_view body, std::string_view type = {},
                      std::string_view key = {}) {
    TransportHints hints = hints_;
    hints.type = type;
    hints.key = key;
    if (!key.empty()) hints.key_kind = "idempotency";
    EventBatch batch;
    EXPECT_TRUE(decoder_->decode(body, hints, batch, errors_, warnings_));
    std::string out;
    append_event_json(out, batch.events.front(), "0000abcd");
    return out;
  }

  // … and of what comes of it elsewhere, later.
  std::string taken_over(std::string_view json) {
    Envelope envelope;
    EXPECT_EQ(reader_.read(json, envelope, errors_), Found::kEnvelope) << json;
    TransportHints hints = hints_;
    hints.agent = "second";
    EventBatch batch;
    EXPECT_TRUE(decode_envelope(envelope, *decoder_, hints, batch, errors_, warnings_));
    std::string out;
    append_event_json(out, batch.events.front(), "0000abcd");
    return out;
  }

  std::string first_error(std::string_view json) {
    Envelope envelope;
    errors_.clear();
    EXPECT_EQ(reader_.read(json, envelope, errors_), Found::kBad) << json;
    return errors_.empty() ? "" : errors_.front().path;
  }

  std::shared_ptr<const Catalogue> catalogue_;
  std::optional<Decoder> decoder_;
  EnvelopeReader reader_;
  TransportHints hints_;
  std::vector<FieldError> errors_;
  std::vector<std::string_view> warnings_;
};

constexpr const char* kBody =
    R"({"timestamp": "2025-01-15T10:30:00.123456789Z", "workload_id": "w\u00e9/1", "selected_cluster": "c-1"})";

TEST_F(EnvelopeTest, IsTheSameEvent) {
  for (const auto& json :
       {written(kBody, "scheduling_decision"), written(kBody, "scheduling_decision", "key/0"),
        written(R"({"workload_id": "w", "selected_cluster": "c"})", "scheduling_decision", "k/1"),
        written(R"({"event_id": "d-1", "timestamp": "2025-01-15 10:30:00", "workload_id": "w",
                    "selected_cluster": "c", "n": 1.50})",
                "scheduling_decision"),
        written(R"({"event_type": "quota_changed", "cluster": "c", "body": {"id": 1}})")}) {
    EXPECT_EQ(taken_over(json), json);
  }
}

// A CloudEvent's subject and source are not in the body, which may need them to be valid.
TEST_F(EnvelopeTest, WhatTheBodyLacksComesFromTheEnvelope) {
  TransportHints hints = hints_;
  hints.type = "scheduling_decision";
  hints.source = "/scheduler";
  hints.workload = "job-1";
  EventBatch batch;
  ASSERT_TRUE(decoder_->decode(R"({"selected_cluster":"c","timestamp":"2025-01-15T10:30:00Z"})",
                               hints, batch, errors_, warnings_));
  std::string json;
  append_event_json(json, batch.events.front(), "0000abcd");
  EXPECT_EQ(taken_over(json), json);
}

TEST_F(EnvelopeTest, TheAgentsThatForwardedItStay) {
  std::string json = written(kBody, "scheduling_decision");
  json.insert(json.find(",\"fields\""), R"(,"via":["node \"1\"","zone"])");
  EXPECT_EQ(taken_over(json), json);
}

TEST_F(EnvelopeTest, MembersMayStandInAnyOrderWithBlanks) {
  const std::string json = written(kBody, "scheduling_decision");
  const auto body = json.find(",\"body\":");
  std::string turned = "{ \"body\" : " + json.substr(body + 8, json.size() - body - 9) + " ,\n" +
                       json.substr(1, body - 1) + " }";
  EXPECT_EQ(taken_over(turned), json);
}

TEST_F(EnvelopeTest, OthersAreNone) {
  Envelope envelope;
  for (const char* json :
       {kBody, R"({"id":"x","body":{}})", R"({"id":"01946983-4c40-8356-9066-5a90773929da"})",
        R"({"id":"01946983-4c40-8356-9066-5a90773929da","body":"text"})", R"({"id":7,"body":{}})",
        R"(["id","body"])", R"({"id":"01946983-4c40-8356-9066-5a90773929da","body":{})",
        R"({"body")", ""}) {
    EXPECT_EQ(reader_.read(json, envelope, errors_), Found::kOther) << json;
  }
  EXPECT_TRUE(errors_.empty());
}

TEST_F(EnvelopeTest, ContradictionsAreRefused) {
  const std::string json = written(kBody, "scheduling_decision");
  const auto with = [&](std::string_view what, std::string_view by) {
    std::string changed = json;
    return changed.replace(changed.find(what), what.size(), by);
  };
  EXPECT_EQ(first_error(with("10:30:00.123456789Z", "10:30:00.124Z")), "id");
  EXPECT_EQ(first_error(with("\"time\":\"2025", "\"time\":\"1825")), "time");
  EXPECT_EQ(first_error(with("\"type\":\"scheduling_decision\"", "\"type\":null")), "type");
  EXPECT_EQ(first_error(with("\"source\":null", "\"source\":\"" + std::string(1025, 's') + "\"")),
            "source");
  EXPECT_EQ(first_error(with("\"cluster\":\"c-1\"", "\"cluster\":\"\\u0000\"")), "cluster");
  // Below the millisecond an id says nothing.
  EXPECT_NE(taken_over(with("10:30:00.123456789Z", "10:30:00.123456788Z")), json);
}

TEST_F(EnvelopeTest, TheEnvelopesTimeObeysTheLimits) {
  DecodeOptions options;
  options.max_age = std::chrono::hours(1);
  Decoder strict(*catalogue_, options);
  Envelope envelope;
  const std::string json = written(R"({"event_type": "x", "n": 1, "ts": "2025-01-15T10:30:00Z"})");
  ASSERT_EQ(reader_.read(json, envelope, errors_), Found::kEnvelope);
  EventBatch batch;
  EXPECT_FALSE(decode_envelope(envelope, strict, hints_, batch, errors_, warnings_));
  EXPECT_EQ(errors_.front().path, "time");
  EXPECT_TRUE(batch.events.empty());
}

TEST_F(EnvelopeTest, ABodyThatBreaksItsTypesRulesIsRefused) {
  std::string json = written(kBody, "scheduling_decision");
  json.replace(json.rfind("\"selected_cluster\""), 18, "\"no_such_name\"");
  Envelope envelope;
  ASSERT_EQ(reader_.read(json, envelope, errors_), Found::kEnvelope);
  EventBatch batch;
  EXPECT_FALSE(decode_envelope(envelope, *decoder_, hints_, batch, errors_, warnings_));
}

}  // namespace
}  // namespace kcloud::core
