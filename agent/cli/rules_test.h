// `kcloud-logger rules test`: rule files against the `*_test.yaml` beside them, in memory. The
// return value is the process's exit code.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/cli/rules_test_file.h"
#include "agent/cli/rules_test_run.h"
#include "rules/load.h"

namespace kcloud::cli {

struct RulesTestOptions {
  std::vector<std::string> paths;  // test files, and folders of them
  std::string config_file;         // whose event types count; empty: the built-in ones
  bool coverage = false;           // every rule needs a firing and a quiet case
  std::string format = "text";     // json
};

// A test file that was run.
struct TestedFile {
  TestFile file;
  std::vector<std::string> rules;   // of the files that it tests
  std::vector<TestResult> results;  // by test
};

// What a rule's tests leave out.
struct Uncovered {
  std::string rule;
  bool firing = false, quiet = false;  // there is such a case
};
// Of `rules`, those that no expectation names as firing, or as `none` of them.
std::vector<Uncovered> uncovered(const std::vector<std::string>& rules,
                                 const std::vector<TestedFile>& tested);

std::string as_text(const std::vector<TestedFile>& tested);
std::string as_text(const std::vector<Uncovered>& missing);
std::string as_json(const std::vector<TestedFile>& tested, const std::vector<Uncovered>& missing,
                    const config::Problems& problems);

// 0: all is as expected; 1: something is not, or a file is wrong; 2: a file cannot be read.
int test_rules(const RulesTestOptions& options);

}  // namespace kcloud::cli
