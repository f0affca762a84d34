#include "agent/cli/rules.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "agent/cli/address_options.h"
#include "agent/cli/rules_files.h"
#include "agent/exit_code.h"
#include "core/json.h"
#include "rules/load.h"

namespace kcloud::cli {
namespace {

struct Totals {
  std::size_t files = 0, groups = 0, rules = 0;
};

Totals totals(const std::vector<rules::RuleFile>& files, const rules::Loaded& loaded) {
  Totals out{files.size(), 0, 0};
  if (!loaded.rules) return out;
  out.groups = loaded.rules->groups.size();
  for (const auto& group : loaded.rules->groups) out.rules += group.rules.size();
  return out;
}

std::string as_json(const Totals& totals, const rules::Loaded& loaded) {
  std::string out = fmt::format(R"({{"ok":{},"files":{},"groups":{},"rules":{},"problems":[)",
                                loaded.ok(), totals.files, totals.groups, totals.rules);
  for (const auto& problem : loaded.problems) {
    core::append_comma(out);
    out += "{\"file\":";
    core::append_json_string(out, problem.file);
    out += fmt::format(R"(,"line":{},"column":{},"message":)", problem.line, problem.column);
    core::append_json_string(out, problem.message);
    out += '}';
  }
  return out + "]}\n";
}

int check(const RulesCheckOptions& options) {
  const auto files = read_rule_files(options.paths);
  const rules::Loaded loaded = rules::load(files, catalogue_of(options.config_file));
  const Totals all = totals(files, loaded);
  if (options.format == "json") {
    fmt::print("{}", as_json(all, loaded));
  } else if (loaded.ok()) {
    fmt::print("ok: {} files, {} groups, {} rules\n", all.files, all.groups, all.rules);
  } else {
    tell(loaded.problems, files);
    fmt::print(stderr, "{} problem{} in {} of {} files\n", loaded.problems.size(),
               loaded.problems.size() == 1 ? "" : "s", loaded.bad_files.size(), all.files);
  }
  return loaded.ok() ? 0 : 1;
}

void add_config(CLI::App& command, std::string& config_file) {
  command.add_option(
      "-c,--config", config_file,
      "The agent's configuration: its event types count (default: the built-in ones)");
}

void add_format(CLI::App& command, std::string& format) {
  command.add_option("--format", format, "text, or json: one object on standard output")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
}

void add_check(CLI::App& rules, RulesCheckOptions& options) {
  auto* check = rules.add_subcommand(
      "check",
      "All problems of rule files, each with its line. Exit code 0: none, 1: some, 2: something "
      "could not be read");
  check->add_option("path", options.paths, "Files, and directories with *.yaml and *.yml")
      ->required();
  add_config(*check, options.config_file);
  add_format(*check, options.format);
}

void add_test(CLI::App& rules, RulesTestOptions& options) {
  auto* test = rules.add_subcommand(
      "test",
      "Run the tests of rule files. Exit code 0: all is as expected, 1: something is not, 2: "
      "something could not be read");
  test->add_option("path", options.paths, "*_test.yaml files, and directories with some")
      ->required();
  test->add_flag("--coverage", options.coverage,
                 "Every rule must have a test that expects it firing and one that does not");
  add_config(*test, options.config_file);
  add_format(*test, options.format);
}

void add_backtest(CLI::App& rules, RulesBacktestOptions& options) {
  auto* backtest = rules.add_subcommand(
      "backtest", "Run rules over stored events: how often each would have fired");
  backtest->add_option("path", options.paths, "Files, and directories with *.yaml and *.yml")
      ->required();
  auto* url = add_agent(*backtest, options.agent, "Over the events of this running agent");
  backtest
      ->add_option("-d,--data-dir", options.data_dir,
                   "Instead: over this data directory, also beside its running agent")
      ->excludes(url);
  backtest->add_option("--since", options.since, "From (7d, -24h, 2025-01-15T10:30:00Z)")
      ->capture_default_str();
  backtest->add_option("--until", options.until, "Before (default: now)");
  add_config(*backtest, options.config_file);
  add_format(*backtest, options.format);
}

void add_explain(CLI::App& rules, ExplainOptions& options) {
  auto* explain = rules.add_subcommand(
      "explain", "Why an alert of a running agent fires, or did: values, evidence, history");
  explain
      ->add_option("alert", options.fingerprint,
                   "Its fingerprint, the beginning of it, or the name of its rule")
      ->required();
  explain->add_flag("--json", options.json, "The agent's answer as it is");
  add_agent(*explain, options.agent, "Where the agent is");
}

}  // namespace

void add_rules(CLI::App& app, RulesOptions& options) {
  auto* rules = app.add_subcommand("rules", "Alert rule files: check, test and back-test them");
  rules->require_subcommand(1);
  add_check(*rules, options.check);
  add_test(*rules, options.test);
  add_backtest(*rules, options.backtest);
  add_explain(*rules, options.explain);
}

int run_rules(const CLI::App& app, const RulesOptions& options) {
  const auto* rules = app.get_subcommand("rules");
  if (rules->got_subcommand("explain")) return explain(options.explain);
  if (rules->got_subcommand("test")) return test_rules(options.test);
  if (rules->got_subcommand("backtest")) return backtest_rules(options.backtest);
  return agent::guarded([&] { return check(options.check); });
}

}  // namespace kcloud::cli
