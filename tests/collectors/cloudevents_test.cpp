#include "collectors/webhook/cloudevents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/webhook/post.h"
#include "config/config.h"
#include "tests/collectors/compress.h"

namespace kcloud::webhook {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class CloudEventsTest : public ::testing::Test {
 protected:
  using Fields = std::vector<std::pair<std::string, std::string>>;

  CloudEventsTest() { settings.catalogue = catalogue; }

  Received post(std::string_view body, std::string_view content_type, const Fields& fields = {}) {
    Post given;
    given.type = type;
    given.content_type = content_type;
    given.content_encoding = encoding;
    given.key = key;
    for (const auto& [name, value] : fields) given.cloud.add(name, value);
    given.body = body;
    given.request = "r1";
    given.received = core::from_nanos(1'736'937'000'000'000'000);  // 2025-01-15T10:30:00Z
    return receive(given, settings, decoder, workspace);
  }
  Received structured(std::string_view body) { return post(body, "application/cloudevents+json"); }
  Received batched(std::string_view body) {
    return post(body, "application/cloudevents-batch+json");
  }

  std::shared_ptr<const core::Catalogue> catalogue = config::default_config({}).catalogue;
  core::Decoder decoder{*catalogue, core::DecodeOptions{}};
  Settings settings;
  Workspace workspace;
  std::string_view type, encoding, key;
};

namespace {

constexpr const char* kData =
    R"({"workload":{"id":"w-1"},"decision":{"selected_cluster":"c-1"},"n":1.50})";

// An event in the JSON format; `more` are further members, each with a comma behind it.
std::string event(std::string_view more = "", std::string_view data = kData) {
  return R"({"specversion":"1.0","id":"e-1","source":"/s/1","type":"scheduling_decision",)" +
         std::string(more) + R"("data":)" + std::string(data) + "}";
}

// What happened to a request that has one event: `stored`, `<path>: <problem>` or `<status>:
// <detail>`.
std::string outcome(const Received& received) {
  if (received.problem) {
    return std::to_string(received.problem->status) + ": " + received.problem->detail;
  }
  if (received.ledger.refused.empty()) return "stored";
  const auto& error = received.ledger.refused[0].errors.at(0);
  return error.path + ": " + error.problem;
}

const core::Event& only_event(const Received& received) {
  return received.intake->batch.events.at(0);
}

}  // namespace

TEST_F(CloudEventsTest, TheThreeModesAreOneEvent) {
  const std::string time = R"("time":"2025-01-15T10:00:00.5+09:00","subject":"ignored",)";
  const CloudEventsTest::Fields fields = {
      {"ce-specversion", "1.0"}, {"Ce-Id", "e-1"},
      {"CE-source", "/s/1"},     {"ce-type", "scheduling_decision"},
      {"ce-subject", "ignored"}, {"ce-time", "2025-01-15T01:00:00.5Z"}};
  const std::string body = event(time);
  const std::string base64 =
      R"({"specversion":"1.0","id":"e-1","source":"/s/1","type":"scheduling_decision",)" + time +
      R"("data_base64":"eyJ3b3JrbG9hZCI6eyJpZCI6InctMSJ9LCJkZWNpc2lvbiI6eyJzZWxlY3RlZF9jbHVzdGVyIjoiYy0xIn0sIm4iOjEuNTB9"})";
  const Received all[] = {structured(body), batched("[" + body + "]"),
                          post(kData, "application/json", fields), post(kData, "", fields),
                          structured(base64)};
  for (const Received& received : all) {
    ASSERT_EQ(outcome(received), "stored");
    const core::Event& one = only_event(received);
    EXPECT_EQ(to_string(one.id), to_string(only_event(all[0]).id));
    EXPECT_EQ(one.body, kData);  // byte for byte
    EXPECT_EQ(one.type_name, "scheduling_decision");
    EXPECT_EQ(one.source, "/s/1");
    EXPECT_EQ(one.workload, "w-1");
    EXPECT_EQ(core::format_time(one.time), "2025-01-15T01:00:00.500Z");
    EXPECT_EQ(one.time_source, core::TimeSource::kTransport);
    EXPECT_TRUE(one.keyed);
  }
  EXPECT_EQ(all[0].content.mode, Mode::kStructured);
  EXPECT_EQ(all[1].content.mode, Mode::kBatched);
  EXPECT_EQ(all[2].content.mode, Mode::kBinary);
}

TEST_F(CloudEventsTest, TheIdIsOfSourceAndIdAndGoesBeforeOtherKeys) {
  const auto id_of = [&](std::string_view source, std::string_view id, std::string_view data) {
    const std::string body =
        R"({"specversion":"1.0","type":"custom","time":"2025-01-15T10:00:00Z","source":")" +
        std::string(source) + R"(","id":")" + std::string(id) + R"(","data":)" + std::string(data) +
        "}";
    const Received received = structured(body);
    EXPECT_EQ(outcome(received), "stored") << body;
    return to_string(only_event(received).id);
  };
  const std::string first = id_of("/a", "b", "{}");
  EXPECT_EQ(id_of("/a", "b", R"({"other":1})"), first);
  EXPECT_EQ(id_of("/a", "b", R"({"event_id":"mine"})"), first);
  key = "idempotency";
  EXPECT_EQ(id_of("/a", "b", "{}"), first);
  EXPECT_NE(id_of("/a", "c", "{}"), first);
  EXPECT_NE(id_of("/", "ab", "{}"), id_of("/a", "b", "{}"));
  EXPECT_NE(id_of("1:/", "b", "{}"), id_of("1", ":/b", "{}"));
}

TEST_F(CloudEventsTest, TheDataSaysMoreThanTheAttributes) {
  const Received received = structured(event(
      R"("time":"2025-01-15T10:00:00Z","subject":"w-2",)",
      R"({"timestamp":"2025-01-15T09:00:00Z","source":"mine","selected_cluster":"c","workload_id":"w-3"})"));
  ASSERT_EQ(outcome(received), "stored");
  EXPECT_EQ(core::format_time(only_event(received).time), "2025-01-15T09:00:00Z");
  EXPECT_EQ(only_event(received).source, "mine");
  EXPECT_EQ(only_event(received).workload, "w-3");
}

TEST_F(CloudEventsTest, SubjectIsTheWorkloadWhereTheDataHasNone) {
  const Received received =
      structured(event(R"("subject":"ns/w-2",)", R"({"selected_cluster":"c"})"));
  ASSERT_EQ(outcome(received), "stored");
  EXPECT_EQ(only_event(received).workload, "ns/w-2");
}

TEST_F(CloudEventsTest, FindsTypesInTheCatalogue) {
  struct Case {
    const char* type;
    const char* want;
  };
  const Case cases[] = {
      {"scheduling_decision", "scheduling_decision"},
      {"scheduling", "scheduling_decision"},
      {"io.kcloud.scheduling_decision", "scheduling_decision"},
      {"io.kcloud.scheduling_decision.v1", "scheduling_decision"},
      {"io.kcloud.scheduling.v12", "scheduling_decision"},
      {"https://kcloud.io/types/scheduling_decision/v2", "scheduling_decision"},
      {"io.kcloud.quota_changed.v1", nullptr},
      {"io.kcloud.v1", nullptr},
      {"scheduling_decision.v", nullptr},
      {"scheduling_decisionv1", nullptr},
      {"scheduling_decision.", nullptr},
      {".v1", nullptr},
      {"v1", nullptr},
      {"", nullptr},
  };
  for (const Case& test : cases) {
    const core::EventType* found = core::find_cloud_type(*catalogue, test.type);
    EXPECT_EQ(found == nullptr ? "" : found->name, test.want == nullptr ? "" : test.want)
        << test.type;
  }
}

TEST_F(CloudEventsTest, TypesAgreeWithPathAndData) {
  const auto with = [](std::string_view given, std::string_view data = kData) {
    return R"({"specversion":"1.0","id":"1","source":"s","type":")" + std::string(given) +
           R"(","data":)" + std::string(data) + "}";
  };
  const std::string named =
      R"({"event_type":"scheduling_decision","workload_id":"w","selected_cluster":"c"})";
  EXPECT_EQ(only_event(structured(with("com.example.quota"))).type_name, "com.example.quota");
  EXPECT_EQ(outcome(structured(with("io.kcloud.scheduling_decision.v1", named))), "stored");
  EXPECT_THAT(outcome(structured(with("alert", named))), StartsWith("event_type: "));
  EXPECT_THAT(outcome(structured(with("alert_transition", "{}"))), StartsWith("event_type: "));
  type = "scheduling_decision";
  EXPECT_EQ(only_event(structured(with("com.example.quota"))).type_name, "scheduling_decision");
  EXPECT_EQ(outcome(structured(with("io.kcloud.alert"))),
            "type: 'io.kcloud.alert', which is alert");
  EXPECT_EQ(
      outcome(post(
          "{}", "",
          {{"ce-specversion", "1.0"}, {"ce-id", "1"}, {"ce-source", "s"}, {"ce-type", "alert"}})),
      "ce-type: 'alert', which is alert");
}

TEST_F(CloudEventsTest, RejectsWhatIsNoCloudEvent) {
  struct Case {
    const char* name;
    std::string body;
    const char* want;
  };
  const std::string long_text(1025, 'x');
  const Case cases[] = {
      {"nothing", "{}", "data: missing"},
      {"no version", R"({"id":"1","source":"s","type":"t","data":{}})", "specversion: missing"},
      {"version 0.3", R"({"specversion":"0.3","id":"1","source":"s","type":"t","data":{}})",
       "specversion: '0.3'"},
      {"version number", R"({"specversion":1.0,"id":"1","source":"s","type":"t","data":{}})",
       "specversion: a number"},
      {"version 1", R"({"specversion":"1","id":"1","source":"s","type":"t","data":{}})",
       "specversion: '1'"},
      {"no id", R"({"specversion":"1.0","source":"s","type":"t","data":{}})", "id: missing"},
      {"null id", R"({"specversion":"1.0","id":null,"source":"s","type":"t","data":{}})",
       "id: missing"},
      {"empty id", R"({"specversion":"1.0","id":"","source":"s","type":"t","data":{}})",
       "id: empty"},
      {"number id", R"({"specversion":"1.0","id":17,"source":"s","type":"t","data":{}})",
       "id: a number"},
      {"object id", R"({"specversion":"1.0","id":{"a":[1]},"source":"s","type":"t","data":{}})",
       "id: an object"},
      {"no source", R"({"specversion":"1.0","id":"1","type":"t","data":{}})", "source: missing"},
      {"empty source", R"({"specversion":"1.0","id":"1","source":"","type":"t","data":{}})",
       "source: empty"},
      {"no type", R"({"specversion":"1.0","id":"1","source":"s","data":{}})", "type: missing"},
      {"array type", R"({"specversion":"1.0","id":"1","source":"s","type":["t"],"data":{}})",
       "type: an array"},
      {"id twice", event(R"("id":"e-2",)"), "id: there twice"},
      {"data twice", event(R"("data":{},)"), "data: there twice"},
      {"NUL in id", R"({"specversion":"1.0","id":"a\u0000b","source":"s","type":"t","data":{}})",
       "id: a control character in 'a?b'"},
      {"long source",
       R"({"specversion":"1.0","id":"1","source":")" + long_text + R"(","type":"t","data":{}})",
       "source: 1025 bytes"},
      {"long subject", event(R"("subject":")" + long_text + "\","), "subject: 1025 bytes"},
      {"time without zone", event(R"("time":"2025-01-15T10:00:00",)"),
       "time: '2025-01-15T10:00:00'"},
      {"epoch", event(R"("time":"1736935200",)"), "time: '1736935200'"},
      {"long epoch", event(R"("time":"17369352000000000000",)"), "time: '17369352000000000000'"},
      {"number time", event(R"("time":1736935200,)"), "time: a number"},
      {"nonsense time", event(R"("time":"2025-13-45T99:00:00Z",)"), "time: '2025-13-45T99:00:00Z'"},
      {"no data", R"({"specversion":"1.0","id":"1","source":"s","type":"t"})", "data: missing"},
      {"text", event("", R"("{\"a\":1}")"), "data: a text"},
      {"null data", event("", "null"), "data: null"},
      {"array data", event("", "[{}]"), "data: an array"},
      {"number data", event("", "17"), "data: a number"},
      {"both", event(R"("data_base64":"e30=",)"), "data_base64: there beside `data`"},
      {"xml", event(R"("datacontenttype":"application/xml",)"),
       "datacontenttype: 'application/xml'"},
      {"no base64", R"({"specversion":"1.0","id":"1","source":"s","type":"t","data_base64":"e3"})",
       "data_base64: 'e3'"},
      {"base64 with blanks",
       R"({"specversion":"1.0","id":"1","source":"s","type":"t","data_base64":"e3 ="})",
       "data_base64: 'e3 ='"},
      {"padding inside",
       R"({"specversion":"1.0","id":"1","source":"s","type":"t","data_base64":"e=0=e30="})",
       "data_base64: 'e=0=e30='"},
      {"base64 of no text",
       R"({"specversion":"1.0","id":"1","source":"s","type":"t","data_base64":17})",
       "data_base64: a number"},
      {"base64 of an array",
       R"({"specversion":"1.0","id":"1","source":"s","type":"t","data_base64":"W10="})",
       "$: not a JSON object"},
  };
  for (const Case& test : cases) {
    EXPECT_EQ(outcome(structured(test.body)), test.want) << test.name;
    const Received batch =
        batched("[" + event() + "," + test.body + "," + event(R"("subject":"x",)") + "]");
    ASSERT_FALSE(batch.problem) << test.name << batch.problem->detail;
    EXPECT_EQ(batch.intake->batch.events.size(), 2u) << test.name;
    ASSERT_EQ(batch.ledger.refused.size(), 1u) << test.name;
    EXPECT_EQ(batch.ledger.refused[0].index, 1u);
    EXPECT_EQ(batch.intake->refused[0].reason, "invalid_event") << test.name;
    EXPECT_EQ(batch.intake->refused[0].body, test.body) << test.name;
  }
}

TEST_F(CloudEventsTest, NamesEveryProblemOfAnEvent) {
  const Received received = structured(R"({"id":"","type":7,"time":"now","data":[]})");
  std::vector<std::string> paths;
  for (const auto& error : received.ledger.refused.at(0).errors) {
    paths.push_back(error.path);
    EXPECT_FALSE(error.expected.empty()) << error.path;
  }
  EXPECT_THAT(paths, ::testing::UnorderedElementsAre("id", "type", "time", "data", "specversion",
                                                     "source"));
}

TEST_F(CloudEventsTest, WhatIsNoJsonIs400AndRejectedAloneInABatch) {
  const std::string bad[] = {
      R"({"specversion":"1.0","id":"1","source":"s","type":"t","data":{"a":}})",
      R"({"specversion":"1.0","id":"1","source":"s","type":"t","data":{"a":[1}})",
      R"({"specversion":"1.0","id":"1","source":"s","type":"t","x":tru,"data":{}})",
      R"({"specversion":"1.0","id":"1","source":"s","type":"t","x":nul,"data":{}})",
      R"({"specversion":"1.0","id":nil,"source":"s","type":"t","data":{}})",
      R"({"specversion":"1.0","id":"1","source":"s","type":"t","x":01,"data":{}})",
      R"({"specversion":"1.0","id":"1","source":"s","type":"t","x":[1,],"data":{}})",
      R"({"specversion":"1.0","id":"1","source":"s","type":"t","x":{"a"},"data":{}})",
      R"({"specversion":"1.0","id":"1","source":"s","type":"t","x":"\q","data":{}})",
      R"({"specversion":"1.0","id":"\ud800","source":"s","type":"t","data":{}})",
      R"({"specversion":"1.0" "id":"1","source":"s","type":"t","data":{}})",
      R"({"specversion":"1.0","id":"1","source":"s","type":"t","data":{},})",
      R"({"specversion":"1.0","id":"1","source":"s","type":"t","data":"\q"})",
      R"({"specversion":"1.0","id":"1","source":"s","type":"t","data":[1,,2]})",
      "{\"specversion\":\"1.0\",\"id\":\"\xff\",\"source\":\"s\",\"type\":\"t\",\"data\":{}}",
  };
  for (const std::string& body : bad) {
    EXPECT_THAT(outcome(structured(body)), StartsWith("400: the body is not JSON")) << body;
    const Received batch = batched("[" + body + "," + event() + "]");
    if (batch.problem) continue;  // brackets that do not close end the whole text
    EXPECT_EQ(batch.intake->batch.events.size(), 1u) << body;
    ASSERT_EQ(batch.ledger.refused.size(), 1u) << body;
    EXPECT_EQ(batch.intake->refused[0].reason, "invalid_json") << body;
  }
}

TEST_F(CloudEventsTest, TruncatedAnywhereNeverCrashes) {
  const std::string good = event(R"("time":"2025-01-15T10:00:00Z","x":[1,{"y":"z"}],)");
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_THAT(outcome(structured(good.substr(0, size))), StartsWith("400: ")) << size;
    core::CloudEventReader reader;  // without the splitter before it
    std::vector<core::FieldError> errors;
    EXPECT_FALSE(reader.read(good.substr(0, size), 10'000, errors)) << size;
    EXPECT_FALSE(errors.empty());
  }
}

TEST_F(CloudEventsTest, TakesExtensionsEscapesAndAnyOrder) {
  const Received received = structured(
      "\xEF\xBB\xBF \n{\"data\" : {\"selected_cluster\" : \"c\", \"x\":\"\\\"}\"} , "
      "\"traceparent\":\"00-4bf9\","
      "\"sequence\":3,\"sampled\":true,\"odd\":{\"a\":[1,{}]},\"list\":[],\"none\":null,"
      "\"partitionkey\":\"p\",\"dataschema\":\"http://x\",\"datacontenttype\":\"application/json; "
      "charset=utf-8\","
      "\"\\u0069d\":\"1\",\"source\":\"\\u002fs\",\"type\":\"scheduling\",\"specversion\":\"1.0\","
      "\"subject\":\"w\"}\n");
  ASSERT_EQ(outcome(received), "stored");
  EXPECT_EQ(only_event(received).source, "/s");
  EXPECT_EQ(only_event(received).workload, "w");
  EXPECT_EQ(only_event(received).body, R"({"selected_cluster":"c","x":"\"}"})");
  for (const char* good : {"text/json", "Application/Vnd.kcloud+JSON", ""}) {
    EXPECT_EQ(outcome(structured(event(R"("datacontenttype":")" + std::string(good) + "\","))),
              "stored");
  }
}

TEST_F(CloudEventsTest, ShapesThatDoNotFitTheModeAre400) {
  EXPECT_THAT(outcome(structured("[" + event() + "]")), HasSubstr("cloudevents-batch+json"));
  EXPECT_THAT(outcome(structured(event() + event())),
              StartsWith("400: application/cloudevents+json"));
  EXPECT_THAT(outcome(batched(event())), HasSubstr("send application/cloudevents+json"));
  EXPECT_EQ(outcome(batched("[]")), "400: the array is empty");
  settings.max_events = 1;
  EXPECT_THAT(outcome(batched("[" + event() + "," + event() + "]")), StartsWith("413: "));
}

TEST_F(CloudEventsTest, BinaryModeJudgesTheHeaders) {
  struct Case {
    const char* name;
    CloudEventsTest::Fields fields;  // over version 1.0, id 1, source s, type custom
    const char* want;
  };
  const Case cases[] = {
      {"good", {}, "stored"},
      {"extension", {{"ce-traceparent", "00-1-1-00"}, {"ce-x", "1"}, {"ce-x", "2"}}, "stored"},
      {"empty id", {{"ce-id", ""}}, "ce-id: empty"},
      {"empty source", {{"ce-source", "\"\""}}, "ce-source: empty"},
      {"version", {{"ce-specversion", "2.0"}}, "ce-specversion: '2.0'"},
      {"time", {{"ce-time", "yesterday"}}, "ce-time: 'yesterday'"},
      {"UTF-8", {{"ce-subject", "%ff%fe"}}, "ce-subject: not UTF-8"},
      {"NUL", {{"ce-subject", "a%00b"}}, "ce-subject: a control character in 'a?b'"},
      {"twice", {{"ce-id", "1"}, {"CE-ID", "2"}}, "400: the header field ce-id is there twice"},
  };
  for (const Case& test : cases) {
    CloudEventsTest::Fields fields = {
        {"ce-specversion", "1.0"}, {"ce-id", "1"}, {"ce-source", "s"}, {"ce-type", "custom"}};
    for (const auto& [name, value] : test.fields) {
      std::erase_if(fields, [&, &wanted = name](const auto& f) {
        return f.first == wanted && fields.size() <= 5;
      });
      fields.emplace_back(name, value);
    }
    EXPECT_EQ(outcome(post("{}", "application/json", fields)), test.want) << test.name;
  }
  for (const char* left_out : {"ce-id", "ce-source", "ce-type"}) {
    CloudEventsTest::Fields fields = {
        {"ce-specversion", "1.0"}, {"ce-id", "1"}, {"ce-source", "s"}, {"ce-type", "custom"}};
    std::erase_if(fields, [&](const auto& field) { return field.first == left_out; });
    EXPECT_EQ(outcome(post("{}", "", fields)), std::string(left_out) + ": missing");
  }
  EXPECT_THAT(outcome(post("{}", "", {{"ce-id", "1"}})),
              StartsWith("400: there are ce-* header fields but no ce-specversion"));
  const CloudEventsTest::Fields good = {
      {"ce-specversion", "1.0"}, {"ce-id", "1"}, {"ce-source", "s"}, {"ce-type", "custom"}};
  EXPECT_THAT(outcome(post("{}", "application/x-ndjson", good)), StartsWith("415: "));
  EXPECT_THAT(outcome(post("", "", good)), StartsWith("400: the body is not JSON"));
  EXPECT_THAT(outcome(post("{}{}", "", good)), StartsWith("400: the body is not JSON"));
  EXPECT_EQ(outcome(post("[{}]", "", good)), "$: not a JSON object");
  encoding = "gzip";
  EXPECT_EQ(outcome(post(testing::gzip("{}"), "application/json", good)), "stored");
}

TEST_F(CloudEventsTest, HeaderValuesAreUnquotedAndPercentDecodedOnce) {
  struct Case {
    const char* value;
    const char* want;
  };
  const Case cases[] = {
      {"plain", "plain"},
      {"Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"},
      {"a%2525", "a%25"},
      {"100%", "100%"},
      {"%4", "%4"},
      {"%zz%41", "%zzA"},
      {"\"quoted \\\" text\"", "quoted \" text"},
      {"\"a%20b\"", "a b"},
      {"\"", "\""},
      {"", ""},
  };
  for (const Case& test : cases) EXPECT_EQ(decode_header(test.value), test.want) << test.value;
  CloudHeaders none;
  for (const char* name : {"ce", "ce-", "content-type", "xce-id", "c", ""}) none.add(name, "x");
  EXPECT_TRUE(none.empty());
}

TEST_F(CloudEventsTest, AnEnvelopeBeyondTheLimitOfEventsIsNotParsed) {
  settings.max_event_bytes = 1024;
  EXPECT_EQ(outcome(structured(event(R"("x":")" + std::string(3000, 'x') + "\","))),
            "$: an event of " + std::to_string(event().size() + 3007) + " bytes");
}

}  // namespace kcloud::webhook
