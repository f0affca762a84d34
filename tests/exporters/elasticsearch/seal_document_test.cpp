#include "exporters/elasticsearch/seal_document.h"

#include <gtest/gtest.h>

#include "core/json.h"
#include "exporters/elasticsearch/index_template.h"
#include "tests/exporters/elasticsearch/fixtures.h"

namespace kcloud::elasticsearch {
namespace {

std::string encoded(const core::Seal& seal, std::string_view agent = "node \"1\"") {
  std::string out;
  SealEncoder("kcloud", agent, "hub").append(seal, out);
  return out;
}

TEST(ElasticsearchSeal, IsAnActionAndADocument) {
  const std::string zero(60, '0');
  EXPECT_EQ(encoded(testing::seal(42)),
            R"({"create":{"_index":"kcloud-audit_seal-2025.01.15",)"
            R"("_id":"00010203-0405-0607-0809-0a0b0c0d0e0f-42"}})"
            "\n"
            R"({"@timestamp":"2025-01-15T10:30:00.123456789Z",)"
            R"("chain":"00010203-0405-0607-0809-0a0b0c0d0e0f","seq":42,"events":10,)"
            R"("total_events":420,"journal_end":421,"root":"aa00)" +
                zero + R"(","prev":"bb00)" + zero + R"(","hash":"cc2a)" + zero +
                R"(","agent":"node \"1\"","agent_cluster":"hub"})"
                "\n");
}

TEST(ElasticsearchSeal, TheIndexIsOfTheDayItWasSealed) {
  auto seal = testing::seal(1);
  seal.day = 0;
  EXPECT_NE(encoded(seal).find("\"kcloud-audit_seal-1970.01.01\""), std::string::npos);
}

TEST(ElasticsearchSeal, ANameThatIsNotKnownIsAbsent) {
  EXPECT_EQ(encoded(testing::seal(1), "").find("\"agent\""), std::string::npos);
}

TEST(ElasticsearchSeal, EveryMemberIsMapped) {
  const auto made = make_seal_template({});
  EXPECT_EQ(made.name, "kcloud-audit_seal");
  EXPECT_EQ(core::json_text_at(made.body, "index_patterns.0"), "kcloud-audit_seal-*");
  const auto type_of = [&](std::string_view name) {
    return core::json_text_at(made.body, {"template", "mappings", "properties", name, "type"});
  };
  EXPECT_EQ(type_of("@timestamp"), "date_nanos");
  for (const char* name : {"chain", "root", "prev", "hash", "agent", "agent_cluster"})
    EXPECT_EQ(type_of(name), "keyword") << name;
  for (const char* name : {"seq", "events", "total_events", "journal_end"})
    EXPECT_EQ(type_of(name), "long") << name;
}

// A search over all indices of the prefix may sort by what an event has.
TEST(ElasticsearchSeal, WhatAnEventHasIsMappedAsThere) {
  const auto seals = make_seal_template({}).body;
  const auto events = make_templates(*testing::catalogue(), {}).back().body;
  for (const char* name : {"@timestamp", "received", "id", "type", "workload", "reason", "body"}) {
    const auto of = [&](std::string_view body) {
      return core::json_text_at(body, {"template", "mappings", "properties", name});
    };
    EXPECT_EQ(of(seals), of(events)) << name;
    EXPECT_NE(of(seals), "") << name;
  }
}

TEST(ElasticsearchSeal, NoTemplateOfEventsHasItsName) {
  for (const auto& one : make_templates(*testing::catalogue(), {}))
    EXPECT_NE(one.name, make_seal_template({}).name);
}

}  // namespace
}  // namespace kcloud::elasticsearch
