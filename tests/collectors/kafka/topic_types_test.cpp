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

}  // namespace
}  // namespace kcloud::kafka
