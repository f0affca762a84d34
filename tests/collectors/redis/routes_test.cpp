#include "collectors/redis/routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/redis/config.h"
#include "config/config.h"

namespace kcloud::redis {
namespace {

using ::testing::HasSubstr;

std::shared_ptr<const core::Catalogue> catalogue() {
  config::Problems problems;
  return config::load_catalogue({}, config::Environment::system(), problems);
}

TEST(ChannelTypes, DefaultsCoverTheChannelsOfTheModules) {
  const auto types = resolve_types(Config{}.channel_types, *catalogue());
  const struct {
    const char* channel;
    const char* type;
  } cases[] = {{"scheduling_events", "scheduling_decision"},
               {"relocation_events", "workload_relocation"},
               {"cluster_events", "cluster_reconfiguration"},
               {"inefficiency_events", "inefficiency_detected"},
               {"policy_events", "policy_change"},
               {"kcloud:events:metrics:updated", "metrics_updated"},
               {"kcloud:events:alerts:new", "alert"},
               {"kcloud:events:cluster:gpu-01:metrics", "metrics_updated"},
               {"kcloud:events:other", ""},
               {"unknown", ""}};
  for (const auto& [channel, type] : cases) EXPECT_EQ(channel_type(types, channel), type);
}

TEST(ChannelTypes, TheNameComesBeforePatternsAndTheLongerPatternFirst) {
  const std::map<std::string, std::string> types{
      {"a*", "one"}, {"a:b*", "two"}, {"*", "all"}, {"a:b:c", "three"}, {"a:x", ""}};
  EXPECT_EQ(channel_type(types, "a:b:c"), "three");
  EXPECT_EQ(channel_type(types, "a:b:d"), "two");
  EXPECT_EQ(channel_type(types, "a:c"), "one");
  EXPECT_EQ(channel_type(types, "b"), "all");
  EXPECT_EQ(channel_type(types, "a:x"), "");
}

TEST(ChannelTypes, AliasesBecomeNames) {
  EXPECT_EQ(resolve_types({{"c", "scheduling"}}, *catalogue()).at("c"), "scheduling_decision");
}

TEST(Routes, OneDeliveryOfAMessageCounts) {
  Routes routes({"exact", "kcloud:events:alerts:new"}, {"kcloud:events:*", "kcloud:*", "e*"}, {});
  const struct {
    const char* channel;
    const char* counts;  // the pattern; "": the exact subscription
  } cases[] = {{"exact", ""},
               {"kcloud:events:alerts:new", ""},
               {"kcloud:events:metrics:updated", "kcloud:events:*"},
               {"kcloud:other", "kcloud:*"},
               {"e", "e*"}};
  for (const auto& [channel, counts] : cases) {
    int counted = 0;
    for (const char* pattern : {"", "kcloud:events:*", "kcloud:*", "e*"}) {
      const bool yes = routes.counts(routes.of(channel), pattern);
      EXPECT_EQ(yes, std::string_view(pattern) == counts) << channel << " by " << pattern;
      counted += yes ? 1 : 0;
    }
    EXPECT_EQ(counted, 1) << channel;
  }
  EXPECT_TRUE(routes.counts(routes.of("nobody:knows"), "odd")) << "rather twice than never";
}

TEST(Routes, ForgetsRatherThanGrows) {
  Routes routes({}, {"c*"}, {{"c*", "t"}});
  for (int i = 0; i < 50'000; ++i) {
    ASSERT_EQ(routes.of("c" + std::to_string(i)).type, "t");
  }
}

}  // namespace
}  // namespace kcloud::redis
