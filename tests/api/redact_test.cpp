// Redaction over the whole way: what a rule names is nowhere, neither in an answer nor on the disk.
#include <gmock/gmock.h>

#include "config/redact.h"
#include "core/json.h"
#include "tests/api/fixture.h"

namespace kcloud::api {

namespace {

using ::testing::Not;

constexpr std::string_view kSecret = "hunter2-Q7";

config::RedactConfig rule(std::string path, std::string action) {
  config::RedactConfig rule;
  rule.name = path;
  rule.path = std::move(path);
  rule.action = std::move(action);
  rule.key.value = "0123456789abcdef";
  return rule;
}

// Every byte of every file below a directory.
std::string bytes_below(const std::string& directory) {
  std::string all;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    all += text.str();
  }
  return all;
}

std::string with_secret(std::string text) {
  for (auto at = text.find('@'); at != text.npos; at = text.find('@')) text.replace(at, 1, kSecret);
  return text;
}

std::string wrapped(const std::string& text) {
  std::string out = R"({"date":1736937000,"log":)";
  core::append_json_string(out, text);
  return out + "}";
}

}  // namespace

TEST_F(ApiTest, ARedactedValueIsNowhere) {
  config->intake.redact = {rule("token", "drop"), rule("owner", "mask"), rule("workload", "hash"),
                           rule("users[].name", "drop")};
  config->redaction = config::make_redaction(*config);
  serve();
  const std::string event = with_secret(
      R"({"event_type":"custom","timestamp":"2025-01-15T10:30:00Z","n":1.50,"token":"@","tok\u0065n":"@",)"
      R"("owner":"@","workload":"@","users":[{"name":"@","id":7},{"name":["@"]}]})");
  const std::string lines =
      event + "\n" + wrapped(event + "\n") + "\n" + wrapped(wrapped(event)) + "\n" +
      with_secret(R"({"event_type":"alert","token":"@","owner":"@"})") + "\n" +
      with_secret(R"({"event_type":"alert","message":"x","severity":{"@":1},"token":"@")") + "\n" +
      with_secret(R"({"token":"@"})") + "\n" + wrapped(with_secret("plain @")) + "\n" +
      wrapped(with_secret(R"({"event_type":"custom","token":"@)")) + "\n";
  const Answer posted = post("/events", lines, "Content-Type: application/x-ndjson\r\n");
  EXPECT_EQ(posted.status, 202);
  EXPECT_THAT(posted.body, HasSubstr(R"("accepted":1,"duplicates":2)"));
  const Answer conflict =
      post("/events",
           with_secret(R"([{"event_type":"c","event_id":"i","ts":1736937000,"token":"@"},)"
                       R"({"event_type":"c","event_id":"i","ts":1736937000,"token":"@","n":2}])"));
  EXPECT_THAT(conflict.body, HasSubstr("id_conflict"));

  const Answer events = get("/events?type=custom");
  EXPECT_THAT(
      events.body,
      HasSubstr(R"("body":{"event_type":"custom","timestamp":"2025-01-15T10:30:00Z","n":1.50,)"
                R"("owner":"***","workload":"hmac:)"));
  EXPECT_THAT(events.body, HasSubstr(R"("users":[{"id":7},{}]}})"));
  const Answer letters = get("/dead-letters");
  EXPECT_EQ(journal->stats().dead_letters, 6u);
  EXPECT_THAT(letters.body, HasSubstr("not kept, as redaction could not read it: "));
  EXPECT_THAT(letters.body, HasSubstr(R"(\"owner\":\"***\")"));
  Client stream = client();
  stream.send("GET /stream/events?type=custom HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: " +
              journal->epoch() + "-0\r\n\r\n");
  const std::string live = stream.read_until("\"users\"");
  EXPECT_THAT(live, HasSubstr("\"users\":[{\"id\":7}"));
  const Answer metrics = get("/metrics");
  EXPECT_THAT(metrics.body, HasSubstr("kcloud_logger_redactions_total{rule=\"owner\"} 4"));
  EXPECT_THAT(metrics.body, HasSubstr("kcloud_logger_redactions_total{rule=\"users[].name\"} 6"));
  for (const auto& text : {posted.body, conflict.body, events.body, letters.body, live,
                           metrics.body, get("/config").body, get("/health").body})
    EXPECT_THAT(text, Not(HasSubstr(std::string(kSecret))));
  EXPECT_THAT(get("/config").body, Not(HasSubstr("0123456789abcdef")));

  EXPECT_THAT(bytes_below(directory), Not(HasSubstr(std::string(kSecret))));
  EXPECT_THAT(bytes_below(directory), HasSubstr("hmac:"));
  stop();
  EXPECT_THAT(bytes_below(directory), Not(HasSubstr(std::string(kSecret))));
}

// What stands beside the body in place of its fields is under the same rules.
TEST_F(ApiTest, ACloudEventsAttributesAreRedactedToo) {
  config->intake.redact = {rule("workload_id", "hash"), rule("unrelated", "drop")};
  config->redaction = config::make_redaction(*config);
  serve();
  const std::string cloud =
      "ce-specversion: 1.0\r\nce-id: 1\r\nce-type: scheduling_decision\r\nce-source: "
      "/scheduler\r\n" +
      with_secret("ce-subject: @\r\n");
  const Answer posted =
      post("/events", R"({"selected_cluster":"c","timestamp":"2025-01-15T10:30:00Z"})", cloud);
  EXPECT_EQ(posted.status, 202) << posted.body;
  const std::string stored = get("/events?format=ndjson").body;
  EXPECT_THAT(stored, HasSubstr(R"("workload":"hmac:)"));
  EXPECT_THAT(stored, HasSubstr(R"("source":"/scheduler")"));
  EXPECT_THAT(stored, Not(HasSubstr(std::string(kSecret))));
  EXPECT_THAT(bytes_below(directory), Not(HasSubstr(std::string(kSecret))));
  // As an exported event, taken over: a duplicate, with all it has.
  const Answer again =
      post("/events", stored, "Content-Type: application/vnd.kcloud.envelopes\r\n");
  EXPECT_THAT(again.body, HasSubstr(R"("accepted":0,"duplicates":1)"));
}

TEST_F(ApiTest, AReloadTakesNewRules) {
  serve();
  const auto body = [](int n) {
    return R"({"event_type":"custom","timestamp":"2025-01-15T10:30:00Z","owner":"alice","n":)" +
           std::to_string(n) + "}";
  };
  post("/events", body(1));
  auto wanted = std::make_shared<config::Config>(*config);
  wanted->intake.redact = {rule("owner", "mask")};
  wanted->redaction = config::make_redaction(*wanted);
  router->reload(wanted);
  EXPECT_EQ(post("/events", body(2)).status, 202);
  const std::string events = get("/events").body;
  EXPECT_THAT(events, HasSubstr(R"("owner":"alice","n":1)"));
  EXPECT_THAT(events, HasSubstr(R"("owner":"***","n":2)"));
}

}  // namespace kcloud::api
