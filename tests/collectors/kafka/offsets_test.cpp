#include "collectors/kafka/offsets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kcloud::kafka {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

TEST(KafkaOffsets, AreDueOnceSettledUntilConfirmed) {
  Offsets offsets;
  offsets.assign("t", 0);
  offsets.assign("t", 1);
  EXPECT_THAT(offsets.due(), IsEmpty());
  offsets.settle(*offsets.find("t", 1), 7);
  EXPECT_THAT(offsets.due(), ElementsAre(Place{"t", 1, 7}));
  offsets.confirm({"t", 1, 7});
  EXPECT_THAT(offsets.due(), IsEmpty());
  offsets.settle(*offsets.find("t", 1), 9);
  EXPECT_THAT(offsets.due(), ElementsAre(Place{"t", 1, 9}));
}

TEST(KafkaOffsets, AConfirmationOfLessLeavesTheRestDue) {
  Offsets offsets;
  offsets.assign("t", 0);
  offsets.settle(*offsets.find("t", 0), 5);
  offsets.settle(*offsets.find("t", 0), 8);
  offsets.confirm({"t", 0, 5});
  EXPECT_THAT(offsets.due(), ElementsAre(Place{"t", 0, 8}));
}

TEST(KafkaOffsets, WhatAnEarlierAssignmentSettlesCountsForNothing) {
  Offsets offsets;
  offsets.assign("t", 0);
  const Slot before = *offsets.find("t", 0);
  offsets.revoke("t", 0);
  offsets.settle(before, 100);
  EXPECT_EQ(offsets.find("t", 0), std::nullopt);
  offsets.assign("t", 0);
  EXPECT_NE(*offsets.find("t", 0), before);
  offsets.settle(before, 100);
  EXPECT_THAT(offsets.due(), IsEmpty());
  offsets.settle(*offsets.find("t", 0), 3);
  EXPECT_THAT(offsets.due(), ElementsAre(Place{"t", 0, 3}));
}

TEST(KafkaOffsets, OfSomePartitionsAlone) {
  Offsets offsets;
  for (const auto* topic : {"a", "b"}) {
    for (int partition : {0, 10}) {
      offsets.assign(topic, partition);
      offsets.settle(*offsets.find(topic, partition), partition + 1);
    }
  }
  EXPECT_THAT(offsets.due({{"a", 10, -1}, {"b", 0, -1}, {"c", 0, -1}}),
              UnorderedElementsAre(Place{"a", 10, 11}, Place{"b", 0, 1}));
  EXPECT_EQ(offsets.size(), 4u);
  offsets.clear();
  EXPECT_THAT(offsets.places(), IsEmpty());
}

TEST(KafkaOffsets, ATopicMadeAnewBeginsAgain) {
  Offsets offsets;
  offsets.assign("t", 0);
  offsets.settle(*offsets.find("t", 0), 100);
  offsets.confirm({"t", 0, 100});
  offsets.settle(*offsets.find("t", 0), 2);
  EXPECT_THAT(offsets.due(), ElementsAre(Place{"t", 0, 2}));
}

}  // namespace
}  // namespace kcloud::kafka
