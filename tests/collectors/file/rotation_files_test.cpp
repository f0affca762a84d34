// Rotation by hand, with the collector running and with it stopped: nothing lost, nothing twice.
#include <gtest/gtest.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "follower.h"

namespace kcloud::file {
namespace {

using std::filesystem::rename;
using test_support::eventually;

class Rotation : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return follower.path(name); }
  void copy_truncate(const std::string& to) const {
    std::filesystem::copy_file(path("a.log"), path(to));
    std::filesystem::resize_file(path("a.log"), 0);
  }
  void compress(const std::string& name) const {
    std::ifstream file(path(name), std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    gzFile gz = ::gzopen(path(name + ".gz").c_str(), "wb");
    ::gzwrite(gz, text.str().data(), static_cast<unsigned>(text.str().size()));
    ::gzclose(gz);
    std::filesystem::last_write_time(path(name + ".gz"),
                                     std::filesystem::last_write_time(path(name)));
    std::filesystem::remove(path(name));
  }
  // Every line once, none given twice.
  void expect_exactly(int count) {
    EXPECT_TRUE(follower.has_exactly(count));
    follower.stop();
    EXPECT_EQ(follower.sink.handed_over(), static_cast<std::size_t>(count));
    EXPECT_EQ(follower.measure("lost_bytes_total"), 0);
  }

  Follower follower;
};

TEST_F(Rotation, RenamedFilesAreReadToTheirEnd) {
  follower.start();
  follower.write_events("a.log", 0, 10);
  ASSERT_TRUE(follower.has_exactly(10));
  std::ofstream writer(path("a.log"), std::ios::app);
  rename(path("a.log"), path("a.log.1"));
  follower.write_events("a.log", 20, 10);
  for (int i = 10; i < 20; ++i) writer << event(i) << "\n";
  writer.flush();
  ASSERT_TRUE(follower.has_exactly(30));
  ASSERT_TRUE(eventually([&] { return follower.measure("rotations_total") == 1; }));
  ASSERT_TRUE(eventually([&] { return follower.measure("files") == 1; }));
  expect_exactly(30);
}

TEST_F(Rotation, ALastLineWithoutNewlineIsTakenWhenTheFileIsFinished) {
  follower.start();
  follower.write_events("a.log", 0, 3);
  follower.write("a.log", event(3));
  ASSERT_TRUE(follower.has_exactly(3));
  rename(path("a.log"), path("a.log.1"));
  expect_exactly(4);
}

TEST_F(Rotation, RenamedWhileTheCollectorWasStopped) {
  follower.write_events("a.log", 0, 10);
  follower.start();
  ASSERT_TRUE(follower.has_exactly(10));
  follower.stop();
  follower.write_events("a.log", 10, 10);
  rename(path("a.log"), path("a.log.1"));
  follower.write_events("a.log", 20, 10);
  follower.start();
  expect_exactly(30);
}

TEST_F(Rotation, SeveralGenerationsWhileTheCollectorWasStopped) {
  follower.write_events("a.log.9", 900, 10);  // from before: none of ours
  std::filesystem::last_write_time(
      path("a.log.9"), std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  follower.write_events("a.log", 0, 10);
  follower.start();
  ASSERT_TRUE(follower.has_exactly(10));
  follower.stop();
  follower.write_events("a.log", 10, 10);
  rename(path("a.log"), path("a.log.1"));
  follower.write_events("a.log", 20, 10);
  compress("a.log.1");
  rename(path("a.log.1.gz"), path("a.log.3.gz"));
  rename(path("a.log"), path("a.log.2"));
  follower.write_events("a.log", 30, 10);
  rename(path("a.log"), path("a.log.1"));
  compress("a.log.1");
  follower.write_events("a.log", 40, 10);
  follower.start();
  expect_exactly(50);
}

TEST_F(Rotation, CopyTruncateRunning) {
  follower.start();
  int written = 0;
  for (int round = 1; round <= 5; ++round) {
    follower.write_events("a.log", written, 20);
    written += 20;
    if (round % 2 == 0) {
      ASSERT_TRUE(follower.has_exactly(written));
    }
    copy_truncate("a.log." + std::to_string(10 - round));
    follower.write_events("a.log", written, 5);
    written += 5;
    ASSERT_TRUE(follower.has_exactly(written));
  }
  EXPECT_TRUE(eventually([&] { return follower.measure("truncations_total") >= 2; }));
  expect_exactly(written);
}

TEST_F(Rotation, CopyTruncateStopped) {
  follower.write_events("a.log", 0, 10);
  follower.start();
  ASSERT_TRUE(follower.has_exactly(10));
  follower.stop();
  follower.write_events("a.log", 10, 10);
  copy_truncate("a.log.1");
  follower.write_events("a.log", 20, 100);  // longer than before: its size does not tell
  rename(path("a.log.1"), path("a.log.2"));
  copy_truncate("a.log.1");
  compress("a.log.2");
  follower.write_events("a.log", 120, 5);
  follower.start();
  expect_exactly(125);
}

TEST_F(Rotation, ACopyThatIsOverwrittenBeforeItsTurnIsReadAllTheSame) {
  follower.sink.be_busy(true);
  follower.start();
  // As many batches as may be under way: the journal takes nothing, so nothing further is read.
  for (int batch = 0; batch < 4; ++batch) {
    follower.write_events("a.log", batch * 10, 10);
    ASSERT_TRUE(eventually([&] { return follower.measure("lines_total") == (batch + 1) * 10; }));
  }
  follower.write_events("a.log", 40, 10);
  copy_truncate("a.log.1");
  ASSERT_TRUE(eventually([&] { return follower.measure("truncations_total") == 1; }));
  ASSERT_TRUE(eventually([&] { return follower.measure("files") == 2; }));
  follower.write_events("other", 50, 10);
  rename(path("other"), path("a.log.1"));
  follower.sink.be_busy(false);
  expect_exactly(60);
}

TEST_F(Rotation, CompressedLeftoverIsReadOnInside) {
  follower.write_events("a.log", 0, 1000);
  follower.start();
  ASSERT_TRUE(follower.has_exactly(1000));
  follower.stop();
  follower.write_events("a.log", 1000, 1000);
  rename(path("a.log"), path("a.log.1"));
  compress("a.log.1");
  follower.write_events("a.log", 2000, 10);
  follower.start();
  ASSERT_TRUE(follower.has_exactly(2010));
  ASSERT_TRUE(eventually([&] { return follower.measure("files") == 1; }));
  follower.restart();
  rename(path("a.log.1.gz"), path("a.log.2.gz"));
  follower.write_events("a.log", 2010, 10);
  expect_exactly(2020);
}

TEST_F(Rotation, ReadFilesAreNotReadAgainWhenTheyAreCompressed) {
  follower.start();
  for (int round = 0; round < 4; ++round) {
    follower.write_events("a.log", round * 10, 10);
    ASSERT_TRUE(follower.has_exactly(round * 10 + 10));
    for (int n = 4; n > 0; --n) {
      const std::string from = path("a.log." + std::to_string(n) + ".gz");
      if (std::filesystem::exists(from))
        rename(from, path("a.log." + std::to_string(n + 1) + ".gz"));
    }
    rename(path("a.log"), path("a.log.1"));
    compress("a.log.1");
  }
  follower.write_events("a.log", 40, 10);
  ASSERT_TRUE(follower.has_exactly(50));
  follower.restart();
  expect_exactly(50);
}

TEST_F(Rotation, ADeletedFileIsReadToItsEnd) {
  follower.start();
  follower.write_events("a.log", 0, 10);
  ASSERT_TRUE(follower.has_exactly(10));
  std::ofstream writer(path("a.log"), std::ios::app);
  std::filesystem::remove(path("a.log"));
  for (int i = 10; i < 20; ++i) writer << event(i) << "\n";
  writer.flush();
  ASSERT_TRUE(follower.has_exactly(20));
  ASSERT_TRUE(eventually([&] { return follower.measure("open_files") == 0; }));
  follower.write_events("a.log", 20, 10);
  expect_exactly(30);
}

TEST_F(Rotation, TruncatedInPlaceBeginsAgain) {
  follower.start();
  follower.write_events("a.log", 0, 10);
  ASSERT_TRUE(follower.has_exactly(10));
  std::filesystem::resize_file(path("a.log"), 0);
  follower.write_events("a.log", 10, 10);
  ASSERT_TRUE(follower.has_exactly(20));
  // Rewritten to more than it was, with the same beginning.
  std::ofstream(path("a.log")) << event(10) << "\n";
  follower.write_events("a.log", 20, 30);
  ASSERT_TRUE(follower.has_exactly(50));
}

TEST_F(Rotation, FilesWithTheSameBeginningAreTwo) {
  const std::string header = R"({"level":"info","text":")" + std::string(400, 'h') + "\"}\n";
  follower.write("a.log", header);
  follower.write("b.log", header);
  follower.start();
  follower.write_events("a.log", 0, 10);
  follower.write_events("b.log", 10, 10);
  ASSERT_TRUE(follower.has_exactly(20));
  rename(path("a.log"), path("a.log.1"));
  follower.write("a.log", header);
  follower.write_events("a.log", 20, 10);
  rename(path("b.log"), path("b.log.1"));
  follower.write("b.log", header);
  follower.write_events("b.log", 30, 10);
  ASSERT_TRUE(follower.has_exactly(40));
  follower.restart();
  follower.write_events("a.log", 40, 10);
  expect_exactly(50);
}

TEST_F(Rotation, WhatIsLostIsSaid) {
  follower.write_events("a.log", 0, 10);
  follower.start();
  ASSERT_TRUE(follower.has_exactly(10));
  follower.stop();
  follower.write_events("a.log", 10, 10);
  // Seen by the scan of a start that reads nothing, as the journal takes nothing.
  follower.sink.be_busy(true);
  follower.start();
  ASSERT_TRUE(eventually([&] { return follower.measure("lines_total") > 0; }));
  follower.stop();
  follower.sink.be_busy(false);
  std::filesystem::remove(path("a.log"));
  follower.start();
  EXPECT_TRUE(eventually([&] { return follower.measure("lost_bytes_total") > 0; }));
}

}  // namespace
}  // namespace kcloud::file
