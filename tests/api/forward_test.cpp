// POST /forward over real HTTP: who may, what is refused and where, what is stored of what arrives.
#include <fmt/format.h>

#include "agent/journal/reader.h"
#include "config/redact.h"
#include "core/event_id.h"
#include "tests/api/fixture.h"

namespace kcloud::api {
namespace {

using ::testing::Not;

constexpr const char* kBody = R"({"event_type":"x","timestamp":"2026-01-15T10:30:00Z","n":1})";

// A line as a sender writes it, with members exchanged or left out.
struct Line {
  std::string body = kBody;
  std::string time = "2026-01-15T10:30:00Z";
  std::string id = {};  // empty: the one that follows from time and body
  std::string type = "x";
  std::string agent = R"("node")";
  std::string via = R"(["node"])";
  std::string received = "2026-01-15T10:30:01Z";
  std::string id_from = "body";
  std::string more = {};

  std::string text() const {
    const auto own =
        core::make_event_id(core::parse_time(time, core::Zone())->time, core::sha256(body));
    return fmt::format(
        R"({{"id":"{}","time":"{}","received":"{}","type":"{}","collector":"pods","agent":{},)"
        R"("via":{},"time_source":"body","id_from":"{}"{},"body":{}}})"
        "\n",
        id.empty() ? core::to_string(own) : id, time, received, type, agent, via, id_from, more,
        body);
  }
};

class ForwardTest : public ApiTest {
 protected:
  ForwardTest() {
    config->http.anonymous_roles = {"ingest", "read"};
    config->http.tokens = {{"nodes", {"forward-token-000001"}, {"forward"}},
                           {"publisher", {"publisher-token-01"}, {"ingest"}},
                           {"admin", {"admin-token-000001"}, {"admin"}}};
  }
  Answer forward(std::string_view lines, const std::string& token = "forward-token-000001",
                 const std::string& type = "application/x-ndjson") {
    return post("/forward", lines,
                "Content-Type: " + type + "\r\nAuthorization: Bearer " + token + "\r\n");
  }
  // `path: problem` of the only refusal.
  std::string refusal(const Line& line) { return refusal(line.text()); }
  std::string refusal(const std::string& text) {
    const auto answer = forward(text);
    EXPECT_EQ(answer.status, 422) << text << answer.body;
    const auto error = parse(answer.body)["rejected"].at(0)["errors"].at(0);
    return std::string(error["path"]) + ": " + std::string(error["problem"]);
  }
  core::Event only() {
    batch_.clear();
    journal->reader()->read_after(0, 10, 1 << 20, batch_);
    EXPECT_EQ(batch_.events.size(), 1u);
    return batch_.events.at(0);
  }
  core::EventBatch batch_;
};

TEST_F(ForwardTest, ForThoseWithTheRoleAlone) {
  serve();
  EXPECT_EQ(forward("", "publisher-token-01").status, 403);
  EXPECT_EQ(forward("", "admin-token-000001").status, 403);
  EXPECT_EQ(forward("", "unknown-token-0001").status, 401);
  EXPECT_EQ(post("/forward", "", "").status, 401);
  EXPECT_EQ(get("/events", "Authorization: Bearer forward-token-000001\r\n").status, 403);
  EXPECT_EQ(post("/events", kBody,
                 "Content-Type: application/json\r\nAuthorization: Bearer forward-token-000001\r\n")
                .status,
            403);
  EXPECT_EQ(forward(Line().text(), "forward-token-000001", "application/json").status, 415);
  EXPECT_EQ(
      forward(Line().text(), "forward-token-000001", "application/vnd.kcloud.envelopes").status,
      415);
  EXPECT_EQ(journal->head(), 0u);
  EXPECT_EQ(router->counters().forward.unauthorized, 4u);
}

TEST_F(ForwardTest, SaysWhoItIsToAnEmptyPost) {
  serve();
  const auto answer = forward("");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body,
            R"({"agent":"agent-1","version":"0.1.0","accepted":0,"duplicates":0,"loops":0,)"
            R"("rejected":[]})"
            "\n");
}

TEST_F(ForwardTest, StoresTheEventOfTheFirstAgent) {
  serve();
  const auto answer = forward(Line().text() + Line().text());
  EXPECT_EQ(answer.status, 202);
  EXPECT_THAT(answer.body, HasSubstr(R"("accepted":1,"duplicates":1,"loops":0,"rejected":[])"));
  const auto event = only();
  EXPECT_EQ(event.body, kBody);
  EXPECT_EQ(event.agent, "node");
  EXPECT_EQ(event.collector, "pods");
  EXPECT_EQ(event.via, R"("node")");
  EXPECT_GT(event.received, core::parse_time("2026-01-15T10:30:01Z", core::Zone())->time);
  EXPECT_THAT(get("/events").body, HasSubstr(R"("agent":"node","via":["node"],)"));
}

TEST_F(ForwardTest, MistakesAreNamedAtTheirPlace) {
  serve();
  Line line;
  const std::string right = line.text();
  EXPECT_EQ(refusal("nonsense\n"), "$: no JSON object");
  EXPECT_EQ(refusal("[1]\n"), "$: no JSON object");
  EXPECT_EQ(refusal("{\"id\":\"x\"}\n"), "id: 'x'");
  EXPECT_EQ(refusal("{}\n"), "id: missing");
  EXPECT_EQ(refusal(R"({"id":5})"
                    "\n"),
            "id: a value of another kind");
  EXPECT_EQ(refusal(R"({"via":"node"})"
                    "\n"),
            "via: a value of another kind");
  EXPECT_EQ(refusal(R"({"id":"01946983-4c40-8356-9066-5a90773929da"})"
                    "\n"),
            "body: missing");
  EXPECT_EQ(refusal(right.substr(0, right.size() / 2)), "$: no JSON object");
  const struct {
    void (*change)(Line&);
    const char* refusal;
  } cases[] = {
      {[](Line& l) { l.id = "01946983-4c40-8356-9066-5a90773929da"; }, "id: 01946983-4c40-8356"},
      {[](Line& l) { l.id_from = "mine"; }, "id_from: 'mine'"},
      {[](Line& l) { l.agent = "null"; }, "agent: missing"},
      {[](Line& l) { l.via = "[]"; }, "via: missing"},
      {[](Line& l) { l.via = R"(["a",""])"; }, "via: ''"},
      {[](Line& l) {
         l.via = R"(["1","2","3","4","5","6","7","8","9","a","b","c","d","e","f","g","h"])";
       },
       "via: 17 agents"},
      {[](Line& l) { l.received = "2026-01-15T10:30:01"; }, "received: '2026"},
      {[](Line& l) { l.received = "2199-01-15T10:30:01Z"; }, "received: '2199"},
      {[](Line& l) { l.received = "2000-01-15T10:30:01Z"; }, "time: 2026"},
      {[](Line& l) { l.more = R"(,"time":"2026-01-15T10:30:00")"; }, "time: '2026"},
      {[](Line& l) { l.more = R"(,"time_source":"guess")"; }, "time_source: 'guess'"},
      {[](Line& l) { l.type = ""; }, "type: missing"},
      {[](Line& l) {
         l.type = "scheduling_decision";
         l.body = R"({"event_type":"alert","timestamp":"2026-01-15T10:30:00Z"})";
       },
       "event_type: 'alert'"},
      {[](Line& l) { l.body = "{\"event_type\":\"x\",\"t\":\"\xff\"}"; }, "$: no JSON object"},
  };
  for (const auto& c : cases) {
    Line wrong;
    c.change(wrong);
    EXPECT_THAT(refusal(wrong), HasSubstr(c.refusal)) << wrong.text();
  }
  EXPECT_EQ(journal->head(), 0u);
  EXPECT_EQ(forward(right).status, 202);
}

TEST_F(ForwardTest, AnIdThatDoesNotFollowFromItsBodyIsRefused) {
  serve();
  Line other;
  other.body = R"({"event_type":"x","timestamp":"2026-01-15T10:30:00Z","n":2})";
  Line line;
  line.id = other.text().substr(7, 36);  // of the same time
  EXPECT_THAT(refusal(line), HasSubstr("id: " + line.id));
  line.id_from = "key";
  EXPECT_EQ(forward(line.text()).status, 202);
  EXPECT_EQ(core::to_string(only().id), line.id);
  // … which then stands for another body.
  EXPECT_EQ(refusal(other), "$: id_conflict");
}

TEST_F(ForwardTest, RequiredFieldsAreThoseOfTheReceiver) {
  serve();
  Line line;
  line.type = "scheduling_decision";
  line.body = R"({"event_type":"scheduling_decision","timestamp":"2026-01-15T10:30:00Z"})";
  EXPECT_THAT(refusal(line), HasSubstr(": missing"));
  const auto letters = get("/dead-letters").body;
  EXPECT_THAT(letters, HasSubstr("collector:forward"));
  EXPECT_THAT(letters, HasSubstr("invalid_event"));
  EXPECT_THAT(post("/dead-letters/retry", "", "Authorization: Bearer admin-token-000001\r\n").body,
              HasSubstr("try it again there"));
}

TEST_F(ForwardTest, WhatComesBackIsALoopAndNoDeadLetter) {
  serve();
  ASSERT_EQ(post("/events", kBody).status, 202);
  Line back;
  back.agent = R"("agent-1")";
  back.via = R"(["agent-1","b"])";
  EXPECT_THAT(forward(back.text()).body, HasSubstr(R"("duplicates":0,"loops":1,"rejected":[])"));
  // Through others, and with a body that somebody redacted on the way.
  Line changed = back;
  changed.id = Line().text().substr(7, 36);
  changed.body = R"({"event_type":"x","n":"***"})";
  changed.agent = R"("a")";
  changed.via = R"(["a","agent-1","c"])";
  changed.id_from = "other";
  const auto answer = forward(changed.text());
  EXPECT_EQ(answer.status, 202);
  EXPECT_THAT(answer.body, HasSubstr(R"("loops":1)"));
  EXPECT_EQ(journal->head(), 1u);
  EXPECT_THAT(get("/dead-letters").body, HasSubstr(R"("dead_letters":[])"));
  EXPECT_THAT(get("/health").body, HasSubstr(R"("duplicates":0,"loops":2,)"));
  EXPECT_THAT(get("/metrics").body, HasSubstr("collector_forward_loops_total"));
}

TEST_F(ForwardTest, AnotherAgentOfThisNameLosesNothing) {
  serve();
  Line line;
  line.agent = R"("agent-1")";
  EXPECT_EQ(refusal(line), "via: names this agent, which does not know the event");
  EXPECT_EQ(journal->head(), 0u);
}

TEST_F(ForwardTest, TakesWhatAnAgentWroteOfItself) {
  serve();
  Line line;
  line.type = "agent_audit";
  line.body =
      R"({"event_type":"agent_audit","timestamp":"2026-01-15T10:30:00Z","action":"start","outcome":"success"})";
  ASSERT_EQ(post("/events", line.body).status, 422);
  EXPECT_EQ(forward(line.text()).body.find("reserved"), std::string::npos);
  EXPECT_EQ(only().type_name, "agent_audit");
}

TEST_F(ForwardTest, NothingIsUnwrappedAgain) {
  serve();
  Line line;
  line.type = "made_up";
  line.body = R"({"message":"{\"event_type\":\"inner\"}","timestamp":"2026-01-15T10:30:00Z"})";
  EXPECT_EQ(forward(line.text()).status, 202);
  const auto event = only();
  EXPECT_EQ(event.body, line.body);
  EXPECT_EQ(event.type_name, "made_up");
}

TEST_F(ForwardTest, RulesHereApplyBeforeAnythingIsKept) {
  config::RedactConfig rule;
  rule.path = "password";
  rule.action = "mask";
  config->intake.redact = {rule};
  config->redaction = config::make_redaction(*config);
  serve();
  Line line;
  line.body = R"({"event_type":"x","timestamp":"2026-01-15T10:30:00Z","password":"hunter2"})";
  EXPECT_EQ(forward(line.text()).status, 202);
  const auto event = only();
  EXPECT_THAT(std::string(event.body), Not(HasSubstr("hunter2")));
  // The id stays that of the event as it was sent.
  EXPECT_EQ(core::to_string(event.id), line.text().substr(7, 36));
  Line wrong = line;
  wrong.id = Line().text().substr(7, 36);
  EXPECT_THAT(refusal(wrong), HasSubstr("id: "));
  EXPECT_THAT(get("/dead-letters").body, Not(HasSubstr("hunter2")));
}

}  // namespace
}  // namespace kcloud::api
