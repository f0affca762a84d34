// Rule files from disk and what is wrong with them, for the commands that work on them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/yaml.h"
#include "core/catalogue.h"
#include "rules/load.h"

namespace kcloud::cli {

// Tests of rules stand beside them and are no rules: `…_test.yaml`.
bool is_test_file(std::string_view path);

// Throws std::runtime_error when it cannot be read.
rules::RuleFile read_rule_file(const std::string& path);
// The files that are named, and those in the directories that are. Throws std::runtime_error when
// one cannot be read or a directory has none.
std::vector<rules::RuleFile> read_rule_files(const std::vector<std::string>& paths);

// The event types of the agent with this configuration; empty: the built-in ones. Throws
// agent::BadConfiguration.
std::shared_ptr<const core::Catalogue> catalogue_of(const std::string& config_file);

// Each with its line, on standard error. `files`: those that problems may be in.
void tell(const config::Problems& problems, const std::vector<rules::RuleFile>& files);

}  // namespace kcloud::cli
