#include "exporters/elasticsearch/document.h"

#include <gtest/gtest.h>

#include <limits>

#include "core/json.h"
#include "tests/exporters/elasticsearch/fixtures.h"

namespace kcloud::elasticsearch {
namespace {

using testing::Events;
using testing::field;

std::string encoded(const core::Event& event) {
  std::string out;
  DocumentEncoder("kcloud", "hub").append(event, out);
  return out;
}

std::string document(const core::Event& event) {
  const auto lines = encoded(event);
  return lines.substr(lines.find('\n') + 1);
}

TEST(ElasticsearchDocument, IsAnActionAndADocument) {
  Events events;
  auto& event = events.add("scheduling_decision", "a");
  event.received = core::from_nanos(1'736'937'001'000'000'000);
  event.severity = "info";
  event.actor = "sre";
  event.reason = "최적";
  field(event, "power_watts") = testing::real(1200.5);
  field(event, "alternatives") = testing::integer(2);
  field(event, "scheduler") = testing::text("meta");
  const std::string id = core::to_string(event.id);
  EXPECT_EQ(encoded(event),
            R"({"create":{"_index":"kcloud-scheduling_decision-2025.01.15","_id":")" + id +
                "\"}}\n{\"id\":\"" + id +
                R"(","@timestamp":"2025-01-15T10:30:00.123456789Z",)"
                R"("received":"2025-01-15T10:30:01Z","type":"scheduling_decision",)"
                R"("source":"scheduler-a","workload":"w1","cluster":"seoul","severity":"info",)"
                R"("actor":"sre","reason":"최적","agent":"agent-1","collector":"webhook",)"
                R"("agent_cluster":"hub","fields":{"scheduler":"meta","power_watts":1200.5,)"
                R"("alternatives":2},"body":"{\"key\":\"a\"}"})"
                "\n");
}

TEST(ElasticsearchDocument, TheIndexIsOfTheIdsDate) {
  Events events;
  auto& event = events.add("alert", "a", 1'736'985'599'999'000'000);  // 23:59:59.999
  event.time = core::from_nanos(1'736'985'600'000'000'000);           // the next day
  EXPECT_NE(encoded(event).find("kcloud-alert-2025.01.15\""), std::string::npos);
  EXPECT_EQ(index_date(core::make_event_id(core::from_nanos(0), {})), "1970.01.01");
  EXPECT_EQ(index_date(core::make_event_id(
                core::from_nanos(std::numeric_limits<std::int64_t>::max()), {})),
            "2262.04.11");
}

// An imported id may say anything.
TEST(ElasticsearchDocument, EveryIdHasADate) {
  EXPECT_EQ(index_date(core::event_id_from_bytes(std::string(16, '\xff'))), "10889.08.02");
}

TEST(ElasticsearchDocument, UnknownTypesShareAnIndex) {
  Events events;
  for (const char* type : {"../../etc", "UPPER", "a*", "alert-x"}) {
    const auto lines = encoded(events.add(type, type));
    EXPECT_NE(lines.find("\"kcloud-_other-2025.01.15\""), std::string::npos) << type;
    EXPECT_EQ(core::json_text_at(document(events.batch.events.back()), "type"), type);
  }
}

TEST(ElasticsearchDocument, ValuesThatDoNotFitTheCatalogueAreLeftOut) {
  Events events;
  auto& event = events.add("scheduling_decision", "a");
  field(event, "alternatives") = testing::real(1.5);
  field(event, "scheduler") = testing::integer(7);
  field(event, "power_watts") = testing::integer(std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(core::json_text_at(document(event), "fields"),
            R"({"power_watts":-9223372036854775808})");
}

TEST(ElasticsearchDocument, TheBodyArrivesByteExact) {
  const std::string_view bodies[] = {
      R"({"a":"\u0000"})",
      R"({"a":"\ud800","b":"\"\\\/"})",
      R"({"a":1e400,"b":123456789012345678901234567890,"c":-0.0,"d":1.10})",
      R"({"at":"+300000-01-01T00:00:00Z","a":1,"a":2})",
      "{\"a\":\"\x7f\xe2\x80\xa8\xf0\x9f\x98\x80 최적\"}",
      "{}",
  };
  Events events;
  for (const auto body : bodies) {
    auto& event = events.add("alert", std::string(body));
    event.body = body;
    const auto line = document(event);
    EXPECT_EQ(core::json_text_at(line, "body"), body);
    EXPECT_EQ(line.find('\n'), line.size() - 1) << "one line a document";
  }
}

TEST(ElasticsearchDocument, DeepBodiesAreTextAsWell) {
  Events events;
  auto& event = events.add("alert", "deep");
  const std::string body = "{\"a\":" + std::string(2000, '[') + std::string(2000, ']') + "}";
  event.body = body;
  EXPECT_EQ(core::json_text_at(document(event), "body"), body);
}

}  // namespace
}  // namespace kcloud::elasticsearch
