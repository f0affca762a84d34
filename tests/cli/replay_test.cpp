#include "agent/cli/replay.h"

#include <gtest/gtest.h>

namespace kcloud::cli {
namespace {

constexpr const char* kAnswer =
    R"({"exporter":"main","state":"cancelled","time":"event","from":"2025-01-15T10:30:00Z",)"
    R"("to":"2025-01-16T10:30:00Z","sent":500,"refused":2,"gone":7,"remaining":498,"rate":100.5,)"
    R"("position":"2c7a289e-512","last_error":null})";

TEST(Replay, ProgressHasWhatIsLeftAsItsGoal) {
  const auto progress = replay_progress(kAnswer, std::chrono::seconds(5));
  EXPECT_EQ(progress.done(), 502u);
  EXPECT_EQ(progress.goal, 1000u);
  EXPECT_EQ(progress_line(progress, 40), " 50 %  502/1000  100/s  5 s left  2 rejected");
}

TEST(Replay, SummarySaysWhatIsGone) {
  EXPECT_EQ(replay_summary(kAnswer),
            "main: cancelled: 500 sent, 2 refused (100.5 events/s); at most 7 of the range are no "
            "longer in the journal");
}

TEST(Replay, TheCommandThatGoesOnHasInstantsAndThePosition) {
  ReplayOptions options;
  options.exporter = "main";
  options.from = "-24h";
  EXPECT_EQ(replay_command(options, kAnswer),
            "kcloud-logger replay --exporter main --from 2025-01-15T10:30:00Z "
            "--to 2025-01-16T10:30:00Z --after 2c7a289e-512 --time event");
  options.agent.url = "http://other:8007";
  EXPECT_TRUE(replay_command(options, kAnswer).ends_with(" --url http://other:8007"));
}

}  // namespace
}  // namespace kcloud::cli
