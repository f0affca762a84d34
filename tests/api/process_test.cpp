#include "agent/api/process.h"

#include <gtest/gtest.h>

#include <vector>

namespace kcloud::api {
namespace {

constexpr std::string_view kStat =
    "1234 (a ) name) S 1 1 1 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 7 0 6000 1048576 300 "
    "18446744073709551615 1 1 0\n";
constexpr std::string_view kMachine = "cpu  1 2 3\nctxt 5\nbtime 1700000000\nprocesses 9\n";

TEST(Process, ReadsTheKernelsFigures) {
  const auto stats = parse_process(kStat, kMachine, 100, 4096);
  ASSERT_TRUE(stats);
  EXPECT_DOUBLE_EQ(stats->cpu_seconds, 3);
  EXPECT_DOUBLE_EQ(stats->start_seconds, 1'700'000'060);
  EXPECT_EQ(stats->threads, 7u);
  EXPECT_EQ(stats->virtual_bytes, 1'048'576u);
  EXPECT_EQ(stats->resident_bytes, 300u * 4096);
}

TEST(Process, KnowsNoStartWithoutTheMachines) {
  EXPECT_DOUBLE_EQ(parse_process(kStat, "", 100, 4096)->start_seconds, 0);
}

TEST(Process, RefusesWhatIsNoStat) {
  for (const std::string_view text : {"", "1234", "1234 (x) S 1 1", "nonsense) 1 2 3"}) {
    EXPECT_FALSE(parse_process(text, kMachine, 100, 4096)) << text;
  }
}

TEST(Process, IsThisOne) {
  const auto before = read_process();
  ASSERT_TRUE(before);
  const std::vector<char> memory(64 << 20, 1);
  const auto now = read_process();
  EXPECT_GT(now->resident_bytes, before->resident_bytes + (memory.size() / 2));
  EXPECT_GT(now->start_seconds, 1'600'000'000);
  EXPECT_GE(now->threads, 1u);
  EXPECT_GT(now->open_fds, 2u);
  EXPECT_GE(now->max_fds, now->open_fds);
}

}  // namespace
}  // namespace kcloud::api
