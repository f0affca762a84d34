#include "agent/command_options.h"

#include "agent/cli/address_options.h"

namespace kcloud {

void add_run(CLI::App& app, agent::Overrides& overrides) {
  auto* run = app.add_subcommand("run", "Run the agent");
  run->add_option("-c,--config", overrides.config_file,
                  "Configuration file (default: built-in defaults)");
  run->add_option("-l,--listen", overrides.listen, "HOST:PORT, instead of http.listen");
  run->add_option("-d,--data-dir", overrides.data_dir, "Data directory, instead of agent.data_dir");
}

void add_demo(CLI::App& app, cli::DemoOptions& options) {
  auto* demo = app.add_subcommand("demo", "Post a believable fleet's events to a running agent");
  cli::add_agent(*demo, options.agent, "The agent");
  auto* rate = demo->add_option("--rate", options.rate, "Events a second")->capture_default_str();
  auto* count = demo->add_option("--count", options.count, "Events in all; 0: until Ctrl-C")
                    ->capture_default_str();
  demo->add_option("--seed", options.seed, "The same seed makes the same fleet; 0: a new one")
      ->capture_default_str();
  auto* days = demo->add_option("--days", options.days,
                                "Instead the history of the last N days, as fast as it is taken")
                   ->check(CLI::Range(1, 3660))
                   ->excludes(rate)
                   ->excludes(count);
  demo->add_option("--per-day", options.per_day, "Events a day, the mean of a week")
      ->capture_default_str()
      ->needs(days);
  demo->add_option("--until", options.until, "Where the history ends (default: now)")->needs(days);
  demo->add_option("-o,--output", options.output,
                   "Write the history there as JSON lines, - for standard output")
      ->needs(days);
}

void add_collectors(CLI::App& app, cli::CollectorsOptions& options) {
  auto* collectors = app.add_subcommand("collectors", "The collectors of a running agent");
  collectors->require_subcommand(1);
  auto* ls = collectors->add_subcommand("ls", "List them with their state");
  cli::add_agent(*ls, options.agent, "The agent");
  ls->add_flag("--json", options.json, "As the agent answers");
  for (const auto& [name, help] :
       {std::pair("pause", "Stop reading until it is resumed"), std::pair("resume", "Go on")}) {
    auto* command = collectors->add_subcommand(name, help);
    command->add_option("name", options.name, "The collector")->required();
    cli::add_agent(*command, options.agent, "The agent");
  }
}

void add_dead_letters(CLI::App& app, cli::DeadLettersOptions& options) {
  auto* letters = app.add_subcommand("dead-letters", "What a running agent refused");
  letters->require_subcommand(1);
  const auto filters = [&](CLI::App& command) {
    cli::add_agent(command, options.agent, "The agent");
    command.add_option("--origin", options.origin, "Only of collector:NAME or exporter:NAME");
    command.add_option("--reason", options.reason, "Only with this reason, such as invalid_event");
    command.add_option("--type", options.type, "Only this event type or alias");
    command.add_option("--since", options.since, "Arrival from (-24h, 2025-01-15T10:30:00Z)");
    command.add_option("--until", options.until, "Arrival before");
  };
  auto* ls = letters->add_subcommand("ls", "List them, newest first");
  filters(*ls);
  ls->add_option("--limit", options.limit, "At most so many; 0: all")->capture_default_str();
  ls->add_flag("--json", options.json, "As the agent answers");
  auto* show = letters->add_subcommand("show", "One with its body");
  show->add_option("id", options.ids, "Its number, as ls shows it")->required();
  cli::add_agent(*show, options.agent, "The agent");
  show->add_flag("--json", options.json, "As the agent answers");
  auto* retry = letters->add_subcommand("retry", "Take them in, or deliver them, again");
  auto* purge = letters->add_subcommand("purge", "Remove them for good");
  for (auto* command : {retry, purge}) {
    command->add_option("id", options.ids, "Their numbers, instead of a filter");
    filters(*command);
    command->add_flag("--all", options.all, "All of them");
  }
  retry->add_flag("--json", options.json, "As the agent answers");
}

void add_import(CLI::App& app, cli::ImportOptions& options) {
  auto* import = app.add_subcommand("import", "Take in events from JSON Lines");
  import->add_option("file", options.file, "JSON Lines, plain, gzip or zstd; - is standard input")
      ->required();
  auto* url = cli::add_agent(*import, options.agent, "Through this running agent");
  import
      ->add_option("-d,--data-dir", options.data_dir,
                   "Instead: straight into the journal of a stopped agent")
      ->excludes(url);
  import->add_option("-c,--config", options.config_file,
                     "With --data-dir: that agent's configuration");
  import->add_option("--type", options.type, "Event type or alias of events that name none");
  import->add_flag("--restart", options.restart, "From the beginning, not where a run ended");
}

void add_export(CLI::App& app, cli::ExportOptions& options) {
  auto* command = app.add_subcommand("export", "Write events to a file, oldest first");
  auto* url = cli::add_agent(*command, options.agent, "Of this running agent");
  command
      ->add_option("-d,--data-dir", options.data_dir,
                   "Instead: from the journal of a stopped agent")
      ->excludes(url);
  command->add_option("-c,--config", options.config_file,
                      "With --data-dir: that agent's configuration");
  command->add_option("--type", options.type, "Only this event type or alias");
  command->add_option("--workload", options.workload, "Only this workload");
  command->add_option("--cluster", options.cluster, "Only this cluster");
  command->add_option("--source", options.source, "Only this source");
  command->add_option("--severity", options.severity, "Only this severity");
  command->add_option("--q", options.q, "Only bodies with this text");
  command->add_option("--since", options.since, "Event time from (-24h, 2025-01-15T10:30:00Z)");
  command->add_option("--until", options.until, "Event time before");
  command->add_option("--received-since", options.received_since, "Arrival from");
  command->add_option("--received-until", options.received_until, "Arrival before");
  command->add_option("--order", options.order, "By event time")
      ->check(CLI::IsMember({"asc", "desc"}))
      ->capture_default_str();
  command->add_option("--limit", options.limit, "At most so many events; 0: all")
      ->capture_default_str();
  command
      ->add_option("--format", options.format,
                   "ndjson: what `import` takes back; csv; body: only what was posted")
      ->check(CLI::IsMember({"ndjson", "csv", "body"}))
      ->capture_default_str();
  command
      ->add_option("-o,--output", options.file,
                   "A file, made when it is whole; - is standard output")
      ->capture_default_str();
  command->add_option("--compress", options.compress, "Instead of by the file's name, .gz or .zst")
      ->check(CLI::IsMember({"gzip", "zstd", "none"}));
}

void add_replay(CLI::App& app, cli::ReplayOptions& options) {
  auto* replay = app.add_subcommand(
      "replay", "Have a running agent send events to one exporter once more; Ctrl-C cancels it");
  cli::add_agent(*replay, options.agent, "The agent");
  replay->add_option("--exporter", options.exporter, "Its name")->required();
  auto* from = replay->add_option("--from", options.from, "From (-24h, 2025-01-15T10:30:00Z)");
  replay->add_option("--to", options.to, "Before (default: now)")->needs(from);
  replay
      ->add_option("--time", options.time,
                   "Which time: when they arrived (received, the default), or their own (event)")
      ->check(CLI::IsMember({"received", "event"}))
      ->needs(from);
  replay->add_option("--after", options.after, "Behind this position, where an earlier one ended")
      ->needs(from);
  auto* detach = replay->add_flag("--detach", options.detach, "Start it and return")->needs(from);
  auto* wait = replay->add_flag("--wait", options.wait, "Start none: follow the one that runs")
                   ->excludes(from)
                   ->excludes(detach);
  replay->add_flag("--cancel", options.cancel, "Start none: end the one that runs")
      ->excludes(from)
      ->excludes(wait);
}

void add_report(CLI::App& app, cli::ReportOptions& options) {
  auto* report = app.add_subcommand("report", "Reports of a running agent");
  report->require_subcommand(1);
  auto* audit = report->add_subcommand(
      "audit", "Who did what, when, where and why, and proof that it was not changed");
  cli::add_agent(*audit, options.agent, "The agent");
  auto* since =
      audit->add_option("--since", options.since, "Event time from (-24h, 2025-01-15T10:30:00Z)");
  auto* until = audit->add_option("--until", options.until, "Event time before (default: now)");
  audit->add_option("--time-range", options.time_range, "Instead: that long, ending now [30d]")
      ->excludes(since)
      ->excludes(until);
  audit->add_option("--zone", options.zone, "Time zone, such as Asia/Seoul");
  audit->add_option("--type", options.type, "Only this event type or alias");
  audit->add_option("--cluster", options.cluster, "Only this cluster");
  audit->add_option("--workload", options.workload, "Only this workload");
  audit->add_option("--actor", options.actor, "Only what this person or program did");
  audit
      ->add_option("--format", options.format,
                   "Instead of by the file's name; without one either json")
      ->check(CLI::IsMember({"json", "jsonl", "csv", "html"}));
  audit->add_option("--lang", options.lang, "Of HTML")->check(CLI::IsMember({"ko", "en"}));
  audit
      ->add_option("-o,--output", options.file,
                   "A file, made when it is whole; - is standard output")
      ->capture_default_str();
}

void add_rollups(CLI::App& app, cli::RollupsOptions& options) {
  auto* rollups = app.add_subcommand("rollups", "The sums behind /analytics of a running agent");
  rollups->require_subcommand(1);
  auto* ls = rollups->add_subcommand("ls", "How far they are");
  cli::add_agent(*ls, options.agent, "The agent");
  ls->add_flag("--json", options.json, "As the agent answers");
  auto* rebuild = rollups->add_subcommand("rebuild", "Make hours anew from their events");
  cli::add_agent(*rebuild, options.agent, "The agent");
  rebuild->add_option("--since", options.since,
                      "Event time from (-24h, 2025-01-15T10:30:00Z); with --pg also none: from the "
                      "first row on");
  rebuild->add_option("--until", options.until,
                      "Event time before (default: now; with --pg behind the last row)");
  auto* pg = rebuild->add_option(
      "--pg", options.pg,
      "Instead of an agent's, those of a PostgreSQL database, from its rows: "
      "postgresql://user@host:port/database (the password in PGPASSWORD or ~/.pgpass), as a role "
      "that may write; agents may go on storing");
  rebuild->add_option("--pg-schema", options.pg_schema, "Its schema [kcloud_audit]")->needs(pg);
  rebuild
      ->add_option("-c,--config", options.config_file,
                   "The agents' configuration: its event types, objectives and zone are counted by")
      ->needs(pg);
}

void add_tail(CLI::App& app, cli::TailOptions& options) {
  auto* tail = app.add_subcommand("tail", "Follow the live stream of a running agent");
  cli::add_agent(*tail, options.agent, "The agent");
  tail->add_option("--type", options.type, "Only this event type or alias");
  tail->add_option("--workload", options.workload, "Only this workload");
  tail->add_option("--cluster", options.cluster, "Only this cluster");
  tail->add_option("--source", options.source, "Only this source");
  tail->add_option("--severity", options.severity, "Only this severity");
  tail->add_option("--q", options.q, "Only bodies with this text");
  tail->add_option("--since", options.since,
                   "First the stored events since then (-1h, 2025-01-15T10:30:00Z)");
  tail->add_option("-n,--last", options.last, "First the newest N stored events")
      ->capture_default_str();
  tail->add_flag("--json", options.json, "The events as JSON, one a line");
}

void add_top(CLI::App& app, cli::TopOptions& options) {
  auto* top = app.add_subcommand("top", "Show a running agent's figures, live");
  cli::add_agent(*top, options.agent, "The agent");
  top->add_option("--interval", options.interval, "How often it is asked")->capture_default_str();
  auto* once = top->add_flag("--once", options.once, "One screen as text");
  top->add_flag("--batch", options.batch, "A line of text an interval")->excludes(once);
}

void add_audit(CLI::App& app, cli::AuditOptions& options, agent::NewChainOptions& new_chain) {
  auto* audit = app.add_subcommand("audit", "The chain of sealed batches");
  audit->require_subcommand(1);
  auto* verify =
      audit->add_subcommand("verify",
                            "Whether what is stored is what was sealed; also beside a running "
                            "agent. Exit code 0: yes, 1: "
                            "no, each damaged batch is named, 2: it could not be checked");
  verify->add_option("-d,--data-dir", options.data_dir, "Data directory")->capture_default_str();
  auto* pg = verify->add_option("--pg", options.pg,
                                "Instead of a data directory, all chains of a PostgreSQL database: "
                                "postgresql://user@host:port/database (the password in PGPASSWORD "
                                "or ~/.pgpass)");
  verify->add_option("--pg-schema", options.pg_schema, "Its schema [kcloud_audit]")->needs(pg);
  verify
      ->add_option("-c,--config", options.config_file,
                   "The agents' configuration: its event types say what columns must hold")
      ->needs(pg);
  verify->add_option("--from", options.from,
                     "Read the events of batches sealed from here (RFC 3339 or a date, UTC); the "
                     "links of all others are checked too");
  verify->add_option("--to", options.to, "And before this");
  verify->add_option("--heads", options.heads,
                     "Checkpoints or seals kept elsewhere, one a line; - is standard input");
  verify
      ->add_option("--public-key", options.public_key,
                   "PEM file; each line must be signed with its key")
      ->needs("--heads");
  verify->add_flag("--json", options.json, "One JSON object a chain");
  auto* renew = audit->add_subcommand(
      "new-chain",
      "A stopped agent's directory is a copy, or was set back: go on with a new chain that follows "
      "the last batch in common; what lies behind it is sealed again");
  renew->add_option("-d,--data-dir", new_chain.data_dir, "Data directory")->capture_default_str();
  renew
      ->add_option("--after", new_chain.after,
                   "The last batch in common, as the agent's log and /health say it; 0: none")
      ->required();
  renew->add_option("--reason", new_chain.reason, "Kept in the event that tells of it")->required();
}

}  // namespace kcloud
