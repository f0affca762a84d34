#include "core/decode.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "config/config.h"
#include "core/json.h"

namespace kcloud::core {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Catalogue& catalogue() {
  static const auto loaded = [] {
    config::Problems problems;
    auto parsed = config::parse_catalogue(std::string(config::embedded_event_types()),
                                          "event-types.yaml", problems);
    for (const auto& problem : problems) ADD_FAILURE() << problem.to_string();
    return parsed;
  }();
  return *loaded;
}

// Only the specification's samples, so that the test needs no file outside the tree.
constexpr const char* kDecision = R"({
  "event_type": "scheduling_decision",
  "timestamp": "2025-01-15T10:30:00Z",
  "scheduler": "kcloud-meta-scheduler",
  "workload": {"id": "ml-training-job-123", "type": "ml_training",
    "requirements": {"cpu": 8, "memory": "32Gi", "gpu": 2, "power_budget": 1500}},
  "decision": {"selected_cluster": "gpu-cluster-01", "reason": "최적 전력 효율성",
    "cost_calculation": {"estimated_power_watts": 1200, "estimated_cost_per_hour": 15.60,
      "alternatives": [{"cluster": "gpu-cluster-02", "cost": 18.20}, {"cluster": "hybrid-cluster-01", "cost": 22.40}]}},
  "execution_time_ms": 245})";

struct Result {
  bool ok = false;
  EventBatch batch;
  std::vector<FieldError> errors;
  std::vector<std::string_view> warnings;

  const Event& event() const { return batch.events.at(0); }
  // A field as JSON; empty when absent.
  std::string field(std::string_view name) const {
    const auto slot = event().type->slot(name);
    if (!slot || !event().fields[*slot].present()) return {};
    std::string out;
    append_json_value(out, event().fields[*slot]);
    return out;
  }
  std::string error() const {
    if (errors.empty()) return {};
    return errors[0].path + ": " + errors[0].problem + ", expected " + errors[0].expected;
  }
};

const Time kReceived = from_nanos(1'736'940'000'000'000'000);  // 2025-01-15T11:20:00Z

Result decode(std::string_view json, TransportHints hints = {}, DecodeOptions options = {}) {
  hints.received = kReceived;
  hints.collector = "webhook";
  hints.agent = "agent-1";
  Decoder decoder(catalogue(), std::move(options));
  Result result;
  result.ok = decoder.decode(json, hints, result.batch, result.errors, result.warnings);
  return result;
}

TEST(Decode, TheSchedulingSampleWhole) {
  const Result result = decode(kDecision);
  ASSERT_TRUE(result.ok) << result.error();
  const Event& event = result.event();
  EXPECT_EQ(event.type_name, "scheduling_decision");
  EXPECT_EQ(event.source, "kcloud-meta-scheduler");
  EXPECT_EQ(event.workload, "ml-training-job-123");
  EXPECT_EQ(event.cluster, "gpu-cluster-01");
  EXPECT_EQ(event.reason, "최적 전력 효율성");
  EXPECT_EQ(format_time(event.time), "2025-01-15T10:30:00Z");
  EXPECT_THAT(result.warnings, IsEmpty());
  const std::pair<const char*, const char*> fields[] = {{"scheduler", "\"kcloud-meta-scheduler\""},
                                                        {"cluster", "\"gpu-cluster-01\""},
                                                        {"workload_type", "\"ml_training\""},
                                                        {"outcome", "\"success\""},
                                                        {"execution_time_ms", "245"},
                                                        {"power_watts", "1200"},
                                                        {"cost_per_hour", "15.6"},
                                                        {"alternatives", "2"},
                                                        {"best_alternative_cost", "18.2"},
                                                        {"cpu", "8"},
                                                        {"memory_bytes", "34359738368"},
                                                        {"gpu", "2"},
                                                        {"power_budget_watts", "1500"},
                                                        {"npu", ""},
                                                        {"workload", "\"ml-training-job-123\""}};
  for (const auto& [name, want] : fields) EXPECT_EQ(result.field(name), want) << name;
}

TEST(Decode, PrettyPrintedFoldedAndCompactAreOneEvent) {
  std::string folded(kDecision);
  std::erase(folded, '\n');
  const Result pretty = decode(kDecision);
  const Result one_line = decode(folded);
  const Result compact = decode(pretty.event().body);
  EXPECT_EQ(pretty.event().id, one_line.event().id);
  EXPECT_EQ(pretty.event().id, compact.event().id);
  EXPECT_EQ(pretty.event().body, compact.event().body);
  EXPECT_THAT(std::string(pretty.event().body), HasSubstr("\"estimated_cost_per_hour\":15.60,"));
}

TEST(Decode, FlatAndCamelCaseShapes) {
  const Result flat = decode(
      R"({"workload_id":"w","selected_cluster":"c","alternatives":[],"cost_calculation":{"power_watts":1400,"cost_per_hour":16.8,"efficiency_score":0.85},"execution_time_ms":180,"timestamp":1736937000})",
      {.type = "scheduling_decision"});
  ASSERT_TRUE(flat.ok) << flat.error();
  EXPECT_EQ(flat.event().workload, "w");
  EXPECT_EQ(flat.field("power_watts"), "1400");
  EXPECT_EQ(flat.field("alternatives"), "0");
  EXPECT_EQ(flat.field("best_alternative_cost"), "");
  const Result camel = decode(
      R"({"eventType":"scheduling_decision","workloadId":"w","recommendedCluster":"l40s","estimatedCost":2.5,"estimatedPower":300,"timestamp":"2025-01-15T10:30:00Z"})");
  ASSERT_TRUE(camel.ok) << camel.error();
  EXPECT_EQ(camel.event().cluster, "l40s");
  EXPECT_EQ(camel.field("cost_per_hour"), "2.5");
  EXPECT_EQ(camel.field("power_watts"), "300");
}

TEST(Decode, GoSchedulingEvent) {
  const Result result = decode(
      R"({"Timestamp":"2025-01-15T10:30:00Z","WorkloadID":"w","NodeName":"furiosa","Decision":{"SelectedNode":"furiosa","Score":0.9,"Reason":"r","EstimatedCost":3,"EstimatedPower":120},"Duration":245000000,"Success":false,"Reason":"late"})",
      {.type = "scheduling_decision"});
  ASSERT_TRUE(result.ok) << result.error();
  EXPECT_EQ(result.field("execution_time_ms"), "245");
  EXPECT_EQ(result.field("outcome"), "\"failure\"");
  EXPECT_EQ(result.field("efficiency_score"), "0.9");
}

TEST(Decode, TheOtherSamples) {
  const Result relocation = decode(
      R"({"event_type":"workload_relocation","timestamp":"2025-01-15T14:45:00Z","trigger":"power_efficiency_optimization","workload":"inference-service-456","migration":{"from_cluster":"gpu-cluster-02","to_cluster":"npu-cluster-01","reason":"NPU가 추론 작업에 더 효율적","power_saving_watts":300,"cost_saving_per_hour":4.2},"migration_time_seconds":45,"downtime_seconds":2})");
  ASSERT_TRUE(relocation.ok) << relocation.error();
  EXPECT_EQ(relocation.event().workload, "inference-service-456");
  EXPECT_EQ(relocation.event().cluster, "npu-cluster-01");
  EXPECT_EQ(relocation.field("downtime_seconds"), "2");
  const Result cluster = decode(
      R"({"event_type":"cluster_reconfiguration","timestamp":"2025-01-15T16:00:00Z","action":"cluster_created","cluster":{"id":"magnum-cluster-789","name":"npu-inference-cluster","type":"npu_optimized","node_count":3,"estimated_cost_per_hour":12.5},"trigger":{"workload_queue_length":15,"existing_cluster_utilization":95,"expected_efficiency_gain":"25%"}})");
  ASSERT_TRUE(cluster.ok) << cluster.error();
  EXPECT_EQ(cluster.event().cluster, "npu-inference-cluster");
  EXPECT_EQ(cluster.field("expected_efficiency_gain_pct"), "25");
  EXPECT_EQ(cluster.field("cluster_id"), "\"magnum-cluster-789\"");
  const Result inefficiency = decode(
      R"({"event_type":"inefficiency_detected","timestamp":"2025-01-15T18:20:00Z","severity":"MEDIUM","inefficiency":{"type":"idle_cluster","cluster":"cpu-cluster-03","utilization":8,"idle_duration_hours":6,"wasted_cost_estimate":75.6},"recommended_action":"cluster_consolidation","auto_action_taken":false})");
  ASSERT_TRUE(inefficiency.ok) << inefficiency.error();
  EXPECT_EQ(inefficiency.event().severity, "medium");
  EXPECT_EQ(inefficiency.field("auto_action_taken"), "\"false\"");
  EXPECT_EQ(inefficiency.field("wasted_cost"), "75.6");
}

TEST(Decode, RefusesWithPathFoundAndExpected) {
  const struct {
    const char* json;
    const char* want;
  } cases[] = {
      {"{", "$: not JSON"},
      {"3", "$: not a JSON object"},
      {"{\"event_type\":\"alert\",\"x\":\"\xff\"}", "$: not JSON: the text is not valid UTF-8"},
      {R"({"event_type":"alert","message":"\ud800"})", "$: not JSON: a string has a bad escape"},
      {R"({"event_type":"alert","message":"\u0000"})", "$: a string holds the character U+0000"},
      {R"({"event_type":"alert","x":1e400})", "$: not JSON that is read here: a number"},
      {"{\"event_type\":\"alert\",\"message\":\"a\nb\"}",
       "$: not JSON: a string holds an unescaped control"},
      {"{}", "event_type: missing, expected the name of an event type"},
      {R"({"event_type":7})", "event_type: the number 7, expected the name"},
      {R"({"event_type":"alert_transition"})",
       "event_type: 'alert_transition', expected a type that is not reserved"},
      {R"({"event_type":"alert","timestamp":"year 300000"})",
       "timestamp: the text 'year 300000', expected an RFC 3339 time"},
      {R"({"event_type":"alert","timestamp":"300000-01-01T00:00:00Z","message":"m"})",
       "timestamp: the text '300000"},
      {R"({"event_type":"alert","timestamp":"2025-03-15T00:00:00Z","message":"m"})", "max_future"},
      {R"({"event_type":"alert","timestamp":"1999-03-15T00:00:00Z","message":"m"})", "max_age"},
      {R"({"event_type":"policy","policy":["p"],"action":"applied"})",
       "policy: an array, expected a text"},
      {R"({"event_type":"scheduling","workload_id":"w","cluster_id":{"a":1},"selected_cluster":"c","execution_time_ms":"fast"})",
       "expected a number (milliseconds)"},
  };
  for (const auto& [json, want] : cases) {
    const Result result = decode(json);
    EXPECT_FALSE(result.ok) << json;
    EXPECT_THAT(result.error(), HasSubstr(want)) << json;
    EXPECT_THAT(result.batch.events, IsEmpty());
  }
}

TEST(Decode, EveryProblemOfAnEventIsNamed) {
  const Result result = decode(
      R"({"event_type":"relocation","timestamp":"x","migration":{"power_saving_watts":{}}})");
  EXPECT_GE(result.errors.size(), 3U);
}

TEST(Decode, NulIsOnlyRefusedWhereItIsOne) {
  EXPECT_TRUE(decode(R"({"event_type":"alert","message":"\\u0000","timestamp":1736937000})").ok);
  EXPECT_FALSE(decode(R"({"event_type":"alert","message":"\\\u0000","timestamp":1736937000})").ok);
}

TEST(Decode, BlanksInsideATokenAreRefused) {
  for (const std::string value : {"1 2", "[1 2]", "tr ue", "- 1", "1 .5", "nul\nl", "1e 5"}) {
    EXPECT_FALSE(decode(R"({"event_type":"x","timestamp":1736937000,"extra":)" + value + "}").ok)
        << value;
  }
}

TEST(Decode, UnknownTypesAreKeptWithTheCommonFieldsOrRefused) {
  const char* json =
      R"({"event_type":"node_rebooted","timestamp":1736937000,"cluster":"c","workload":"w"})";
  const Result kept = decode(json);
  ASSERT_TRUE(kept.ok) << kept.error();
  EXPECT_EQ(kept.event().type, nullptr);
  EXPECT_EQ(kept.event().type_name, "node_rebooted");
  EXPECT_EQ(kept.event().cluster, "c");
  EXPECT_THAT(kept.warnings, ElementsAre("unknown_type"));
  DecodeOptions strict;
  strict.accept_unknown_types = false;
  EXPECT_THAT(decode(json, {}, strict).error(), HasSubstr("unknown type 'node_rebooted'"));
}

TEST(Decode, TheEndpointsTypeMustAgreeWithTheBodys) {
  EXPECT_TRUE(decode(kDecision, {.type = "scheduling_decision"}).ok);
  EXPECT_THAT(decode(kDecision, {.type = "policy_change"}).error(),
              HasSubstr("event_type: 'scheduling_decision', expected 'policy_change'"));
}

TEST(Decode, AChannelsTypeIsForBodiesThatNameNone) {
  const TransportHints channel = {.type = "policy_change", .type_is_default = true};
  const Result named = decode(kDecision, channel);
  ASSERT_TRUE(named.ok) << named.error();
  EXPECT_EQ(named.event().type_name, "scheduling_decision");
  const Result bare = decode(R"({"action":"updated","policy":"p"})", channel);
  ASSERT_TRUE(bare.ok) << bare.error();
  EXPECT_EQ(bare.event().type_name, "policy_change");
  for (const std::string record :
       {R"({"log":{"event_type":"alert","message":"m"}})",
        R"({"log":"{\"event_type\":\"alert\",\"message\":\"m\"}\n","stream":"stdout"})"}) {
    const Result wrapped = decode(record, channel);
    ASSERT_TRUE(wrapped.ok) << wrapped.error();
    EXPECT_EQ(wrapped.event().type_name, "alert");
  }
}

TEST(Decode, WarnsOfAssumedZonesMissingAndFutureTimes) {
  const Result zone =
      decode(R"({"event_type":"alert","message":"m","timestamp":"2025-01-15T19:30:00"})");
  ASSERT_TRUE(zone.ok) << zone.error();
  EXPECT_THAT(zone.warnings, ElementsAre("zone_assumed"));
  EXPECT_EQ(format_time(zone.event().time), "2025-01-15T10:30:00Z");
  const Result none = decode(R"({"event_type":"alert","message":"m"})");
  EXPECT_THAT(none.warnings, ElementsAre("no_time"));
  EXPECT_EQ(none.event().time, kReceived);
  const Result future =
      decode(R"({"event_type":"alert","message":"m","timestamp":"2025-01-15T11:30:00Z"})");
  EXPECT_THAT(future.warnings, ElementsAre("future_time"));
}

TEST(Decode, TimeIsTheBodysThenTheTransportsThenAShippersThenArrival) {
  const Time transport = kReceived - std::chrono::hours(1);
  struct Row {
    const char* name;
    const char* times;
    bool hint;
    const char* want;
    TimeSource source;
  };
  const Row rows[] = {
      {"all", R"("timestamp":"2025-01-15T10:00:00Z","@timestamp":"2025-01-15T11:00:00Z",)", true,
       "2025-01-15T10:00:00Z", TimeSource::kBody},
      {"transport before @timestamp", R"("@timestamp":"2025-01-15T11:00:00Z",)", true,
       "2025-01-15T10:20:00Z", TimeSource::kTransport},
      {"transport before a date that is none", R"("date":"yesterday",)", true,
       "2025-01-15T10:20:00Z", TimeSource::kTransport},
      {"@timestamp before date", R"("date":1736937000.5,"@timestamp":"2025-01-15T11:00:00Z",)",
       false, "2025-01-15T11:00:00Z", TimeSource::kBody},
      {"date", R"("date":1736937000.5,)", false, "2025-01-15T10:30:00.500Z", TimeSource::kBody},
      {"a null is no time", R"("timestamp":null,"date":1736937000,)", false, "2025-01-15T10:30:00Z",
       TimeSource::kBody},
      {"arrival", "", false, "2025-01-15T11:20:00Z", TimeSource::kArrival}};
  for (const auto& row : rows) {
    TransportHints hints{.type = "scheduling_decision"};
    if (row.hint) hints.time = transport;
    const Result result =
        decode("{" + std::string(row.times) + R"("cluster":"c","workload":"w"})", hints);
    ASSERT_TRUE(result.ok) << row.name << ": " << result.error();
    EXPECT_EQ(format_time(result.event().time), row.want) << row.name;
    EXPECT_EQ(result.event().time_source, row.source) << row.name;
  }
  EXPECT_THAT(decode(R"({"date":"yesterday","cluster":"c","workload":"w"})",
                     {.type = "scheduling_decision"})
                  .error(),
              HasSubstr("date: the text 'yesterday', expected an RFC 3339 time"));
}

TEST(Decode, APlaceThatLastsTellsTimelessEventsApart) {
  const Time sent = kReceived - std::chrono::hours(1);
  const auto at = [](std::string_view position, std::optional<Time> time) {
    return TransportHints{.position = position, .position_lasts = true, .time = time};
  };
  const std::string_view timeless = R"({"event_type":"alert","message":"m"})";
  // With the transport's time, which many messages may have in common …
  const Result first = decode(timeless, at("t/0/1", sent));
  EXPECT_EQ(first.event().id, decode(timeless, at("t/0/1", sent)).event().id);
  EXPECT_NE(first.event().id, decode(timeless, at("t/0/2", sent)).event().id);
  EXPECT_FALSE(first.event().keyed);
  // … and without: the journal then finds it by its key, whenever it is read again.
  const Result unsent = decode(timeless, at("t/0/1", std::nullopt));
  EXPECT_TRUE(unsent.event().keyed);
  EXPECT_EQ(unsent.event().id, decode(timeless, at("t/0/1", std::nullopt)).event().id);
  EXPECT_NE(unsent.event().id, decode(timeless, at("t/0/2", std::nullopt)).event().id);
  EXPECT_NE(
      unsent.event().id,
      decode(R"({"event_type":"alert","message":"n"})", at("t/0/1", std::nullopt)).event().id);
  // A time or a key of the event's own goes before.
  EXPECT_EQ(decode(kDecision, at("t/0/1", sent)).event().id, decode(kDecision).event().id);
  const std::string_view keyed = R"({"event_type":"alert","message":"m","event_id":"a-1"})";
  EXPECT_EQ(decode(keyed, at("t/0/1", sent)).event().id,
            decode(keyed, at("t/0/2", sent)).event().id);
  TransportHints by_content = at("t/0/1", sent);
  by_content.dedup = Dedup::kContent;
  EXPECT_EQ(decode(timeless, by_content).event().id,
            decode(timeless, {.time = sent, .dedup = Dedup::kContent}).event().id);
}

TEST(Decode, IdentityFollowsItsPrecedence) {
  const char* with_id =
      R"({"event_type":"alert","message":"m","timestamp":1736937000,"event_id":"e-1"})";
  const char* same_id =
      R"({"event_type":"alert","message":"other","timestamp":1736937000,"event_id":"e-1"})";
  const char* without = R"({"event_type":"alert","message":"m","timestamp":1736937000})";
  EXPECT_EQ(decode(with_id).event().id, decode(same_id).event().id);
  EXPECT_TRUE(decode(with_id).event().keyed);
  EXPECT_EQ(decode(without).event().id, decode(without, {.position = "p/1"}).event().id);
  const TransportHints key{.key_kind = "idempotency", .key = "k/0"};
  EXPECT_NE(decode(without).event().id, decode(without, key).event().id);
  EXPECT_EQ(decode(with_id).event().id, decode(with_id, key).event().id);
  const TransportHints cloud{.key_kind = "cloudevents", .key = "s/1"};
  EXPECT_NE(decode(with_id).event().id, decode(with_id, cloud).event().id);
  const char* no_time = R"({"event_type":"alert","message":"m"})";
  EXPECT_NE(decode(no_time, {.position = "p/1"}).event().id,
            decode(no_time, {.position = "p/2"}).event().id);
  EXPECT_EQ(decode(no_time, {.position = "p/1"}).event().id,
            decode(no_time, {.position = "p/1"}).event().id);
}

TEST(Decode, TooLargeAndTooDeepAreRefused) {
  DecodeOptions small;
  small.max_event_bytes = 100;
  const std::string big = R"({"event_type":"alert","message":")" + std::string(200, 'x') + "\"}";
  EXPECT_THAT(decode(big, {}, small).error(), HasSubstr("expected at most 100 bytes"));
  const std::string deep =
      R"({"event_type":"alert","x":)" + std::string(100'000, '[') + std::string(100'000, ']') + "}";
  EXPECT_THAT(decode(deep).error(), HasSubstr("nested too deep"));
}

TEST(Decode, FieldsReadBackFromTheBodyAreTheSame) {
  Result result = decode(kDecision);
  const std::string id = result.field("best_alternative_cost");
  Event& event = result.batch.events[0];
  event.fields = {};
  event.type = nullptr;
  Decoder decoder(catalogue(), {});
  decoder.decode_fields(event, result.batch);
  EXPECT_EQ(result.field("best_alternative_cost"), id);
  EXPECT_EQ(result.field("memory_bytes"), "34359738368");
  EXPECT_EQ(event.reason, "최적 전력 효율성");
}

TEST(Decode, JsonFieldsKeepTheirText) {
  const Result result = decode(
      R"({"event_type":"policy","policy":"cost","action":"updated","before":{"limit":1},"after":"free text","timestamp":1736937000})");
  ASSERT_TRUE(result.ok) << result.error();
  EXPECT_EQ(result.field("before"), R"("{\"limit\":1}")");
  EXPECT_EQ(result.field("after"), "\"free text\"");
}

TEST(Decode, SourceAndWorkloadOfTheTransportFillWhatTheBodyLeavesOut) {
  TransportHints hints;
  hints.source = "/schedulers/main";
  hints.workload = "w-7";
  const std::string body =
      R"({"event_type":"scheduling_decision","timestamp":"2025-01-15T10:30:00Z","selected_cluster":"c")";
  Result result = decode(body + "}", hints);
  ASSERT_TRUE(result.ok) << result.error();
  EXPECT_EQ(result.event().source, "/schedulers/main");
  EXPECT_EQ(result.event().workload, "w-7");
  EXPECT_EQ(result.field("workload"), "\"w-7\"");

  Event stored;  // as it is read back: the columns, and the body without the transport's hints
  stored.body = result.event().body;
  stored.type = result.event().type;
  stored.source = result.event().source;
  stored.workload = result.event().workload;
  EventBatch batch;
  Decoder(catalogue(), {}).decode_fields(stored, batch);
  const auto slot = stored.type->slot("workload");
  ASSERT_TRUE(slot);
  EXPECT_EQ(stored.fields[*slot].text, "w-7");

  result = decode(body + R"(,"workload_id":"mine","source":"s"})", hints);
  ASSERT_TRUE(result.ok) << result.error();
  EXPECT_EQ(result.event().source, "s");
  EXPECT_EQ(result.event().workload, "mine");
}

}  // namespace
}  // namespace kcloud::core
