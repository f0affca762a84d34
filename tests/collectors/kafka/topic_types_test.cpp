#include "collectors/kafka/topic_types.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/config.h"

namespace kcloud::kafka {
namespace {

using ::testing::HasSubstr;

std::shared_ptr<const core::Catalogue> catalogue() { return config::default_config({}).catalogue; }

TEST(KafkaTopicTypes, NamesGoBeforePatterns) {
  const auto known = catalogue();
  const TopicTypes types(
      {{"sched", "scheduling"}, {"^sched", "policy"}, {"^sched.*-moves$", "relocation"}}, *known);
  EXPECT_EQ(types.find("sched"), known->find_endpoint("scheduling")->name);
  EXPECT_EQ(types.find("sched-seoul"), known->find_endpoint("policy")->name);
  EXPECT_EQ(types.find("other"), "");
}

TEST(KafkaTopicTypes, RefusesWhatTheCatalogueHasNot) {
  const auto known = catalogue();
  const auto refusal = [&](const std::string& type) -> std::string {
    try {
      TopicTypes({{"t", type}}, *known);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(refusal("no_such"), HasSubstr("'no_such' of topic 't' is no event type"));
  for (const auto& type : known->types())
    EXPECT_EQ(refusal(type.name).empty(), !type.reserved) << type.name;
}

}  // namespace
}  // namespace kcloud::kafka
