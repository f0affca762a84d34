// What the commands of the command line are called and take; what they do is elsewhere.
#pragma once

#include <CLI/CLI.hpp>

#include "agent/cli/audit.h"
#include "agent/cli/collectors.h"
#include "agent/cli/dead_letters.h"
#include "agent/cli/demo.h"
#include "agent/cli/export.h"
#include "agent/cli/import.h"
#include "agent/cli/replay.h"
#include "agent/cli/report.h"
#include "agent/cli/rollups.h"
#include "agent/cli/tail.h"
#include "agent/cli/top.h"
#include "agent/new_chain.h"
#include "agent/startup.h"

namespace kcloud {

void add_run(CLI::App& app, agent::Overrides& overrides);
void add_demo(CLI::App& app, cli::DemoOptions& options);
void add_collectors(CLI::App& app, cli::CollectorsOptions& options);
void add_dead_letters(CLI::App& app, cli::DeadLettersOptions& options);
void add_import(CLI::App& app, cli::ImportOptions& options);
void add_export(CLI::App& app, cli::ExportOptions& options);
void add_replay(CLI::App& app, cli::ReplayOptions& options);
void add_report(CLI::App& app, cli::ReportOptions& options);
void add_rollups(CLI::App& app, cli::RollupsOptions& options);
void add_tail(CLI::App& app, cli::TailOptions& options);
void add_top(CLI::App& app, cli::TopOptions& options);
void add_audit(CLI::App& app, cli::AuditOptions& options, agent::NewChainOptions& new_chain);

}  // namespace kcloud
