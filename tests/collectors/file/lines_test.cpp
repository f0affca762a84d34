// What becomes of lines: events, dead letters, skipped ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "follower.h"

namespace kcloud::file {
namespace {

using test_support::eventually;
using testing::EndsWith;
using testing::HasSubstr;

TEST(FileLines, OthersAreSkippedAndCounted) {
  Follower follower;
  follower.write("a.log", "\xEF\xBB\xBF" + event(0) +
                              "\r\n\r\nstarting\n{foo} x\n{\"level\":\"info\"}\n" +
                              R"({"log":"plain text","date":"2025-01-15T10:30:00Z"})"
                              "\n" +
                              R"({"log":)"
                              "\""
                              R"({\"event_type\":\"quota\",\"timestamp\":\"2025-01-15T10:30:00Z\"})"
                              "\"}\n" +
                              std::string(100, '\0') + event(1) + "\n");
  follower.start();
  ASSERT_TRUE(follower.arrives(3));
  ASSERT_TRUE(eventually([&] { return follower.measure("skipped_lines_total") == 4; }));
  EXPECT_TRUE(follower.sink.letters().empty());
}

TEST(FileLines, OthersAsDeadLetters) {
  Follower follower("other_lines: dead_letter");
  follower.write("a.log", "starting\n{\"level\":\"info\"}\n" + event(0) + "\n");
  follower.start();
  ASSERT_TRUE(follower.has_exactly(1));
  const auto letters = follower.sink.letters();
  ASSERT_EQ(letters.size(), 2u);
  EXPECT_EQ(letters[0].reason, "invalid_json");
  EXPECT_EQ(letters[0].body, "starting");
  EXPECT_THAT(letters[0].position, EndsWith("/a.log:0"));
  EXPECT_EQ(letters[1].reason, "invalid_event");
  EXPECT_THAT(letters[1].position, EndsWith("/a.log:9"));
}

TEST(FileLines, InvalidEventsAreDeadLettersWithTheirPlace) {
  Follower follower;
  const std::string bad = R"({"event_type":"scheduling_decision","timestamp":"nonsense"})";
  follower.write("a.log", event(0) + "\n" + bad + "\n{\"event_type\": brok\n" + event(1) + "\n");
  follower.start();
  ASSERT_TRUE(follower.has_exactly(2));
  const auto letters = follower.sink.letters();
  ASSERT_EQ(letters.size(), 2u);
  EXPECT_EQ(letters[0].reason, "invalid_event");
  EXPECT_EQ(letters[0].origin, "collector:files");
  EXPECT_EQ(letters[0].position,
            follower.path("a.log") + ":" + std::to_string(event(0).size() + 1));
  EXPECT_EQ(letters[1].reason, "invalid_json");
}

TEST(FileLines, LongLinesAreBounded) {
  Follower follower("max_line_bytes: 2048");
  follower.write("a.log", event(0) + "\n{\"a\":\"" + std::string(3'000'000, 'x') + "\"}\n" +
                              event(1) + "\n{\"b\":\"" + std::string(2500, 'y') + "\"}\n" +
                              event(2) + "\n");
  follower.start();
  ASSERT_TRUE(follower.has_exactly(3));
  const auto letters = follower.sink.letters();
  ASSERT_EQ(letters.size(), 2u);
  EXPECT_EQ(letters[0].reason, "too_large");
  EXPECT_EQ(letters[0].body.size(), 2048u);
  EXPECT_THAT(letters[0].body, HasSubstr("{\"a\":\"xxx"));
  ASSERT_TRUE(eventually([&] { return follower.measure("long_lines_total") == 2; }));
}

TEST(FileLines, ALongLineIsPassedOverAcrossARestart) {
  Follower follower("max_line_bytes: 2048");
  follower.write("a.log", event(0) + "\n" + std::string(600'000, 'x'));
  follower.start();
  ASSERT_TRUE(follower.has_exactly(1));
  ASSERT_TRUE(eventually([&] { return follower.sink.letters().size() == 1; }));
  follower.restart();
  follower.write("a.log", event(100) + "\n" + event(1) + "\n");
  EXPECT_TRUE(follower.has_exactly(2));
  EXPECT_EQ(follower.sink.letters().size(), 1u);
}

TEST(FileLines, CriWithPartsJoinedAndItsTime) {
  Follower follower;
  const std::string stamp = "2025-01-15T10:30:00.000000001Z ";
  const std::string timeless = R"({"event_type":"quota","workload":"w"})";
  follower.write("a.log", stamp + "stdout P " + timeless.substr(0, 10) + "\n" + stamp +
                              "stderr F " + event(0) + "\n" + stamp + "stdout P " +
                              timeless.substr(10, 5) + "\n");
  follower.start();
  ASSERT_TRUE(follower.has_exactly(1));
  follower.restart();
  follower.write("a.log", stamp + "stdout F " + timeless.substr(15) + "\nno cri line\n");
  ASSERT_TRUE(follower.arrives(2));
  const auto events = follower.sink.events();
  EXPECT_EQ(events[1].body, timeless);
  EXPECT_EQ(events[1].time, "2025-01-15T10:30:00.000000001Z");
  ASSERT_TRUE(eventually([&] { return follower.measure("skipped_lines_total") == 1; }));
}

TEST(FileLines, DockerAndKubernetes) {
  Follower follower("paths: ['LOGS/containers/*.log']");
  const std::string id(64, 'b');
  std::filesystem::create_directories(follower.path("pods/ns_pod_uid/main"));
  std::filesystem::create_directories(follower.path("containers"));
  const std::string half = R"({"event_type":"quota",)";
  follower.write(
      "pods/ns_pod_uid/main/0.log",
      R"({"log":"{\"event_type\":\"quota\",","stream":"stdout","time":"2025-01-15T10:30:00.1Z"})"
      "\n"
      R"({"log":"\"n\":1}\n","stream":"stdout","time":"2025-01-15T10:30:00.2Z"})"
      "\n");
  std::filesystem::create_symlink(follower.path("pods/ns_pod_uid/main/0.log"),
                                  follower.path("containers/pod_ns_main-" + id + ".log"));
  follower.start();
  ASSERT_TRUE(follower.arrives(1));
  const auto first = follower.sink.events()[0];
  EXPECT_EQ(first.body, R"({"event_type":"quota","n":1})");
  EXPECT_EQ(first.source, "ns/pod/main");
  EXPECT_EQ(first.time, "2025-01-15T10:30:00.100Z");
  // Written where the link leads to, and rotated there as the kubelet does it.
  follower.write(
      "pods/ns_pod_uid/main/0.log",
      R"({"log":"{\"event_type\":\"quota\",\"n\":2}\n","stream":"stdout","time":"2025-01-15T10:30:00.3Z"})"
      "\n");
  ASSERT_TRUE(follower.arrives(2));
  std::filesystem::rename(follower.path("pods/ns_pod_uid/main/0.log"),
                          follower.path("pods/ns_pod_uid/main/0.log.20250115-103000"));
  follower.write(
      "pods/ns_pod_uid/main/0.log",
      R"({"log":"{\"event_type\":\"quota\",\"n\":3}\n","stream":"stdout","time":"2025-01-15T10:30:00.4Z"})"
      "\n");
  ASSERT_TRUE(follower.arrives(3));
  EXPECT_EQ(follower.sink.handed_over(), 3u);
  EXPECT_EQ(follower.sink.events()[2].source, "ns/pod/main");
}

TEST(FileLines, TimelessEventsAreKnownByTheirPlace) {
  Follower follower;
  const std::string same = R"({"event_type":"heartbeat"})"
                           "\n";
  follower.write("a.log", same + same + same);
  follower.write("b.log", same);
  follower.start();
  ASSERT_TRUE(follower.arrives(4));
  follower.stop();
  // An older checkpoint: as after a crash before the newest was written.
  const std::string registry = follower.path("../state/registry.json");
  std::ifstream file(registry);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto at = text.find("\"offset\":81");
  ASSERT_NE(at, std::string::npos) << text;
  text.replace(at, 11, "\"offset\":0");
  const auto tail = text.find("\"tail_length\":64", at);
  text.replace(tail, 16, "\"tail_length\":0");
  std::ofstream(registry) << text;
  follower.start();
  ASSERT_TRUE(eventually([&] { return follower.sink.handed_over() == 7; }));
  EXPECT_EQ(follower.sink.events().size(), 4u);
}

}  // namespace
}  // namespace kcloud::file
