// The command line.
#include <malloc.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <string>

#include "agent/agent.h"
#include "agent/cli/rules.h"
#include "agent/command_options.h"
#include "agent/commands.h"
#include "agent/online_check.h"

using namespace kcloud;

int main(int argc, char** argv) {
  // Large blocks, such as request bodies, go back to the system as soon as they are freed: left
  // alone, glibc raises this to 32 MiB and keeps them.
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
  umask(0077);  // event bodies are for the agent's user alone
  CLI::App app{"kcloud-logger: makes every scheduling event durable, queryable and provable",
               "kcloud-logger"};
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("kcloud-logger ") + KCLOUD_VERSION);
  app.footer(
      "Documentation: README.md and docs/. Exit codes: 0 done, 1 a finding, 2 failed, 78 bad "
      "configuration.");

  agent::Overrides overrides;
  add_run(app, overrides);
  auto* check = app.add_subcommand(
      "check", "Check a configuration file; makes no network call without --online");
  check->add_option("-c,--config", overrides.config_file,
                    "Configuration file (default: built-in defaults)");
  bool online = false;
  auto* online_flag =
      check->add_flag("--online", online, "Also write to every sink, and take it back");
  std::uint32_t patience_s = 15;
  check->add_option("--timeout", patience_s, "Seconds for each sink")
      ->check(CLI::Range(1, 600))
      ->capture_default_str()
      ->needs(online_flag);

  std::string data_dir = config::AgentConfig{}.data_dir;
  auto* journal = app.add_subcommand("journal", "The journal of a stopped agent");
  journal->require_subcommand(1);
  auto* journal_check =
      journal->add_subcommand("check", "Walk every event and compare its checksum");
  journal_check->add_option("-d,--data-dir", data_dir, "Data directory")->capture_default_str();

  std::string cursor_name;
  auto* cursors =
      app.add_subcommand("cursors", "Where the readers of a stopped agent's journal stand");
  cursors->require_subcommand(1);
  auto* cursors_ls = cursors->add_subcommand("ls", "List them");
  cursors_ls->add_option("-d,--data-dir", data_dir, "Data directory")->capture_default_str();
  auto* cursors_drop = cursors->add_subcommand("drop", "Forget one");
  cursors_drop->add_option("name", cursor_name, "Its name, for example exporter:main-influx")
      ->required();
  cursors_drop->add_option("-d,--data-dir", data_dir, "Data directory")->capture_default_str();

  cli::DemoOptions demo;
  add_demo(app, demo);
  cli::TailOptions tail;
  add_tail(app, tail);
  cli::CollectorsOptions collectors;
  add_collectors(app, collectors);
  cli::DeadLettersOptions dead_letters;
  add_dead_letters(app, dead_letters);
  cli::TopOptions top;
  add_top(app, top);
  cli::ImportOptions import;
  add_import(app, import);
  cli::ExportOptions export_options;
  add_export(app, export_options);
  cli::ReplayOptions replay;
  add_replay(app, replay);
  cli::ReportOptions report;
  add_report(app, report);
  cli::RollupsOptions rollups;
  add_rollups(app, rollups);
  cli::RulesOptions rules;
  cli::add_rules(app, rules);
  cli::AuditOptions audit;
  agent::NewChainOptions new_chain;
  audit.data_dir = new_chain.data_dir = data_dir;
  add_audit(app, audit, new_chain);
  auto* version = app.add_subcommand("version", "Print the version");

  CLI11_PARSE(app, argc, argv);

  if (*version) {
    std::printf("kcloud-logger %s\n", KCLOUD_VERSION);
    return 0;
  }
  if (*check) {
    const int code = agent::check_configuration(overrides);
    if (code != 0 || !online) return code;
    return agent::check_online(overrides, std::chrono::seconds(patience_s));
  }
  if (*journal_check) return agent::check_journal(data_dir);
  if (*cursors_ls) return agent::list_cursors(data_dir);
  if (*cursors_drop) return agent::drop_cursor(data_dir, cursor_name);
  if (auto* command = app.get_subcommand("collectors"); *command) {
    if (command->got_subcommand("ls")) return cli::list_collectors(collectors);
    return cli::pause_collector(collectors, command->got_subcommand("pause"));
  }
  if (auto* command = app.get_subcommand("dead-letters"); *command) {
    if (command->got_subcommand("ls")) return cli::list_dead_letters(dead_letters);
    if (command->got_subcommand("show")) return cli::show_dead_letters(dead_letters);
    if (command->got_subcommand("retry")) return cli::retry_dead_letters(dead_letters);
    return cli::purge_dead_letters(dead_letters);
  }
  if (auto* command = app.get_subcommand("audit"); *command) {
    if (command->got_subcommand("new-chain")) return agent::new_chain(new_chain);
    return cli::verify_audit(audit);
  }
  if (auto* command = app.get_subcommand("rollups"); *command)
    return command->got_subcommand("ls") ? cli::show_rollups(rollups)
                                         : cli::rebuild_rollups(rollups);
  if (app.got_subcommand("rules")) return cli::run_rules(app, rules);
  if (app.got_subcommand("demo")) return cli::demo(demo);
  if (app.got_subcommand("tail")) return cli::tail(tail);
  if (app.got_subcommand("top")) return cli::top(top);
  if (app.got_subcommand("export")) return cli::export_events(export_options);
  if (app.got_subcommand("replay")) return cli::replay(replay);
  if (app.got_subcommand("report")) return cli::report_audit(report);
  if (app.got_subcommand("import")) return cli::import_events(import);
  return agent::run(overrides);
}
