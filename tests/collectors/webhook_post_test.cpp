#include "collectors/webhook/post.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/config.h"
#include "tests/collectors/compress.h"

namespace kcloud::webhook {

using testing::gzip;
using ::testing::HasSubstr;

class WebhookPost : public ::testing::Test {
 protected:
  Received post(std::string_view body, std::string_view content_type = "application/json") {
    Post given;
    given.type = type;
    given.content_type = content_type;
    given.content_encoding = encoding;
    given.prefer = prefer;
    given.key = key;
    given.body = body;
    given.request = request;
    given.received = core::from_nanos(1'736'937'000'000'000'000);
    return receive(given, settings, decoder, workspace);
  }
  int status(std::string_view body, std::string_view content_type = "application/json") {
    const Received received = post(body, content_type);
    return received.problem ? received.problem->status : 0;
  }

  std::shared_ptr<const core::Catalogue> catalogue = config::default_config({}).catalogue;
  core::Decoder decoder{*catalogue, core::DecodeOptions{}};
  Settings settings;
  Workspace workspace;
  std::string_view type, encoding, prefer, key, request = "r1";
};

constexpr std::string_view kGood =
    R"({"event_type":"custom","timestamp":"2025-01-15T10:30:00Z","n":1})";
constexpr std::string_view kOther =
    R"({"event_type":"custom","timestamp":"2025-01-15T10:30:00Z","n":2})";

TEST_F(WebhookPost, TakesAnObjectAnArrayAndLines) {
  const std::string both = std::string(kGood) + "\n" + std::string(kOther);
  struct Case {
    std::string body;
    const char* content_type;
    std::size_t events;
  };
  const Case cases[] = {
      {std::string(kGood), "application/json", 1},
      {"\xEF\xBB\xBF \n" + std::string(kGood) + "\n", "application/json", 1},
      {std::string(kGood), "application/x-www-form-urlencoded", 1},
      {"[" + std::string(kGood) + " , " + std::string(kOther) + "]", "", 2},
      {"[" + std::string(kGood) + "]", "application/x-ndjson", 1},
      {both, "application/x-ndjson", 2},
      {both + "\n\n", "text/plain", 2},
      {both, "application/octet-stream", 2},
  };
  for (const Case& test : cases) {
    const Received received = post(test.body, test.content_type);
    ASSERT_FALSE(received.problem) << test.body << received.problem->detail;
    EXPECT_EQ(received.intake->batch.events.size(), test.events) << test.body;
    EXPECT_EQ(received.ledger.inputs, test.events);
    EXPECT_TRUE(received.intake->refused.empty());
  }
}

TEST_F(WebhookPost, RefusesWhatIsNoJsonAtAll) {
  for (const char* body : {"", "  \n", "hello", "a=b&c=d", "{", "[", "[{}", "{\"a\":}", "{\"a\" 1}",
                           "nul", "\"text\"", "[1,2", "{\"a\":\"\xff\"}", "[]", "{\"a\":1}x"}) {
    EXPECT_EQ(status(body), 400) << body;
  }
}

TEST_F(WebhookPost, RefusesTypesEncodingsAndSizes) {
  EXPECT_EQ(status(kGood, "text/html"), 415);
  encoding = "br";
  EXPECT_EQ(status(kGood), 415);
  encoding = "gzip";
  EXPECT_EQ(status(kGood), 400);
  EXPECT_EQ(status(gzip(kGood)), 0);
  settings.max_body_bytes = 50;
  EXPECT_EQ(status(gzip(std::string(51, ' '))), 413);
  encoding = {};
  EXPECT_EQ(status(kGood), 413);
  settings.max_body_bytes = 1000;
  settings.max_events = 1;
  EXPECT_EQ(status("[" + std::string(kGood) + "," + std::string(kOther) + "]"), 413);
}

TEST_F(WebhookPost, RejectsTheBadElementsAndKeepsTheRest) {
  const std::string body = "[" + std::string(kGood) + R"(,{"a":},17,{"n":3},)" +
                           std::string(kOther) + R"(,{"event_type":"agent_audit"}])";
  const Received received = post(body);
  ASSERT_FALSE(received.problem);
  EXPECT_EQ(received.intake->batch.events.size(), 2u);
  ASSERT_EQ(received.ledger.refused.size(), 4u);
  const std::size_t indexes[] = {1, 2, 3, 5};
  const char* reasons[] = {"invalid_json", "invalid_event", "invalid_event", "invalid_event"};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(received.ledger.refused[i].index, indexes[i]);
    const core::DeadLetter& letter = received.intake->refused[i];
    EXPECT_EQ(letter.origin, "collector:webhook");
    EXPECT_EQ(letter.position, "r1/" + std::to_string(indexes[i]));
    EXPECT_EQ(letter.reason, reasons[i]) << i;
    EXPECT_FALSE(letter.detail.empty());
  }
  EXPECT_EQ(received.intake->refused[0].body, R"({"a":})");
}

TEST_F(WebhookPost, ALineThatIsNoJsonIsRejectedAlone) {
  const Received received =
      post(std::string(kGood) + "\noops\n" + std::string(kOther), "application/x-ndjson");
  ASSERT_FALSE(received.problem);
  EXPECT_EQ(received.intake->batch.events.size(), 2u);
  ASSERT_EQ(received.ledger.refused.size(), 1u);
  EXPECT_EQ(received.ledger.refused[0].index, 1u);
}

TEST_F(WebhookPost, DeadLettersKeepOnlySoMuchOfTheBody) {
  settings.dead_letter_body_bytes = 10;
  const Received received = post(R"({"n":"0123456789012345678901234567890123456789"})");
  ASSERT_EQ(received.intake->refused.size(), 1u);
  EXPECT_EQ(received.intake->refused[0].body.size(), 10u);
}

TEST_F(WebhookPost, TheRouteGivesTheType) {
  type = "scheduling_decision";
  const Received received = post(
      R"({"timestamp":"2025-01-15T10:30:00Z","workload":{"id":"w"},"decision":{"selected_cluster":"c"}})");
  ASSERT_FALSE(received.problem);
  ASSERT_EQ(received.intake->batch.events.size(), 1u);
  EXPECT_EQ(received.intake->batch.events[0].type_name, "scheduling_decision");
}

TEST_F(WebhookPost, AKeyMakesRetriesOneAlsoOfABatch) {
  const auto ids = [&](std::string_view body) {
    const Received received = post(body);
    std::vector<std::string> found;
    for (const auto& event : received.intake->batch.events) found.push_back(to_string(event.id));
    return found;
  };
  const std::string body = "[" + std::string(kGood) + "," + std::string(kGood) + "]";
  EXPECT_EQ(ids(body)[0], ids(body)[1]);
  key = "k1";
  const auto first = ids(body);
  request = "r2";
  EXPECT_EQ(ids(body), first);
  EXPECT_NE(first[0], first[1]);
  key = "k2";
  EXPECT_NE(ids(body), first);
}

TEST_F(WebhookPost, EventsWithoutTimeAndKeyDifferByRequestAndIndex) {
  const auto ids = [&] {
    const Received received = post(R"([{"event_type":"custom"},{"event_type":"custom"}])");
    return std::pair{to_string(received.intake->batch.events[0].id),
                     to_string(received.intake->batch.events[1].id)};
  };
  const auto first = ids();
  EXPECT_NE(first.first, first.second);
  request = "r2";
  EXPECT_NE(ids().first, first.first);
}

TEST_F(WebhookPost, NotesPreferenceAndWarnings) {
  prefer = "handling=strict";
  const Received received = post(
      "[" + std::string(kGood) +
      R"(,{"event_type":"alert","alert_id":"a","message":"m","timestamp":"2025-01-15T19:30:00"}])");
  EXPECT_TRUE(received.ledger.strict);
  ASSERT_EQ(received.ledger.warnings.size(), 2u);
  EXPECT_EQ(received.ledger.warnings[0].code, "unknown_type");
  EXPECT_EQ(received.ledger.warnings[1].code, "zone_assumed");
  EXPECT_EQ(received.ledger.warnings[1].index, 1u);
}

}  // namespace kcloud::webhook
