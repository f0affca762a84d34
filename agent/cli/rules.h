// `kcloud-logger rules`: alert rule files, checked, tested and run over the past.
#pragma once

#include <string>
#include <vector>

#include "agent/cli/rules_backtest.h"
#include "agent/cli/rules_explain.h"
#include "agent/cli/rules_test.h"

namespace CLI {
class App;
}

namespace kcloud::cli {

struct RulesCheckOptions {
  std::vector<std::string> paths;  // files, and directories: the `*.yaml` and `*.yml` in them
  std::string config_file;         // whose event types count; empty: the built-in ones
  std::string format = "text";     // or json
};

struct RulesOptions {
  RulesCheckOptions check;
  RulesTestOptions test;
  RulesBacktestOptions backtest;
  ExplainOptions explain;
};

void add_rules(CLI::App& app, RulesOptions& options);
// The command that was given. `check`: 0: no problem; 1: problems, each is told; 2: something could
// not be read; 78: the configuration is bad.
int run_rules(const CLI::App& app, const RulesOptions& options);

}  // namespace kcloud::cli
