#include "agent/cli/line.h"

#include <gtest/gtest.h>

namespace kcloud::cli {
namespace {

constexpr std::string_view kDecision =
    R"({"id":"x","time":"2025-01-15T10:30:00Z","type":"scheduling_decision",)"
    R"("workload":"ml-training-job-123","cluster":"gpu-cluster-01","severity":null,)"
    R"("fields":{"cost_per_hour":15.6,"power_watts":1200,"execution_time_ms":245,)"
    R"("reason":"최적 전력 효율성","outcome":"success"},"body":{}})";

TEST(EventLine, ShowsADecision) {
  EXPECT_EQ(event_line(kDecision, false),
            "2025-01-15T10:30:00Z     scheduling_decision     ml-training-job-123 → gpu-cluster-01"
            "  $15.6/h  1200 W  245 ms  최적 전력 효율성");
}

TEST(EventLine, ShowsWhereARelocationCameFrom) {
  EXPECT_EQ(event_line(R"({"time":"t","type":"workload_relocation","workload":"w","cluster":"b",)"
                       R"("fields":{"from_cluster":"a","power_saving_watts":300}})",
                       false),
            "t                        workload_relocation     w → a → b  saves 300 W");
}

TEST(EventLine, ColoursOnlyTheType) {
  const std::string line = event_line(kDecision, true);
  EXPECT_NE(line.find("\x1b[32mscheduling_decision"), std::string::npos);
  EXPECT_NE(line.find("\x1b[0m"), std::string::npos);
}

TEST(EventLine, KeepsEscapeSequencesFromTheTerminal) {
  const std::string line = event_line(
      R"({"time":"t","type":"x","workload":"\u001b]0;owned\u0007","fields":{"reason":"a\u009bb\n"}})",
      false);
  EXPECT_EQ(line.find_first_of("\x1b\x07\n"), std::string::npos);
  EXPECT_EQ(line.find("\xc2\x9b"), std::string::npos);
}

TEST(EventLine, ShowsAnEventOfAnUnknownType) {
  EXPECT_EQ(event_line(R"({"time":"t","type":"custom","workload":null,"cluster":null})", false),
            "t                        custom                  ");
}

TEST(Printable, LeavesTextAlone) { EXPECT_EQ(printable("최적 → é"), "최적 → é"); }

}  // namespace
}  // namespace kcloud::cli
