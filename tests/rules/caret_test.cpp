#include <gtest/gtest.h>

#include "rules_files.h"

namespace kcloud::rules {
namespace {

TEST(WithLine, PutsACaretUnderThePlace) {
  const std::string text =
      "groups:\n  - name: cost\n    rules:\n      - alert: A\n"
      "        expr: avg(scheduling_decision.exection_time_ms[5m]) > 500\n";
  const Loaded loaded = load({{"rules/cost.yaml", text}}, built_in_catalogue());
  ASSERT_EQ(loaded.problems.size(), 1u);
  EXPECT_EQ(
      with_line(loaded.problems[0], text),
      R"(rules/cost.yaml:5:39: error: event type 'scheduling_decision' has no field 'exection_time_ms' (did you mean 'execution_time_ms'?)
        expr: avg(scheduling_decision.exection_time_ms[5m]) > 500
                                      ^)");
}

struct Case {
  std::string name, line;
  int column;
  std::string want;  // below the message
};

TEST(WithLine, CountsColumnsAsTerminalsDo) {
  const std::vector<Case> cases = {
      {"Korean", "a: 한국 x", 11, "a: 한국 x\n        ^"},
      {"accents", "é x", 4, "é x\n  ^"},
      {"combining", "e\xcc\x81 x", 5, "e\xcc\x81 x\n  ^"},
      {"tab", "\ta: x", 5, "\ta: x\n\t   ^"},
      {"carriage return", "a: x\r", 4, "a: x\n   ^"},
      {"control characters", "a\x1b[1m x", 7, "a [1m x\n      ^"},
      {"no UTF-8", "a\xff x", 4, "a? x\n   ^"},
      {"behind the end", "a: x", 5, "a: x\n    ^"},
      {"far behind the end", "a: x", 50, "a: x\n    ^"},
      {"first", "a: x", 1, "a: x\n^"},
      {"long", std::string(200, 'a') + "b" + std::string(200, 'c'), 201,
       "…" + std::string(120, 'a') + "b" + std::string(80, 'c') + "…\n" + std::string(121, ' ') +
           "^"},
  };
  for (const auto& [name, line, column, want] : cases) {
    SCOPED_TRACE(name);
    EXPECT_EQ(with_line({"f.yaml", 2, column, "m"}, "one\n" + line + "\nthree"),
              "f.yaml:2:" + std::to_string(column) + ": error: m\n" + want);
  }
}

TEST(WithLine, NeedsALine) {
  EXPECT_EQ(with_line({"f.yaml", 0, 0, "m"}, "one"), "f.yaml: error: m");
  EXPECT_EQ(with_line({"f.yaml", 7, 1, "m"}, "one"), "f.yaml:7:1: error: m");
}

}  // namespace
}  // namespace kcloud::rules
