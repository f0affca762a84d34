#include <gmock/gmock.h>

#include "config/config.h"
#include "core/decode.h"
#include "core/json.h"
#include "core/redact.h"

namespace kcloud::core {
namespace {

using testing::HasSubstr;

const Catalogue& catalogue() {
  static const auto loaded = config::default_config({}).catalogue;
  return *loaded;
}

constexpr std::string_view kRelocation =
    R"({"event_type":"workload_relocation","timestamp":"2025-01-15T14:45:00Z","workload":"w",)"
    R"("migration":{"from_cluster":"a","to_cluster":"b","power_saving_watts":300.0}})";
constexpr std::string_view kUntimed =
    R"({"event_type":"workload_relocation","workload":"w","migration":{"from_cluster":"a","to_cluster":"b"}})";
constexpr std::string_view kDecision = R"({"workload_id":"w","selected_cluster":"c"})";

std::string as_text(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

// `{"before":…,"<key>":<value>,"after":…}`
std::string record(std::string_view before, std::string_view key, std::string_view value,
                   std::string_view after = "") {
  return "{" + std::string(before) + as_text(key) + ":" + std::string(value) + std::string(after) +
         "}";
}

struct Result {
  bool ok = false;
  EventBatch batch;
  std::vector<FieldError> errors;
  std::vector<std::string_view> warnings;
  std::string refused;

  const Event& event() const { return batch.events.at(0); }
  std::string error() const {
    std::string out;
    for (const auto& error : errors)
      out += error.path + ": " + error.problem + ", expected " + error.expected + "; ";
    return out;
  }
};

Result decode(std::string_view json, std::string_view type = {}, DecodeOptions options = {},
              std::optional<Time> transport = {}) {
  TransportHints hints{.type = type, .position = "request/0", .time = transport};
  hints.received = from_nanos(1'736'955'000'000'000'000);  // 2025-01-15T15:30:00Z
  Decoder decoder(catalogue(), std::move(options));
  Result result;
  result.ok = decoder.decode(json, hints, result.batch, result.errors, result.warnings);
  if (!result.ok) result.refused = decoder.refused(json).body;
  return result;
}

// The shapes that shippers send, as their documentation shows them.
std::vector<std::pair<const char*, std::string>> records(std::string_view event) {
  const std::string text = as_text(event);
  const std::string line = as_text(std::string(event) + "\n");
  const std::string docker =
      record("", "log", line, R"(,"stream":"stdout","time":"2025-01-15T15:00:00.5Z")");
  return {
      {"fluent bit, text", record(R"("date":1736953200.5,)", "log", text)},
      {"fluent bit, object", record(R"("date":1736953200.5,)", "log", event)},
      {"fluent bit with kubernetes",
       record(R"("date":1736953200.5,"stream":"stdout","_p":"F",)", "log", text,
              R"(,"kubernetes":{"pod_name":"p","labels":{"app":"x"},"host":"n"})")},
      {"vector",
       record("", "message", text,
              R"(,"timestamp":"2025-01-15T15:00:00.5Z","source_type":"file","host":"h")")},
      {"filebeat",
       record(
           R"("@timestamp":"2025-01-15T15:00:00.500Z","log":{"offset":0,"file":{"path":"/l"}},)",
           "message", text,
           R"(,"agent":{"type":"filebeat","name":"n"},"host":{"name":"h"},"ecs":{"version":"8"})")},
      {"docker json-file", docker},
      {"docker in fluent bit", record(R"("date":1736955000,)", "log", as_text(docker))},
      {"spaced and with an escaped key",
       R"( { "date" : 1736953200.5 , "\u006cog" : )" + text + " } "}};
}

TEST(Unwrap, AShippersRecordIsTheEventThatIsPostedDirectly) {
  const Result direct = decode(kRelocation);
  ASSERT_TRUE(direct.ok) << direct.error();
  for (const auto& [name, json] : records(kRelocation)) {
    const Result wrapped = decode(json);
    ASSERT_TRUE(wrapped.ok) << name << ": " << wrapped.error() << json;
    EXPECT_EQ(wrapped.event().id, direct.event().id) << name;
    EXPECT_EQ(wrapped.event().body, direct.event().body) << name;
    EXPECT_EQ(wrapped.event().body_hash, direct.event().body_hash) << name;
    EXPECT_TRUE(wrapped.warnings.empty()) << name;
  }
}

TEST(Unwrap, TheRecordsTimeCountsBehindTheBodysAndTheTransports) {
  for (const auto& [name, json] : records(kUntimed)) {
    const Result shipped = decode(json);
    ASSERT_TRUE(shipped.ok) << name << ": " << shipped.error();
    EXPECT_EQ(format_time(shipped.event().time), "2025-01-15T15:00:00.500Z") << name;
    EXPECT_EQ(shipped.event().time_source, TimeSource::kTransport) << name;
    EXPECT_EQ(shipped.event().id, decode(records(kUntimed).front().second).event().id) << name;
    const Time transport = from_nanos(1'736'950'000'000'000'000);
    EXPECT_EQ(decode(json, {}, {}, transport).event().time, transport) << name;
  }
  const Result inner =
      decode(record(R"("date":1736953200,)", "log",
                    as_text(R"({"event_type":"x","@timestamp":"2025-01-15T12:00:00Z"})")));
  EXPECT_EQ(format_time(inner.event().time), "2025-01-15T12:00:00Z");
  const Result zoneless =
      decode(record(R"("time":"2025-01-16T00:00:00",)", "log", as_text(kUntimed)));
  EXPECT_EQ(format_time(zoneless.event().time), "2025-01-15T15:00:00Z");
  EXPECT_THAT(zoneless.warnings, testing::ElementsAre("zone_assumed"));
  const Result unreadable = decode(record(R"("time":"noon",)", "log", as_text(kUntimed)));
  EXPECT_THAT(unreadable.warnings, testing::ElementsAre("no_time"));
}

TEST(Unwrap, TheRouteGivesTheTypeOfWhatIsWrapped) {
  for (const auto& [name, json] : records(kDecision)) {
    const Result wrapped = decode(json, "scheduling_decision");
    ASSERT_TRUE(wrapped.ok) << name << ": " << wrapped.error();
    EXPECT_EQ(wrapped.event().body, kDecision) << name;
  }
  // A label that the shipper adds does not make its record the event.
  const std::string labelled = record(R"("cluster_name":"prod",)", "log", as_text(kDecision));
  EXPECT_EQ(decode(labelled, "scheduling_decision").event().cluster, "c");
  const std::string alert = R"({"event_type":"alert","message":"hot","severity":"error"})";
  for (const auto& [name, json] : records(alert)) {
    const Result wrapped = decode(json, "alert");
    ASSERT_TRUE(wrapped.ok) << name << ": " << wrapped.error();
    EXPECT_EQ(wrapped.event().body, alert) << name;
  }
}

TEST(Unwrap, ADirectEventIsLeftAlone) {
  const std::string json_text = as_text(R"({"severity":"error","message":"x","a":1})");
  const std::string event_text = as_text(R"({"event_type":"alert","message":"x"})");
  const std::string decision_text = as_text(kDecision);
  const std::pair<std::string, std::string> direct[] = {
      {"alert", R"({"message":"GPU temperature above 85 degrees"})"},
      {"alert", R"({"message":)" + json_text + "}"},
      {"alert", R"({"severity":"error","message":)" + event_text + "}"},
      {"alert", R"({"alert_id":"1","message":)" + json_text + R"(,"log":)" + event_text + "}"},
      {"", R"({"event_type":"alert","message":)" + event_text + "}"},
      {"", R"({"event_type":"made_up","log":)" + event_text + "}"},
      {"scheduling_decision",
       R"({"workload_id":"w","selected_cluster":"c","message":)" + decision_text + "}"},
      {"scheduling_decision", R"({"workload":"w","cluster":"c","log":)" + event_text + "}"},
      {"scheduling_decision",
       R"({"workload":"w","cluster":"c","log":{"selected_cluster":"x","workload_id":"y"}})"}};
  for (const auto& [type, json] : direct) {
    const Result result = decode(json, type);
    ASSERT_TRUE(result.ok) << json << ": " << result.error();
    EXPECT_EQ(result.event().body, json);
  }
}

TEST(Unwrap, SaysWhatAWrapperHeldInsteadOfAnEvent) {
  const auto deep = [](int levels) {
    std::string json(kRelocation);
    for (int i = 0; i < levels; ++i) json = record("", "log", as_text(json));
    return json;
  };
  const std::pair<std::string, const char*> refused[] = {
      {record("", "log", R"("starting up")"),
       "log: the text 'starting up', expected the event as a JSON object"},
      {record("", "message", as_text(R"({"event_type":"alert","mess)")),
       "message: the text '{\"event_type\":\"alert\""},
      {record("", "log", R"("[1]")"), "log: the text '[1]'"},
      {record("", "log", R"("{} {}")"), "log: the text '{} {}'"},
      {record("", "log", R"("")"), "log: "},
      {record("", "log", R"("{\"a\":1}")"), "log.event_type: missing"},
      {record("", "log", R"({"offset":1})"), "event_type: missing"},
      {record("", "log", "7"), "event_type: missing"},
      {record("", "log", as_text(R"({"event_type":"workload_relocation"})")),
       "log.migration.to_cluster: missing"},
      {record("", "log", as_text(record("", "log", as_text(R"({"event_type":7})")))),
       "log.log.event_type: the number 7"},
      {record("", "log", as_text(R"({"event_type":"x","a":"\u0000"})")),
       "log: a string holds the character U+0000"},
      {deep(3), "event_type: missing"},
      {deep(12), "event_type: missing"}};
  for (const auto& [json, want] : refused) {
    const Result result = decode(json);
    EXPECT_FALSE(result.ok) << json;
    EXPECT_THAT(result.error(), HasSubstr(want)) << json;
    EXPECT_EQ(result.refused, json);
    EXPECT_TRUE(result.batch.events.empty());
  }
  EXPECT_TRUE(decode(deep(2)).ok);
  const Result other = decode(record("", "log", as_text(kRelocation)), "scheduling_decision");
  EXPECT_THAT(other.error(), HasSubstr("workload.id: missing"));
  const Result plain = decode(record("", "log", R"("hello")"), "scheduling_decision");
  EXPECT_THAT(plain.error(), HasSubstr("log: the text 'hello'"));
}

TEST(Unwrap, NoKeysSwitchItOff) {
  DecodeOptions off;
  off.unwrap.clear();
  EXPECT_FALSE(decode(record("", "log", as_text(kRelocation)), {}, off).ok);
  DecodeOptions data;
  data.unwrap = {"payload"};
  EXPECT_TRUE(decode(record("", "payload", as_text(kRelocation)), {}, data).ok);
  EXPECT_FALSE(decode(record("", "log", as_text(kRelocation)), {}, data).ok);
}

TEST(Unwrap, OneDecoderReadsRecordAfterRecord) {
  Decoder decoder(catalogue(), {});
  EventBatch batch;
  std::vector<FieldError> errors;
  std::vector<std::string_view> warnings;
  TransportHints hints;
  hints.received = from_nanos(1'736'955'000'000'000'000);
  for (int round = 0; round < 3; ++round) {
    for (const auto& [name, json] : records(kRelocation)) {
      ASSERT_TRUE(decoder.decode(json, hints, batch, errors, warnings)) << name;
      ASSERT_FALSE(decoder.decode(R"({"log":"no"})", hints, batch, errors, warnings));
      ASSERT_TRUE(decoder.decode(kRelocation, hints, batch, errors, warnings));
    }
  }
  for (const auto& event : batch.events) EXPECT_EQ(event.body, kRelocation);
}

}  // namespace
}  // namespace kcloud::core
