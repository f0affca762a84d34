// Rule files from disk, for the commands that work on them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rules/load.h"

namespace kcloud::cli {

// Tests of rules stand beside them and are no rules: `…_test.yaml`.
bool is_test_file(std::string_view path);

// Throws std::runtime_error when it cannot be read.
std::string read_rule_file(const std::string& path);

// The files named, and those with rules of the folders named, in order of their names. Throws
// std::runtime_error when one cannot be read, or there is none.
std::vector<rules::RuleFile> rule_files(const std::vector<std::string>& paths);

}  // namespace kcloud::cli
