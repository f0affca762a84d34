#include "agent/cli/rules_explain.h"

#include <gtest/gtest.h>

namespace kcloud::cli {
namespace {

TEST(Explain, ShowsValuesEvidenceAndHistory) {
  EXPECT_EQ(explain_text(R"json({"alert":{"rule":"SlowScheduling","rule_group":"scheduling",
    "rule_file":"rules/slow.yaml","state":"firing","fingerprint":"0123456789abcdef",
    "by":{"scheduler":"meta"},"labels":{"alertname":"SlowScheduling","scheduler":"meta"},
    "annotations":{"summary":"느린 스케줄링"},"active_since":"2025-01-15T10:30:00Z",
    "starts_at":"2025-01-15T10:32:00Z","value":612.5,"silenced_by":["s-1"],
    "why":[{"text":"count(x[5m])","value":60},{"text":"avg(가[5m])","value":null,"missing":"no events"}]},
    "events":[{"time":"2025-01-15T10:31:59Z","type":"scheduling_decision","workload":"job-1","id":"e-1"}],
    "transitions":[{"timestamp":"2025-01-15T10:32:00Z","state":"firing","reason":"condition"}]})json"),
            "SlowScheduling (0123456789abcdef), firing\n"
            "rule file     rules/slow.yaml, group scheduling\n"
            "for           scheduler=meta\n"
            "labels        alertname=SlowScheduling, scheduler=meta\n"
            "summary       느린 스케줄링\n"
            "active since  2025-01-15T10:30:00Z\n"
            "fires since   2025-01-15T10:32:00Z\n"
            "value         612.5\n"
            "silenced by   s-1\n"
            "why\n"
            "  count(x[5m])  60\n"
            "  avg(가[5m])   missing: no events\n"
            "evidence\n"
            "  2025-01-15T10:31:59Z  scheduling_decision  job-1  e-1\n"
            "history\n"
            "  2025-01-15T10:32:00Z  firing    condition\n");
}

TEST(Explain, OfLittleShowsLittle) {
  EXPECT_EQ(explain_text(R"({"alert":{"rule":"A","rule_group":"g","rule_file":"f","state":"pending",
    "fingerprint":"00","by":{},"labels":{}},"events":[],"transitions":[]})"),
            "A (00), pending\nrule file     f, group g\nfor           -\nlabels        -\n");
}

}  // namespace
}  // namespace kcloud::cli
