#include "collectors/redis/inbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/config.h"
#include "core/cloud_event_form.h"

namespace kcloud::redis {
namespace {

class InboxTest : public ::testing::Test {
 protected:
  InboxTest() {
    context_.name = "r";
    context_.agent = "a";
    context_.catalogue = config::load_catalogue({}, config::Environment::system(), problems_);
    context_.clock = &clock_;
  }
  static Text text(std::string_view bytes) { return {bytes, bytes.size()}; }
  core::EventId id_of(std::string_view body, const Place& place) {
    Inbox inbox(context_, 10);
    inbox.add(text(body), place);
    const auto intake = inbox.take();
    EXPECT_EQ(intake->batch.events.size(), 1u);
    return intake->batch.events.at(0).id;
  }

  config::Problems problems_;
  core::SystemClock clock_;
  core::CollectorContext context_;
};

constexpr const char* kTimeless = R"({"event_type":"alert","message":"m"})";
constexpr const char* kTimed =
    R"({"event_type":"alert","message":"m","timestamp":"2025-01-15T10:30:00Z"})";

TEST_F(InboxTest, IsFullByMessagesOrBytes) {
  Inbox inbox(context_, 3);
  EXPECT_TRUE(inbox.empty());
  inbox.add(text(kTimed), {"", "p/1"});
  inbox.add(text("broken"), {"", "p/2"});
  EXPECT_FALSE(inbox.full());
  inbox.refuse("odd", {"", "p/3"}, "because");
  EXPECT_TRUE(inbox.full());
  const auto intake = inbox.take();
  EXPECT_EQ(intake->batch.events.size(), 1u);
  ASSERT_EQ(intake->refused.size(), 2u);
  EXPECT_EQ(intake->refused[1].detail, "because");
  EXPECT_EQ(intake->payload_bytes, std::string_view(kTimed).size() + 6 + 3);
  EXPECT_TRUE(inbox.empty());
  const std::string large = R"({"event_type":"alert","x":")" + std::string(900'000, 'x') + "\"}";
  Inbox other(context_, 1000);
  other.add(text(large), {"", "p/1"});
  EXPECT_FALSE(other.full());
  other.add(text(large), {"", "p/2"});
  EXPECT_TRUE(other.full());
}

struct FixedClock final : core::Clock {
  core::Time now() const override { return core::Time(std::chrono::seconds(1'736'937'000)); }
};

TEST_F(InboxTest, ALettersPositionGivesTheIdThatItsMessageHas) {
  const FixedClock clock;
  context_.clock = &clock;
  // A dead letter decoded once more: its body, position, type and arrival are all there is.
  const auto again = [&](const Config& config, std::string_view body, std::string_view position) {
    core::MessageDecoder decoder(context_);
    core::TransportHints hints = decoder.hints();
    hints.position = position;
    hints.type_is_default = true;
    recall(config, hints);
    core::Intake intake;
    EXPECT_TRUE(decoder.decode(body, hints, intake));
    return std::pair(intake.batch.events.at(0).id, intake.batch.events.at(0).keyed);
  };
  Config stream, list, pubsub;
  stream.mode = "stream";
  list.mode = "list";
  const core::Time entry = core::Time(std::chrono::milliseconds(1'736'900'000'123));
  for (const char* body : {kTimeless, kTimed}) {
    const Place of_stream{"", "a/b/1736900000123-4", entry, true};
    EXPECT_EQ(again(stream, body, of_stream.position).first, id_of(body, of_stream)) << body;
    const Place of_list{"", "l/7", {}, true};
    EXPECT_EQ(again(list, body, of_list.position).first, id_of(body, of_list)) << body;
    const Place of_channel{"", "c/7"};
    EXPECT_EQ(again(pubsub, body, of_channel.position).first, id_of(body, of_channel)) << body;
  }
  // As a key, so that the journal finds it when the source gives it again.
  EXPECT_TRUE(again(list, kTimeless, "l/7").second);
  EXPECT_FALSE(again(pubsub, kTimeless, "c/7").second);
  list.reliable = false;
  EXPECT_FALSE(again(list, kTimeless, "l/7").second) << "popped for good";
  EXPECT_NE(again(stream, kTimeless, "s/1736900000123-4").first,
            again(stream, kTimeless, "s/1736900000123-5").first);
}

TEST_F(InboxTest, IdentityOfWhatMayBeReadAgain) {
  const auto now = clock_.now();
  // By its own time: the place does not count.
  EXPECT_EQ(id_of(kTimed, {"", "s/1", now, true}), id_of(kTimed, {"", "s/2", now, true}));
  // By the transport's time and place.
  EXPECT_EQ(id_of(kTimeless, {"", "s/1", now, true}), id_of(kTimeless, {"", "s/1", now, true}));
  EXPECT_NE(id_of(kTimeless, {"", "s/1", now, true}), id_of(kTimeless, {"", "s/2", now, true}));
  // Without any time: the key is what stays (the journal looks it up).
  const auto key = [&](const char* place) {
    return std::string(id_of(kTimeless, {"", place, {}, true}).view().substr(6));
  };
  const auto one = id_of(kTimeless, {"", "l/1", {}, true});
  EXPECT_EQ(std::string(one.view().substr(6)),
            std::string(id_of(kTimeless, {"", "l/1", {}, true}).view().substr(6)));
  EXPECT_NE(key("l/1"), key("l/2"));
  // By content where that is asked for.
  context_.dedup = core::Dedup::kContent;
  EXPECT_EQ(id_of(kTimeless, {"", "s/1", now, true}), id_of(kTimeless, {"", "s/2", now, true}));
}

TEST_F(InboxTest, ACutMessageIsTooLarge) {
  Inbox inbox(context_, 10);
  const std::string beginning(Inbox::most_text(context_) - 19, 'x');
  inbox.add({beginning, 100'000'000}, {"scheduling_decision", "c/1"});
  const auto intake = inbox.take();
  ASSERT_EQ(intake->refused.size(), 1u);
  EXPECT_EQ(intake->refused[0].reason, "too_large");
  EXPECT_EQ(intake->refused[0].detail,
            "a message of 100000000 bytes, expected at most 2097152; body cut at 65536 of 2097133 "
            "bytes");
  EXPECT_EQ(intake->refused[0].type, "scheduling_decision");
  EXPECT_EQ(intake->refused[0].body.size(), context_.dead_letter_body_bytes);
  EXPECT_EQ(intake->payload_bytes, 100'000'000u);
}

TEST(CloudEventForm, IsToldByItsOwnSpecversion) {
  const struct {
    const char* json;
    bool want;
  } cases[] = {
      {R"({"specversion":"1.0"})", true},
      {R"( { "id" : "x" , "data":{"a":[1,{"b":"}"}]}, "specversion" : "1.0" } )", true},
      {R"({"data":{"specversion":"1.0"}})", false},
      {R"({"message":"\"specversion\":\"1.0\""})", false},
      {R"({"note":"specversion"})", false},
      {R"({"specversion":null})", false},
      {R"({"specversion")", false},
      {R"({"specversion":)", false},
      {R"(["specversion","1.0"])", false},
      {R"({"a":[,"specversion":"1.0")", false},
      {R"({"a" "specversion":"1.0"})", false},
      {"\"specversion\"", false},
      {"", false},
  };
  for (const auto& [json, want] : cases) {
    EXPECT_EQ(core::is_structured_cloud_event(json), want) << json;
  }
}

}  // namespace
}  // namespace kcloud::redis
