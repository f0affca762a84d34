#include "rules/notify/grouping.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace kcloud::rules::notify {

using std::chrono::seconds;

namespace {

core::Time at(int second) { return core::from_nanos(0) + seconds(1'000'000 + second); }

Grouping::Item firing(std::uint64_t id, int second, std::string fingerprint,
                      std::string group = "g") {
  return {id, std::move(group), std::move(fingerprint), at(0), false, at(second)};
}
Grouping::Item resolved(std::uint64_t id, int second, std::string fingerprint,
                        std::string group = "g") {
  Grouping::Item item = firing(id, second, std::move(fingerprint), std::move(group));
  item.resolved = true;
  return item;
}

bool none(std::string_view) { return false; }

// `g:1,2-3` for items 1 and 2, absorbed 3; `!` in front of what is not told.
std::string text(const std::vector<Grouping::Batch>& batches) {
  std::string out;
  for (const auto& batch : batches) {
    out += fmt::format("{}{}{}:{}", out.empty() ? "" : " ", batch.silenced ? "!" : "", batch.group,
                       fmt::join(batch.items, ","));
    if (!batch.absorbed.empty()) out += fmt::format("-{}", fmt::join(batch.absorbed, ","));
  }
  return out;
}

}  // namespace

TEST(GroupKey, IsOfTheNamedLabels) {
  const Labels labels{{"alertname", "A"}, {"cluster", "gpu \"1\""}, {"team", "팀"}};
  const struct {
    std::vector<std::string> by;
    const char* want;
  } cases[] = {{{}, "{}"},
               {{"alertname"}, R"({alertname="A"})"},
               {{"team", "alertname"}, R"({team="팀", alertname="A"})"},
               {{"cluster"}, R"({cluster="gpu \"1\""})"},
               {{"absent"}, R"({absent=""})"},
               {{"..."}, R"({alertname="A", cluster="gpu \"1\"", team="팀"})"}};
  for (const auto& test : cases) EXPECT_EQ(group_key(labels, test.by), test.want);
}

TEST(Grouping, WaitsForMoreOfTheGroup) {
  Grouping grouping({seconds(10), seconds(60)});
  EXPECT_EQ(grouping.next(), std::nullopt);
  grouping.add(firing(1, 0, "a"));
  grouping.add(firing(2, 4, "b"));
  EXPECT_EQ(grouping.next(), at(10));
  EXPECT_EQ(text(grouping.due(at(9), none)), "");
  EXPECT_EQ(grouping.waiting(), 2u);
  EXPECT_EQ(text(grouping.due(at(10), none)), "g:1,2");
  EXPECT_EQ(grouping.next(), std::nullopt);
  EXPECT_EQ(text(grouping.due(at(500), none)), "") << "told once";
}

TEST(Grouping, TheNextMessageComesAnIntervalLater) {
  Grouping grouping({seconds(10), seconds(60)});
  grouping.add(firing(1, 0, "a"));
  EXPECT_EQ(text(grouping.due(at(10), none)), "g:1");
  grouping.add(firing(2, 12, "b"));
  grouping.add(resolved(3, 40, "a"));
  EXPECT_EQ(grouping.next(), at(70));
  EXPECT_EQ(text(grouping.due(at(69), none)), "");
  EXPECT_EQ(text(grouping.due(at(70), none)), "g:2,3");
  grouping.add(firing(4, 200, "c"));
  EXPECT_EQ(grouping.next(), at(210)) << "a quiet group waits for `wait` alone";
}

TEST(Grouping, GroupsDoNotWaitForEachOther) {
  Grouping grouping({seconds(10), seconds(60)});
  grouping.add(firing(1, 0, "a", "x"));
  grouping.add(firing(2, 5, "b", "y"));
  EXPECT_EQ(text(grouping.due(at(10), none)), "x:1");
  EXPECT_EQ(grouping.next(), at(15));
  EXPECT_EQ(text(grouping.due(at(15), none)), "y:2");
}

TEST(Grouping, WithoutAWaitEachIsToldAtOnce) {
  Grouping grouping({seconds(0), seconds(0)});
  grouping.add(firing(1, 0, "a"));
  EXPECT_EQ(text(grouping.due(at(0), none)), "g:1");
  grouping.add(resolved(2, 0, "a"));
  EXPECT_EQ(text(grouping.due(at(0), none)), "g:2");
}

TEST(Grouping, WhatResolvesWhileItWaitsIsToldOnce) {
  Grouping grouping({seconds(10), seconds(60)});
  grouping.add(firing(1, 0, "a"));
  grouping.add(firing(2, 1, "b"));
  grouping.add(resolved(3, 8, "a"));
  EXPECT_EQ(grouping.next(), at(10)) << "it does not wait anew";
  EXPECT_EQ(text(grouping.due(at(10), none)), "g:2,3-1");
}

TEST(Grouping, AnotherRunOfTheSameAlertIsAnotherOne) {
  Grouping grouping({seconds(10), seconds(60)});
  grouping.add(firing(1, 0, "a"));
  Grouping::Item end = resolved(2, 3, "a");
  end.starts_at = at(-500);
  grouping.add(end);
  EXPECT_EQ(text(grouping.due(at(10), none)), "g:1,2");
}

TEST(Grouping, MoreThanABatchHoldsAreSeveral) {
  Grouping grouping({seconds(10), seconds(60), 2});
  for (std::uint64_t id = 1; id <= 5; ++id) grouping.add(firing(id, 0, fmt::format("{}", id)));
  EXPECT_EQ(text(grouping.due(at(10), none)), "g:1,2 g:3,4 g:5");
}

TEST(Grouping, ASilencedAlertIsToldWhenTheSilenceEnds) {
  Grouping grouping({seconds(10), seconds(60)});
  grouping.add(firing(1, 0, "a"));
  grouping.add(firing(2, 0, "b"));
  const auto silenced = [](std::string_view fingerprint) { return fingerprint == "a"; };
  EXPECT_EQ(text(grouping.due(at(10), silenced)), "g:2");
  EXPECT_EQ(grouping.held(), 1u);
  EXPECT_EQ(grouping.next(), at(70));
  EXPECT_EQ(text(grouping.due(at(70), silenced)), "");
  EXPECT_EQ(grouping.next(), at(80)) << "asked again, not all the time";
  EXPECT_EQ(text(grouping.due(at(80), none)), "g:1");
  EXPECT_EQ(grouping.held(), 0u);
}

TEST(Grouping, WhatResolvesUnderASilenceIsNotTold) {
  Grouping grouping({seconds(0), seconds(60)});
  grouping.add(firing(1, 0, "a"));
  EXPECT_EQ(text(grouping.due(at(0), [](std::string_view) { return true; })), "");
  grouping.add(resolved(2, 5, "a"));
  EXPECT_EQ(text(grouping.due(at(5), none)), "!g:2-1");
  EXPECT_EQ(grouping.next(), std::nullopt);
}

TEST(Grouping, WhatWasSilencedWhenItCameIsNotToldWhenItResolvesBeforeItsTurn) {
  Grouping grouping({seconds(10), seconds(60)});
  auto item = firing(1, 0, "a");
  item.silenced = true;
  grouping.add(item);
  EXPECT_EQ(grouping.held(), 1u);
  grouping.add(resolved(2, 5, "a"));
  EXPECT_EQ(text(grouping.due(at(10), none)), "!g:2-1");
}

TEST(Grouping, ASilenceThatEndedBeforeItsTurnHoldsNothing) {
  Grouping grouping({seconds(10), seconds(60)});
  auto item = firing(1, 0, "a");
  item.silenced = true;
  grouping.add(item);
  EXPECT_EQ(text(grouping.due(at(10), none)), "g:1");
}

// A resolved alert is no longer known to whom silences are asked: it was told before, so it is now.
TEST(Grouping, TheEndOfWhatWasToldIsTold) {
  Grouping grouping({seconds(0), seconds(0)});
  grouping.add(firing(1, 0, "a"));
  EXPECT_EQ(text(grouping.due(at(0), none)), "g:1");
  grouping.add(resolved(2, 5, "a"));
  EXPECT_EQ(text(grouping.due(at(5), [](std::string_view) { return true; })), "g:2");
}

TEST(Grouping, ARestartKeepsTheInterval) {
  Grouping grouping({seconds(10), seconds(60)});
  grouping.told("g", at(0));
  grouping.told("g", at(-30));
  grouping.add(firing(1, 5, "a"));
  EXPECT_EQ(grouping.next(), at(60));
  EXPECT_EQ(text(grouping.due(at(60), none)), "g:1");
}

}  // namespace kcloud::rules::notify
