// One rule test: its events through the engine, what was expected against what came. Pure.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/cli/rules_test_file.h"
#include "rules/alert.h"

namespace kcloud::cli {

struct FailedExpectation {
  const Expectation* expected = nullptr;  // of the test
  std::vector<std::string> got;  // a line each: the alerts of that rule at that time, and what of
                                 // them is not as expected
};

struct TestResult {
  std::vector<FailedExpectation> failures;
  std::vector<std::string> problems;  // with repeated events behind the first
  bool ok() const { return failures.empty() && problems.empty(); }
};

// Rules that are disabled and that the test names are enabled for it.
TestResult run_test(const TestCase& test, core::Time start,
                    const std::shared_ptr<const rules::RuleSet>& rules);

// `firing SlowScheduling {scheduler="a"} at 3m`
std::string to_string(const Expectation& expected);

}  // namespace kcloud::cli
