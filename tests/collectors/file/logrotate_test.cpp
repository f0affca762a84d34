// The real logrotate, again and again while lines are written.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>

#include "follower.h"

namespace kcloud::file {
namespace {

struct Case {
  const char* name;
  const char* options;
  bool by_seconds = false;  // the names are made of seconds: one rotation in each
};

class Logrotate : public testing::TestWithParam<Case> {};

TEST_P(Logrotate, NothingIsLostAndNothingTwice) {
  const int rounds = test_support::soak() ? 100 : 8;
  Follower follower;
  const std::string conf = follower.path("../logrotate.conf");
  std::ofstream(conf) << follower.path("a.log") << " {\n  rotate 200\n  missingok\n  "
                      << GetParam().options << "\n}\n";
  std::filesystem::permissions(conf, std::filesystem::perms(0644));
  std::filesystem::permissions(follower.logs(), std::filesystem::perms(0755));
  const std::string command = "/usr/sbin/logrotate -f -s " + follower.path("../status") + " " +
                              conf + " >" + follower.path("../output") + " 2>&1";
  follower.start();
  int written = 0;
  for (int round = 0; round < rounds; ++round) {
    follower.write_events("a.log", written, 50);
    written += 50;
    if (round % 3 == 1) follower.stop();
    // A copy under a writer loses what comes between copy and truncation, whoever reads it: so the
    // writer waits here, and only here.
    if (GetParam().by_seconds) {
      const auto now = std::time(nullptr);
      test_support::eventually([&] { return std::time(nullptr) != now; });
    }
    const int result = std::system(command.c_str());
    ASSERT_EQ(WEXITSTATUS(result), 0) << std::ifstream(follower.path("../output")).rdbuf();
    follower.write_events("a.log", written, 50);
    written += 50;
    if (round % 3 == 1) follower.start();
    if (round % 4 == 3) {
      ASSERT_TRUE(follower.has_exactly(written)) << round;
    }
  }
  EXPECT_TRUE(follower.has_exactly(written));
  follower.stop();
  EXPECT_EQ(follower.sink.handed_over(), static_cast<std::size_t>(written));
}

INSTANTIATE_TEST_SUITE_P(
    All, Logrotate,
    testing::Values(Case{"create", "create"}, Case{"copytruncate", "copytruncate"},
                    Case{"compress", "create\n  compress"},
                    Case{"delaycompress", "create\n  compress\n  delaycompress"},
                    Case{"copytruncate_compress", "copytruncate\n  compress"},
                    Case{"dateext", "create\n  dateext\n  dateformat -%Y%m%d-%s", true}),
    [](const auto& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace kcloud::file
