#include "agent/commands.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <limits>
#include <stdexcept>
#include <string_view>

#include "agent/exit_code.h"
#include "agent/journal/cursor_name.h"
#include "agent/journal/reader.h"
#include "agent/logging.h"
#include "core/event_id.h"

namespace kcloud::agent {

namespace {

int with_journal(const std::string& data_dir,
                 const std::function<int(journal::Journal&)>& command) {
  return guarded([&] {
    set_up_logging({.level = "warn", .format = "auto"});
    if (!std::filesystem::exists(data_dir + "/journal.db")) {
      throw std::runtime_error("no journal in " + data_dir +
                               ". Hint: name its directory with --data-dir");
    }
    core::SystemClock clock;
    journal::Journal journal(unlimited_journal(data_dir), clock);
    return command(journal);
  });
}

constexpr std::string_view kExporter = "exporter:";

// Events, or batches of the audit chain that the name ends with.
std::uint64_t behind(const journal::Journal& journal, const journal::CursorInfo& cursor) {
  if (!journal::counts_batches(cursor.name))
    return journal.head() > cursor.seq ? journal.head() - cursor.seq : 0;
  const auto chain = core::parse_event_id(cursor.name.substr(cursor.name.rfind(':') + 1));
  const auto all = std::numeric_limits<std::int64_t>::max();
  return chain ? journal.reader()->seals_after(chain->bytes, cursor.seq, all).size() : 0;
}

}  // namespace

int check_configuration(const Overrides& overrides) {
  config::Problems problems;
  const config::Config config = load(overrides, problems, check_tls);
  for (const auto& problem : problems) fmt::print(stderr, "{}\n", problem.to_string());
  if (!problems.empty()) {
    fmt::print(stderr, "{} {}\n", problems.size(), problems.size() == 1 ? "problem" : "problems");
    return kExitBadConfiguration;
  }
  fmt::print("{}: ok, {} event types, {} exporters\n",
             overrides.config_file.empty() ? "built-in defaults" : overrides.config_file,
             config.catalogue->types().size(), config.exporters.size());
  return 0;
}

int check_journal(const std::string& data_dir) {
  return guarded([&] {
    const bool terminal = isatty(STDERR_FILENO) == 1;
    const auto report = journal::check(data_dir, [&](std::uint64_t done, std::uint64_t total) {
      if (terminal && total > 0)
        fmt::print(stderr, "\r{} of {} events ({} %)", done, total, done * 100 / total);
    });
    if (terminal) fmt::print(stderr, "\n");
    for (const auto& problem : report.problems) fmt::print("{}\n", problem);
    fmt::print("{} events, {} damaged, {} missing: {}\n", report.events, report.damaged_events,
               report.missing_events, report.ok() ? "ok" : "damaged");
    return report.ok() ? 0 : 1;
  });
}

int list_cursors(const std::string& data_dir) {
  return with_journal(data_dir, [](journal::Journal& journal) {
    const auto cursors = journal.cursors();
    std::size_t width = 32;
    for (const auto& cursor : cursors) width = std::max(width, cursor.name.size());
    fmt::print("{:<{}} {:>14} {:>14}  {}\n", "CURSOR", width, "POSITION", "BEHIND", "MOVED");
    for (const auto& cursor : cursors) {
      fmt::print("{:<{}} {:>14} {:>14}  {}\n", cursor.name, width, cursor.seq,
                 behind(journal, cursor),
                 core::format_time(std::chrono::floor<std::chrono::seconds>(cursor.updated)));
    }
    return 0;
  });
}

int drop_cursor(const std::string& data_dir, const std::string& name) {
  return with_journal(data_dir, [&](journal::Journal& journal) {
    if (!journal.drop_cursor(name)) {
      fmt::print(stderr, "error: no cursor '{}'. Hint: `cursors ls` shows them\n", name);
      return 1;
    }
    fmt::print("dropped {}\n", name);
    if (!name.starts_with(kExporter)) return 0;
    const auto seals = journal::seals_cursors(name.substr(kExporter.size()));
    for (const auto& cursor : journal.cursors()) {
      if (cursor.name.starts_with(seals) && journal.drop_cursor(cursor.name))
        fmt::print("dropped {}\n", cursor.name);
    }
    return 0;
  });
}

}  // namespace kcloud::agent
