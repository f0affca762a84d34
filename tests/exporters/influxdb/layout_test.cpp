#include "exporters/influxdb/layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/exporters/influxdb/fixtures.h"

namespace kcloud::influxdb {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

std::vector<std::string> tag_keys(const Layout& layout) {
  std::vector<std::string> keys;
  for (const auto& tag : layout.tags) keys.push_back(tag.key);
  return keys;
}

std::vector<std::string> field_keys(const Layout& layout) {
  std::vector<std::string> keys;
  for (const auto& field : layout.fields) keys.push_back(field.key);
  return keys;
}

TEST(Layout, TagsAreSortedAndCatalogueNamesComeFirst) {
  const auto catalogue = testing::make_catalogue();
  TagLimiter limiter(10);
  const auto layout = make_layout(catalogue.find("decision"),
                                  {{"agent_cluster", "seoul"}, {"outcome", "never"}}, limiter);
  EXPECT_EQ(layout.measurement, "decision");
  EXPECT_THAT(tag_keys(layout), ElementsAre(",agent=", ",agent_cluster=", ",cluster=",
                                            ",collector=", ",outcome=", ",scheduler="));
  EXPECT_THAT(field_keys(layout),
              ElementsAre("id=", "execution_time_ms=", "power_watts=", "workload=", "reason=",
                          "source=", "severity=", "actor="));
}

TEST(Layout, SeverityIsATagWhereTheCatalogueSaysSo) {
  const auto catalogue = testing::make_catalogue();
  TagLimiter limiter(10);
  const auto layout = make_layout(catalogue.find("inefficiency"), {}, limiter);
  EXPECT_THAT(tag_keys(layout), Contains(",severity="));
  EXPECT_THAT(field_keys(layout), Not(Contains("severity=")));
}

TEST(Layout, NamesInfluxDbKeepsForItselfAreChanged) {
  const auto catalogue = testing::make_catalogue();
  TagLimiter limiter(10);
  const auto layout = make_layout(catalogue.find("inefficiency"), {{"_field", "x"}}, limiter);
  EXPECT_THAT(field_keys(layout), Contains("time_="));
  EXPECT_THAT(tag_keys(layout), Contains(",_field_="));
}

TEST(Layout, UnknownTypesHaveTheCommonPartsOnly) {
  TagLimiter limiter(10);
  const auto layout = make_layout(nullptr, {{"zone", "a b"}}, limiter);
  EXPECT_TRUE(layout.measurement.empty());
  EXPECT_THAT(tag_keys(layout), ElementsAre(",agent=", ",cluster=", ",collector=", ",zone="));
  EXPECT_EQ(layout.tags.back().origin.fixed, "a\\ b");
  EXPECT_THAT(field_keys(layout),
              ElementsAre("id=", "source=", "workload=", "severity=", "actor=", "reason="));
}

TEST(Layout, EmptyConfiguredTagsAreLeftOut) {
  TagLimiter limiter(10);
  EXPECT_THAT(tag_keys(make_layout(nullptr, {{"", "x"}, {"empty", ""}}, limiter)),
              ElementsAre(",agent=", ",cluster=", ",collector="));
}

}  // namespace
}  // namespace kcloud::influxdb
