#include "agent/report/row.h"

#include <gtest/gtest.h>

#include <vector>

#include "agent/report/audit_event.h"
#include "config/config.h"
#include "core/decode.h"
#include "core/json.h"
#include "tests/report/fixture.h"

namespace kcloud::report {
namespace {

struct Rows : testing::Test {
  Row row(std::string_view body) {
    core::TransportHints hints;
    hints.received = at("2025-01-15T10:30:01Z");
    hints.from_agent = true;
    std::vector<core::FieldError> errors;
    std::vector<std::string_view> warnings;
    EXPECT_TRUE(decoder.decode(body, hints, batch, errors, warnings));
    return row_of(batch.events.back(), batch);
  }

  std::shared_ptr<const core::Catalogue> catalogue = config::default_config({}).catalogue;
  core::Decoder decoder{*catalogue, {}};
  core::EventBatch batch;
};

TEST_F(Rows, APolicyChange) {
  const auto one = row(
      R"json({"event_type":"policy_change","timestamp":"2025-01-15T10:30:00Z","action":"updated",)json"
      R"json("policy":"전력 절감","actor":"sre@example.org","reason":"여름","before":{"cap":900},)json"
      R"json("after":[1]})json");
  EXPECT_EQ(one.type, "policy_change");
  EXPECT_EQ(one.action, "updated");
  EXPECT_EQ(one.target, "전력 절감");
  EXPECT_EQ(one.actor, "sre@example.org");
  EXPECT_EQ(one.reason, "여름");
  EXPECT_EQ(one.before.text, R"json({"cap":900})json");
  EXPECT_TRUE(one.before.json);
  EXPECT_EQ(one.after.text, "[1]");
  EXPECT_EQ(one.outcome, "");
}

TEST_F(Rows, ARelocation) {
  const auto one = row(
      R"json({"event_type":"workload_relocation","timestamp":"2025-01-15T10:30:00Z","workload":"w-1",)json"
      R"json("migration":{"from_cluster":"a","to_cluster":"b","trigger":"power"},"success":false})json");
  EXPECT_EQ(one.before.text, "a");
  EXPECT_FALSE(one.before.json);
  EXPECT_EQ(one.after.text, "b");
  EXPECT_EQ(one.cluster, "b");
  EXPECT_EQ(one.action, "power");
  EXPECT_EQ(one.outcome, "failure");
  EXPECT_EQ(one.workload, "w-1");
}

TEST_F(Rows, AnUnknownType) {
  const auto one = row(
      R"json({"event_type":"door_opened","timestamp":"2025-01-15T10:30:00Z","action":"open",)json"
      R"json("outcome":"denied","target":"rack 3","before":"closed","after":{"open":true}})json");
  EXPECT_EQ(one.action, "open");
  EXPECT_EQ(one.outcome, "denied");
  EXPECT_EQ(one.target, "rack 3");
  EXPECT_EQ(one.before.text, "closed");
  EXPECT_EQ(one.after.text, R"json({"open":true})json");
}

TEST_F(Rows, ItsOwnEvent) {
  auto request = head_of(Format::kCsv).request;
  request.actor = "김\"철수";
  append_audit_event(request, "auditor", "agent-1", at("2025-01-16T00:00:00Z"), decoder, batch);
  const auto& event = batch.events.back();
  EXPECT_EQ(event.type_name, "agent_audit");
  EXPECT_EQ(event.actor, "auditor");
  EXPECT_EQ(event.collector, "audit");
  const auto one = row_of(event, batch);
  EXPECT_EQ(one.action, "report_exported");
  EXPECT_EQ(one.target, "/reports/audit");
  EXPECT_EQ(core::json_text_at(one.after.text, "actor"), "김\"철수");
  EXPECT_EQ(core::json_text_at(one.after.text, "format"), "csv");
}

}  // namespace
}  // namespace kcloud::report
