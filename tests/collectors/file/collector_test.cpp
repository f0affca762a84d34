// Following files, and what is remembered of them.
#include "collectors/file/collector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "follower.h"

namespace kcloud::file {
namespace {

using test_support::eventually;
using testing::HasSubstr;

TEST(FileCollector, FollowsWhatIsAppendedWithoutDelay) {
  Follower follower("poll_interval: 1h");
  follower.write_events("a.log", 0, 1);
  follower.start();
  ASSERT_TRUE(follower.has_exactly(1));
  for (int i = 1; i < 10; ++i) {
    const auto before = std::chrono::steady_clock::now();
    follower.write_events(i % 2 == 0 ? "a.log" : "new.log", i, 1);
    ASSERT_TRUE(follower.has_exactly(i + 1));
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(1));
  }
  EXPECT_EQ(follower.sink.handed_over(), 10u);
}

TEST(FileCollector, PollsWhereInotifyDoesNotWork) {
  Follower follower("watch: poll\npoll_interval: 100ms");
  follower.start();
  follower.write_events("a.log", 0, 5);
  ASSERT_TRUE(follower.has_exactly(5));
  follower.write_events("a.log", 5, 5);
  follower.write_events("b.log", 10, 5);
  ASSERT_TRUE(follower.has_exactly(15));
}

TEST(FileCollector, GoesOnAfterRestartAndPause) {
  Follower follower;
  follower.write_events("a.log", 0, 1000);
  follower.start();
  ASSERT_TRUE(follower.has_exactly(1000));
  follower.stop();
  follower.write_events("a.log", 1000, 500);
  follower.resume();
  ASSERT_TRUE(follower.has_exactly(1500));
  follower.restart();
  follower.write_events("a.log", 1500, 500);
  ASSERT_TRUE(follower.has_exactly(2000));
  follower.stop();
  EXPECT_EQ(follower.sink.handed_over(), 2000u) << "something was read twice";
}

TEST(FileCollector, ALineWaitsForItsEnd) {
  Follower follower;
  follower.start();
  follower.write_events("a.log", 0, 1);
  follower.write("a.log", event(1).substr(0, 20));
  ASSERT_TRUE(follower.has_exactly(1));
  follower.restart();
  follower.write("a.log", event(1).substr(20));
  ASSERT_TRUE(eventually([&] { return follower.measure("lag_bytes") > 0; }));
  EXPECT_TRUE(follower.has_exactly(1));
  follower.write("a.log", "\n");
  EXPECT_TRUE(follower.has_exactly(2));
}

TEST(FileCollector, StartAtTheEndIsForTheFirstStartAlone) {
  Follower follower("start: end");
  follower.write_events("a.log", 100, 10);
  follower.write("a.log", "half a line");
  follower.start();
  ASSERT_TRUE(eventually([&] { return follower.report().connected; }));
  follower.write("a.log", " and its end\n");
  follower.write_events("a.log", 0, 5);
  follower.write_events("later.log", 5, 5);
  ASSERT_TRUE(follower.has_exactly(10));
  follower.stop();
  follower.write_events("meanwhile.log", 10, 5);
  follower.start();
  ASSERT_TRUE(follower.has_exactly(15));
}

TEST(FileCollector, ReadsNotOnWhileTheJournalIsBusy) {
  Follower follower;
  follower.sink.be_busy(true);
  follower.write_events("a.log", 0, 5000);
  follower.start();
  ASSERT_TRUE(eventually([&] { return follower.measure("lines_total") > 0; }));
  EXPECT_LT(follower.measure("lines_total"), 1000);
  follower.sink.be_busy(false);
  ASSERT_TRUE(follower.has_exactly(5000));
  EXPECT_EQ(follower.sink.handed_over(), 5000u);
}

TEST(FileCollector, NothingIsCheckpointedBeforeItIsCommitted) {
  Follower follower;
  follower.sink.be_busy(true);
  follower.write_events("a.log", 0, 500);
  follower.start();
  ASSERT_TRUE(eventually([&] { return follower.measure("lines_total") > 0; }));
  follower.stop();
  follower.sink.be_busy(false);
  follower.start();
  EXPECT_TRUE(follower.has_exactly(500));
}

TEST(FileCollector, MoreFilesThanMayBeOpen) {
  Follower follower("max_open_files: 3");
  follower.start();
  for (int round = 0; round < 5; ++round)
    for (int file = 0; file < 10; ++file)
      follower.write_events(std::to_string(file) + ".log", round * 100 + file * 10, 10);
  ASSERT_TRUE(follower.arrives(500));
  ASSERT_TRUE(eventually([&] { return follower.measure("files") == 10; }));
  EXPECT_LE(follower.measure("open_files"), 3);
  EXPECT_EQ(follower.sink.handed_over(), 500u);
}

TEST(FileCollector, NewFoldersAreFound) {
  Follower follower("paths: ['LOGS/*/*.log']\npoll_interval: 1h");
  follower.start();
  for (int i = 0; i < 3; ++i) {
    const std::string folder = "pod-" + std::to_string(i);
    std::filesystem::create_directory(follower.path(folder));
    follower.write_events(folder + "/0.log", i * 10, 10);
  }
  EXPECT_TRUE(follower.has_exactly(30));
}

TEST(FileCollector, ADamagedRegistryIsSurvived) {
  Follower follower("start: end");
  follower.start();
  follower.write_events("a.log", 0, 100);
  ASSERT_TRUE(follower.has_exactly(100));
  follower.stop();
  std::ofstream(follower.path("../state/registry.json")) << "{\"version\":1,\"files\":[\n{\"id\"";
  follower.write_events("a.log", 100, 10);
  follower.start();
  EXPECT_TRUE(follower.has_exactly(110)) << "known ones are duplicates, and nothing is left out";
}

TEST(FileCollector, PathTypesAreForEventsThatNameNone) {
  Follower follower("path_types: {'*sched*.log': scheduling}");
  follower.write("sched.log",
                 R"({"timestamp":"2025-01-15T10:30:00Z","workload_id":"w","selected_cluster":"c"})"
                 "\n"
                 R"({"event_type":"quota_changed","timestamp":"2025-01-15T10:30:00Z"})"
                 "\n");
  follower.start();
  ASSERT_TRUE(follower.arrives(2));
  EXPECT_EQ(follower.sink.events()[0].type, "scheduling_decision");
  EXPECT_EQ(follower.sink.events()[1].type, "quota_changed");
}

}  // namespace
}  // namespace kcloud::file
