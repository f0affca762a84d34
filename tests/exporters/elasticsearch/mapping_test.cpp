// What a real server makes of documents: types, times, numbers and hostile bodies.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "core/json.h"
#include "tests/exporters/elasticsearch/server.h"

namespace kcloud::elasticsearch {
namespace {

using testing::count;
using testing::Events;
using testing::field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::server;
using Kind = core::Delivery::Kind;

void fill(core::Event& event) {
  for (const auto& one : event.type->fields) {
    auto& value = field(event, one.name);
    switch (one.type) {
      case core::FieldType::kInteger:
        value = testing::integer(7);
        break;
      case core::FieldType::kReal:
        value = testing::real(1.5);
        break;
      case core::FieldType::kBoolean:
        value.kind = core::FieldValue::Kind::kBoolean;
        break;
      case core::FieldType::kText:
      case core::FieldType::kJson:
        value = testing::text("word");
        break;
    }
  }
}

TEST(ElasticsearchMapping, EveryFieldOfEveryTypeIsFound) {
  const auto config = testing::test_config();
  Events events;
  for (const auto& type : testing::catalogue()->types()) fill(events.add(type.name, type.name));
  events.add("foreign", "foreign");
  auto exporter = testing::exporter(config);
  const auto delivery = exporter.deliver(events.batch.events);
  ASSERT_EQ(delivery.kind, Kind::kDelivered) << delivery.reason;
  EXPECT_THAT(delivery.rejected, IsEmpty());
  EXPECT_EQ(count(config.prefix), testing::catalogue()->types().size() + 1);
  for (const auto& type : testing::catalogue()->types()) {
    for (const auto& one : type.fields) {
      const bool text = one.type == core::FieldType::kText || one.type == core::FieldType::kJson;
      const std::string value = text                                    ? "\"word\""
                                : one.type == core::FieldType::kBoolean ? "false"
                                : one.type == core::FieldType::kInteger ? "7"
                                                                        : "1.5";
      EXPECT_EQ(
          count(config.prefix, fmt::format(R"({{"bool":{{"filter":[{{"term":{{"type":"{}"}}}},)"
                                           R"({{"term":{{"fields.{}":{}}}}}]}}}})",
                                           type.name, one.name, value)),
          1u)
          << type.name << "." << one.name;
    }
  }
  EXPECT_EQ(count(config.prefix, R"({"term":{"type":"foreign"}})"), 1u);
  EXPECT_EQ(count(config.prefix, R"({"term":{"agent_cluster":"hub"}})"),
            testing::catalogue()->types().size() + 1);
}

TEST(ElasticsearchMapping, TimesAreTrueToTheNanosecond) {
  const auto config = testing::test_config();
  Events events;
  for (const std::int64_t last : {3, 1, 2})
    events.add("alert", std::to_string(last), 1'736'937'000'123'456'780 + last);
  events.add("alert", "first", 0);
  events.add("alert", "last", 9'223'372'036'854'775'807);
  auto exporter = testing::exporter(config);
  ASSERT_EQ(exporter.deliver(events.batch.events).kind, Kind::kDelivered);
  const auto answer = server().search(
      config.prefix + "-*",
      R"({"sort":["@timestamp"],"_source":false,"docvalue_fields":["@timestamp"]})");
  const auto at = [&](int hit) {
    return core::json_text_at(answer,
                              {"hits", "hits", std::to_string(hit), "fields", "@timestamp", "0"});
  };
  EXPECT_EQ(at(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(at(1), "2025-01-15T10:30:00.123456781Z");
  EXPECT_EQ(at(2), "2025-01-15T10:30:00.123456782Z");
  EXPECT_EQ(at(3), "2025-01-15T10:30:00.123456783Z");
  EXPECT_EQ(at(4), "2262-04-11T23:47:16.854775807Z");
}

TEST(ElasticsearchMapping, HostileBodiesAndTextsComeBackAsTheyWent) {
  const auto config = testing::test_config();
  const std::string bodies[] = {
      R"({"a":"\u0000"})",
      R"({"a":"\ud800"})",
      R"({"a":1e400,"b":123456789012345678901234567890,"c":-0.0,"d":1.10})",
      R"({"@timestamp":"+300000-01-01T00:00:00Z","a":1,"a":2,"":{"":0},".":1,"a.b":2})",
      R"({"fields":"x","_id":7,"id":{},"body":[[]]})",
      "{\"a\":\"\x7f\xe2\x80\xa8\xf0\x9f\x98\x80 최적\"}",
      "{\"a\":" + std::string(5'000, '[') + std::string(5'000, ']') + "}",
      "{\"" + std::string(60'000, 'k') + "\":\"" + std::string(3'000'000, 'v') + "\"}",
  };
  Events events;
  for (const auto& body : bodies) events.add("alert", body).body = body;
  std::string nul("a\0b", 3);
  field(events.batch.events[0], "message") = testing::text(nul);
  auto exporter = testing::exporter(config);
  const auto delivery = exporter.deliver(events.batch.events);
  ASSERT_EQ(delivery.kind, Kind::kDelivered) << delivery.reason;
  EXPECT_THAT(delivery.rejected, IsEmpty());
  for (const auto& event : events.batch.events)
    EXPECT_TRUE(core::json_text_at(testing::source_of(config.prefix, event.id), "body") ==
                event.body)
        << event.body.substr(0, 100);
  EXPECT_EQ(core::json_text_at(testing::source_of(config.prefix, events.batch.events[0].id),
                               "fields.message"),
            nul);
}

// Longer than a term may be: kept, found by what is short in it, and no reason to refuse.
TEST(ElasticsearchMapping, LongTextsAreKept) {
  const auto config = testing::test_config();
  Events events;
  const std::string long_text(40'000, 'x');
  std::string korean;
  while (korean.size() < 8'191 * 3) korean += "\xec\xb5\x9c";  // 8,191 characters of 3 bytes
  for (const auto& text : {std::string_view(long_text), std::string_view(korean)}) {
    auto& event = events.add("inefficiency_detected", std::string(text.substr(0, 3)));
    event.source = event.workload = event.cluster = event.actor = event.reason = text;
    field(event, "kind") = testing::text(text);
    field(event, "recommended_action") = testing::text(text);
  }
  auto exporter = testing::exporter(config);
  const auto delivery = exporter.deliver(events.batch.events);
  ASSERT_EQ(delivery.kind, Kind::kDelivered) << delivery.reason;
  EXPECT_THAT(delivery.rejected, IsEmpty());
  EXPECT_EQ(core::json_text_at(testing::source_of(config.prefix, events.batch.events[0].id),
                               "fields.kind"),
            long_text);
  EXPECT_EQ(count(config.prefix, R"({"term":{"cluster":")" + korean + "\"}}"), 1u);
}

TEST(ElasticsearchMapping, NumbersAtTheirLimits) {
  const auto config = testing::test_config();
  Events events;
  int made = 0;
  for (const double value : {1.7976931348623157e308, 5e-324, -0.0, 1e22, 0.1})
    field(events.add("scheduling_decision", std::to_string(++made)), "power_watts") =
        testing::real(value);
  for (const std::int64_t value : {INT64_MIN, INT64_MAX})
    field(events.add("scheduling_decision", std::to_string(++made)), "alternatives") =
        testing::integer(value);
  auto exporter = testing::exporter(config);
  const auto delivery = exporter.deliver(events.batch.events);
  ASSERT_EQ(delivery.kind, Kind::kDelivered) << delivery.reason;
  EXPECT_THAT(delivery.rejected, IsEmpty());
  EXPECT_EQ(count(config.prefix, R"({"term":{"fields.alternatives":9223372036854775807}})"), 1u);
  EXPECT_EQ(count(config.prefix, R"({"range":{"fields.power_watts":{"gt":1e308}}})"), 1u);
}

// The index of the day was made when the catalogue said something else.
TEST(ElasticsearchMapping, ANumberThatDoesNotFitAnOlderMappingIsKeptAndIgnored) {
  const auto config = testing::test_config();
  auto type = *testing::catalogue()->find("scheduling_decision");
  type.fields[*type.slot("power_watts")].type = core::FieldType::kInteger;
  const auto older =
      std::make_shared<const core::Catalogue>(std::vector{type}, testing::catalogue()->common());
  Events events;
  auto& before = events.add("scheduling_decision", "older");
  before.type = older->find("scheduling_decision");
  field(before, "power_watts") = testing::integer(1);
  ASSERT_EQ(Exporter(config, older, "node", "hub").deliver(events.batch.events).kind,
            Kind::kDelivered);
  events.batch.events.clear();
  field(events.add("scheduling_decision", "a"), "power_watts") = testing::real(1.5);
  auto exporter = testing::exporter(config);
  const auto delivery = exporter.deliver(events.batch.events);
  ASSERT_EQ(delivery.kind, Kind::kDelivered) << delivery.reason;
  EXPECT_THAT(delivery.rejected, IsEmpty());
  EXPECT_EQ(count(config.prefix, R"({"term":{"_ignored":"fields.power_watts"}})"), 1u);
}

TEST(ElasticsearchMapping, WhatAForeignMappingRefusesIsRejectedAlone) {
  const auto config = testing::test_config();
  server().put("/" + config.prefix + "-alert-2025.01.15",
               R"({"mappings":{"properties":{"fields":{"properties":)"
               R"({"message":{"type":"integer"}}}}}})");
  Events events;
  for (int i = 0; i < 100; ++i) {
    auto& event = events.add("alert", std::to_string(i));
    if (i == 37) field(event, "message") = testing::text("no number");
  }
  auto exporter = testing::exporter(config);
  const auto delivery = exporter.deliver(events.batch.events);
  ASSERT_EQ(delivery.kind, Kind::kDelivered) << delivery.reason;
  ASSERT_EQ(delivery.rejected.size(), 1u);
  EXPECT_EQ(delivery.rejected[0].index, 37u);
  EXPECT_THAT(delivery.rejected[0].reason, HasSubstr("failed to parse field [fields.message]"));
  EXPECT_EQ(count(config.prefix), 99u);
}

}  // namespace
}  // namespace kcloud::elasticsearch
