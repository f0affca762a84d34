// From rule files to a RuleSet: all problems at once, each at its place in the file.
//
// Pure: texts in, values out; reading directories is the agent's.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/yaml.h"
#include "core/catalogue.h"
#include "rules/rule.h"

namespace kcloud::rules {

struct RuleFile {
  std::string name;  // as in problems: its path
  std::string text;
};

struct LoadOptions {
  Duration longest_window{std::chrono::hours(24 * 31)};
  std::size_t max_bytes = std::size_t{1} << 20;  // of a file
};

struct Loaded {
  std::shared_ptr<const RuleSet>
      rules;  // of the files without a problem; nullptr only when there is nothing to load
  config::Problems problems;  // in file order; a file with one gives no rules
  std::vector<std::string> bad_files;
  bool ok() const { return problems.empty(); }
};

// Names of alerts and groups are unique over all files. Problems are printed as
// Problem::to_string() and, below it, the line of the file with a caret.
Loaded load(const std::vector<RuleFile>& files, std::shared_ptr<const core::Catalogue> catalogue,
            const LoadOptions& options = {});

// The problem with the line of its file below it and a caret under the place.
std::string with_line(const config::Problem& problem, std::string_view text);

}  // namespace kcloud::rules
