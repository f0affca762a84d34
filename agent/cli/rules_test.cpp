#include "agent/cli/rules_test.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <set>

#include "agent/cli/rules_files.h"
#include "agent/exit_code.h"

namespace kcloud::cli {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> test_files(const std::vector<std::string>& paths) {
  std::set<std::string> found;
  for (const std::string& path : paths) {
    if (!fs::is_directory(path)) {
      if (!is_test_file(path))
        throw std::runtime_error(
            fmt::format("{} is no test file. Hint: their names end in _test.yaml", path));
      found.insert(path);
      continue;
    }
    for (const auto& entry : fs::directory_iterator(path))
      if (is_test_file(entry.path().string())) found.insert(entry.path().string());
  }
  if (found.empty())
    throw std::runtime_error("there are no tests in " + fmt::format("{}", fmt::join(paths, ", ")) +
                             ". Hint: their names end in _test.yaml");
  return {found.begin(), found.end()};
}

std::vector<std::string> names_of(const rules::RuleSet& rules) {
  std::vector<std::string> names;
  for (const rules::Group& group : rules.groups)
    for (const rules::Rule& rule : group.rules) names.push_back(rule.name);
  return names;
}

class Run {
 public:
  Run(const RulesTestOptions& options, std::shared_ptr<const core::Catalogue> catalogue)
      : options_(options), catalogue_(std::move(catalogue)) {}

  int run() {
    for (const std::string& path : test_files(options_.paths)) test(path);
    // Rules beside the tests that no test file speaks of.
    if (options_.coverage)
      for (const std::string& path : options_.paths)
        if (fs::is_directory(path)) need(load(read_rule_files({path})).rules);
    const auto missing = options_.coverage ? uncovered(needed_, tested_) : std::vector<Uncovered>();
    return say(missing);
  }

 private:
  void test(const std::string& path) {
    TestedFile tested;
    const rules::RuleFile text = read_rule_file(path);
    config::Problems problems;
    tested.file = parse_test_file(text.text, path, *catalogue_, problems);
    std::vector<rules::RuleFile> files;
    for (const std::string& name : tested.file.rules)
      files.push_back(read_rule_file((fs::path(path).parent_path() / name).string()));
    const rules::Loaded loaded = load(files);
    if (loaded.ok() && problems.empty()) check_rule_names(tested.file, *loaded.rules, problems);
    report(problems, {text});
    if (!loaded.ok() || !problems.empty()) return;
    need(loaded.rules);
    for (const TestCase& test : tested.file.tests)
      tested.results.push_back(run_test(test, tested.file.start, loaded.rules));
    tested_.push_back(std::move(tested));
  }

  rules::Loaded load(const std::vector<rules::RuleFile>& files) {
    rules::Loaded loaded = rules::load(files, catalogue_);
    report(loaded.problems, files);
    return loaded;
  }

  // Each once, though several tests may be of one file.
  void report(config::Problems problems, const std::vector<rules::RuleFile>& files) {
    std::erase_if(problems, [this](const config::Problem& problem) {
      return !reported_.insert(problem.to_string()).second;
    });
    if (options_.format == "text") tell(problems, files);
    problems_.insert(problems_.end(), problems.begin(), problems.end());
  }

  void need(const std::shared_ptr<const rules::RuleSet>& rules) {
    if (!rules) return;
    for (const std::string& name : names_of(*rules))
      if (std::ranges::find(needed_, name) == needed_.end()) needed_.push_back(name);
  }

  int say(const std::vector<Uncovered>& missing) const {
    const std::string text = options_.format == "json" ? as_json(tested_, missing, problems_)
                                                       : as_text(tested_) + as_text(missing);
    std::fwrite(text.data(), 1, text.size(), stdout);
    const auto good = [](const TestedFile& file) {
      return std::ranges::all_of(file.results, &TestResult::ok);
    };
    return std::ranges::all_of(tested_, good) && missing.empty() && problems_.empty() ? 0 : 1;
  }

  const RulesTestOptions& options_;
  const std::shared_ptr<const core::Catalogue> catalogue_;
  std::vector<TestedFile> tested_;
  std::vector<std::string> needed_;  // rules
  config::Problems problems_;
  std::set<std::string> reported_;
};

}  // namespace

int test_rules(const RulesTestOptions& options) {
  return agent::guarded([&] { return Run(options, catalogue_of(options.config_file)).run(); });
}

}  // namespace kcloud::cli
