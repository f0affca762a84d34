#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include "core/decode.h"

namespace kcloud::core {
namespace {

using simdjson::dom::element;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Field field(std::string name, std::vector<std::string> paths) {
  Field made;
  made.name = std::move(name);
  made.paths = std::move(paths);
  return made;
}

EventType decision() {
  auto cluster = field("cluster", {"decision.selected_cluster", "selected_cluster"});
  cluster.role = FieldRole::kTag;
  cluster.required = true;
  cluster.description = "Where it went.";
  cluster.example = "gpu-1";
  auto outcome = field("outcome", {"outcome", "success"});
  outcome.role = FieldRole::kTag;
  outcome.values = {"success", "failure"};
  outcome.map = {{"true", "success"}, {"false", "failure"}};
  outcome.default_value = "success";
  auto power = field("power_watts", {"decision.power"});
  power.role = FieldRole::kMeasure;
  power.type = FieldType::kReal;
  power.unit = Unit::kWatts;
  auto count = field("alternatives", {"decision.others[]"});
  count.role = FieldRole::kMeasure;
  count.type = FieldType::kInteger;
  count.reduce = Reduce::kCount;
  auto best = field("best", {"decision.others[].cost"});
  best.role = FieldRole::kMeasure;
  best.type = FieldType::kReal;
  best.reduce = Reduce::kMin;
  EventType type;
  type.name = "scheduling_decision";
  type.alias = "scheduling";
  type.description = "A workload was placed.";
  type.fields = {cluster, outcome, power, count, best};
  return type;
}

class Schema : public testing::Test {
 protected:
  Schema() {
    CommonPaths common;
    common.time = {"timestamp", "time"};
    common.type = {"event_type"};
    common.event_id = {"event_id"};
    std::vector<EventType> types{decision()};
    const Catalogue catalogue(types, common);
    const auto error = parser_.parse(json_schema(catalogue.types()[0])).get(root_);
    EXPECT_EQ(error, simdjson::SUCCESS);
  }

  element at(const std::string& pointer) {
    element found;
    EXPECT_EQ(root_.at_pointer(pointer).get(found), simdjson::SUCCESS) << pointer;
    return found;
  }
  std::string text(const std::string& pointer) {
    std::string_view found;
    EXPECT_EQ(at(pointer).get(found), simdjson::SUCCESS) << pointer;
    return std::string(found);
  }
  std::string minified(const std::string& pointer) { return simdjson::minify(at(pointer)); }

  simdjson::dom::parser parser_;
  element root_;
};

TEST_F(Schema, SaysWhatItIs) {
  EXPECT_EQ(text("/$schema"), "https://json-schema.org/draft/2020-12/schema");
  EXPECT_EQ(text("/$id"), "urn:kcloud:event:scheduling_decision");
  EXPECT_EQ(text("/title"), "scheduling_decision");
  EXPECT_THAT(text("/description"), HasSubstr("A workload was placed. Every snake_case"));
  EXPECT_EQ(text("/type"), "object");
  EXPECT_EQ(minified("/additionalProperties"), "true");
}

TEST_F(Schema, NestsTheFirstPathAndDescribesTheOthers) {
  const std::string nested = "/properties/decision/properties/selected_cluster";
  EXPECT_EQ(minified(nested + "/type"), R"(["string"])");
  EXPECT_EQ(text(nested + "/description"), "Where it went. Also read from: selected_cluster.");
  EXPECT_EQ(text("/properties/selected_cluster/description"),
            "Another place for decision.selected_cluster.");
}

TEST_F(Schema, MeasuresMayBeTextWithAUnit) {
  EXPECT_EQ(minified("/properties/decision/properties/power/type"), R"(["number","string"])");
  EXPECT_EQ(text("/properties/decision/properties/power/x-unit"), "watts");
}

TEST_F(Schema, EnumerationsHoldWhatTheMapReads) {
  EXPECT_EQ(minified("/properties/outcome/type"), R"(["string","boolean"])");
  EXPECT_EQ(minified("/properties/outcome/enum"),
            R"(["success","failure",true,"true",false,"false"])");
  EXPECT_EQ(text("/properties/outcome/default"), "success");
}

TEST_F(Schema, ArraysAreDescribedByTheirItems) {
  EXPECT_EQ(minified("/properties/decision/properties/others/type"), R"(["array"])");
  EXPECT_EQ(minified("/properties/decision/properties/others/items/properties/cost/type"),
            R"(["number","string"])");
}

TEST_F(Schema, RequiredFieldsMayStandAtAnyOfTheirPlaces) {
  EXPECT_EQ(minified("/allOf/0/anyOf/0/required"), R"(["decision"])");
  EXPECT_EQ(minified("/allOf/0/anyOf/0/properties/decision/anyOf/0/required"),
            R"(["selected_cluster"])");
  EXPECT_EQ(minified("/allOf/0/anyOf/0/properties/decision/anyOf/1/required"),
            R"(["selectedCluster"])");
  EXPECT_EQ(minified("/allOf/0/anyOf/1/anyOf/1/required"), R"(["selectedCluster"])");
}

TEST_F(Schema, TheExampleIsNestedAndHoldsNoIdThatOneCouldCopy) {
  EXPECT_EQ(minified("/examples/0"),
            R"({"timestamp":"2025-01-15T10:30:00Z","event_type":"scheduling_decision",)"
            R"("decision":{"selected_cluster":"gpu-1","power":1200,"others":[{"cost":2}]},)"
            R"("outcome":"success"})");
}

}  // namespace
}  // namespace kcloud::core
