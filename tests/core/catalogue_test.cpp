#include "core/catalogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>

namespace kcloud::core {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Field tag(std::string name) {
  Field field;
  field.name = name;
  field.role = FieldRole::kTag;
  field.paths = {name};
  return field;
}

Field measure(std::string name) {
  Field field = tag(std::move(name));
  field.role = FieldRole::kMeasure;
  field.type = FieldType::kReal;
  return field;
}

EventType type(std::string name, std::vector<Field> fields = {}) {
  EventType made;
  made.name = std::move(name);
  made.fields = std::move(fields);
  return made;
}

std::vector<EventType> one(EventType made) {
  std::vector<EventType> types;
  types.push_back(std::move(made));
  return types;
}

TEST(Catalogue, FindsTypesByNameAndEndpoint) {
  auto scheduling = type("scheduling_decision");
  scheduling.alias = "scheduling";
  std::vector<EventType> types{type("first"), scheduling};
  const Catalogue catalogue(types, {});
  ASSERT_NE(catalogue.find("scheduling_decision"), nullptr);
  EXPECT_EQ(catalogue.find("scheduling_decision")->index, 1u);
  EXPECT_EQ(catalogue.find("scheduling"), nullptr);
  EXPECT_EQ(catalogue.find_endpoint("scheduling"), catalogue.find("scheduling_decision"));
  EXPECT_EQ(catalogue.find_endpoint("scheduling_decision"), catalogue.find("scheduling_decision"));
  EXPECT_EQ(catalogue.find_endpoint("nothing"), nullptr);
}

TEST(Catalogue, SlotIsTheFieldsIndex) {
  const auto made = type("t", {tag("a"), measure("b")});
  EXPECT_EQ(made.slot("b"), std::optional<std::size_t>(1));
  EXPECT_EQ(made.slot("c"), std::nullopt);
}

TEST(Catalogue, ACommonFieldAndTheTypesFieldOfThatNameReadTheSamePaths) {
  auto cluster = tag("cluster");
  cluster.paths = {"decision.selected_cluster"};
  auto made = type("t", {cluster});
  made.common.cluster = {"chosen"};
  made.common.source = {"scheduler"};
  CommonPaths common;
  common.cluster = {"cluster", "chosen"};
  common.source = {"source"};
  const Catalogue catalogue(one(made), common);
  const auto& merged = catalogue.types()[0];
  EXPECT_THAT(merged.common.cluster, ElementsAre("chosen", "decision.selected_cluster", "cluster"));
  EXPECT_EQ(merged.fields[0].paths, merged.common.cluster);
  EXPECT_THAT(merged.common.source, ElementsAre("scheduler", "source"));
}

struct Refusal {
  std::string want;
  std::function<void(EventType&)> change;
};

TEST(Catalogue, RefusesAndNamesTheTypeAndField) {
  const Refusal refusals[] = {
      {"type name", [](auto& t) { t.name = "Upper"; }},
      {"reserved name", [](auto& t) { t.name = "workload"; }},
      {"reserved name", [](auto& t) { t.alias = "id"; }},
      {"reserved name", [](auto& t) { t.name = "alert_transition"; }},
      {"reserved name", [](auto& t) { t.name = "audit_seal"; }},
      {"no lower-case name", [](auto& t) { t.alias = "a b"; }},
      {"declared twice", [](auto& t) { t.fields.push_back(t.fields[0]); }},
      {"field 'f': malformed path 'a..b'", [](auto& t) { t.fields[0].paths = {"a..b"}; }},
      {"malformed path ''", [](auto& t) { t.fields[0].paths = {""}; }},
      {"malformed path 'a[]b'", [](auto& t) { t.fields[0].paths = {"a[]b"}; }},
      {"no path", [](auto& t) { t.fields[0].paths.clear(); }},
      {"a tag must have the type text", [](auto& t) { t.fields[0].type = FieldType::kReal; }},
      {"a measure must have", [](auto& t) { t.fields[1].type = FieldType::kText; }},
      {"crosses an array", [](auto& t) { t.fields[1].paths = {"a[].b"}; }},
      {"crosses two arrays",
       [](auto& t) {
         t.fields[1].paths = {"a[].b[]"};
         t.fields[1].reduce = Reduce::kMin;
       }},
      {"`reduce` without", [](auto& t) { t.fields[1].reduce = Reduce::kCount; }},
      {"default 'x' is none",
       [](auto& t) {
         t.fields[0].values = {"a"};
         t.fields[0].default_value = "x";
       }},
      {"maps to 'x'",
       [](auto& t) {
         t.fields[0].values = {"a"};
         t.fields[0].map = {{"1", "x"}};
       }},
      {"only a measure can have a sketch", [](auto& t) { t.fields[0].sketch = true; }},
      {"one for each path",
       [](auto& t) {
         t.fields[1].scales = {1, 2};
       }},
      {"65 fields, at most 64",
       [](auto& t) {
         t.fields.clear();
         for (int i = 0; i < 65; ++i) t.fields.push_back(tag("f" + std::to_string(i)));
       }},
  };
  for (const auto& refusal : refusals) {
    auto made = type("some_type", {tag("f"), measure("m")});
    refusal.change(made);
    try {
      Catalogue catalogue(one(made), {});
      ADD_FAILURE() << "accepted: " << refusal.want;
    } catch (const std::invalid_argument& error) {
      EXPECT_THAT(error.what(), HasSubstr(refusal.want));
      EXPECT_THAT(error.what(), HasSubstr("event type '" + made.name + "'"));
    }
  }
}

TEST(Catalogue, RefusesNamesThatMeanTwoTypes) {
  auto a = type("a");
  auto b = type("b");
  EXPECT_THROW(Catalogue({a, a}, {}), std::invalid_argument);
  b.alias = "a";
  EXPECT_THROW(Catalogue({a, b}, {}), std::invalid_argument);
  a.alias = b.alias = "c";
  EXPECT_THROW(Catalogue({a, b}, {}), std::invalid_argument);
}

TEST(Catalogue, EnumerationsReadBackWhatTheyWrite) {
  for (int i = 0; i <= static_cast<int>(Unit::kScore); ++i)
    EXPECT_EQ(parse_unit(to_string(static_cast<Unit>(i))), static_cast<Unit>(i));
  for (int i = 0; i <= static_cast<int>(FieldType::kJson); ++i)
    EXPECT_EQ(parse_field_type(to_string(static_cast<FieldType>(i))), static_cast<FieldType>(i));
  for (int i = 0; i <= static_cast<int>(FieldRole::kText); ++i)
    EXPECT_EQ(parse_field_role(to_string(static_cast<FieldRole>(i))), static_cast<FieldRole>(i));
  for (int i = 0; i <= static_cast<int>(Reduce::kMin); ++i)
    EXPECT_EQ(parse_reduce(to_string(static_cast<Reduce>(i))), static_cast<Reduce>(i));
  EXPECT_EQ(parse_unit("furlongs"), std::nullopt);
  EXPECT_EQ(to_string(Unit::kCurrencyPerHour), "currency_per_hour");
}

}  // namespace
}  // namespace kcloud::core
