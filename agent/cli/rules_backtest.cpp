#include "agent/cli/rules_backtest.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "agent/api/event_query.h"
#include "agent/backtest/run.h"
#include "agent/cli/interrupt.h"
#include "agent/cli/rules_files.h"
#include "agent/cli/transfer.h"
#include "agent/exit_code.h"
#include "rules/load.h"

namespace kcloud::cli {
namespace {

using agent::kExitFailed;
using std::chrono::steady_clock;

// How far it is, on one line of a terminal.
class Progress {
 public:
  explicit Progress(const backtest::Range& range) : range_(range) {}
  ~Progress() { clear(); }

  void clear() {
    if (shown_) fmt::print(stderr, "\r\x1b[K");
    shown_ = false;
  }

  void show(core::Time at, std::uint64_t events) {
    const auto now = steady_clock::now();
    if (!terminal_ || now < next_) return;
    next_ = now + std::chrono::milliseconds(200);
    const double whole = static_cast<double>((range_.until - range_.from).count());
    const double done = static_cast<double>((at - range_.from).count());
    fmt::print(stderr, "\r\x1b[K{:3.0f} %  {} events", std::clamp(done / whole, 0.0, 1.0) * 100,
               grouped(events));
    std::fflush(stderr);
    shown_ = true;
  }

 private:
  const backtest::Range range_;
  const bool terminal_ = ::isatty(STDERR_FILENO) == 1;
  steady_clock::time_point next_{};
  bool shown_ = false;
};

backtest::Range range_of(const RulesBacktestOptions& options, const rules::RuleSet& rules,
                         core::Time now) {
  const auto read = [&](const char* option, const std::string& text) {
    const auto time = parse_past(text, now);
    if (!time)
      throw std::runtime_error(fmt::format(
          "{}: '{}' is no time. Expected 7d, -24h or 2025-01-15T10:30:00Z", option, text));
    return *time;
  };
  const core::Time since = read("--since", options.since);
  const core::Time until = options.until.empty() ? now : read("--until", options.until);
  if (since >= until) throw std::runtime_error("--since is not before --until");
  return backtest::range_for(rules, since, until, now);
}

int run(const RulesBacktestOptions& options, const std::stop_token& stop) {
  const auto catalogue = catalogue_of(options.config_file);
  const auto files = read_rule_files(options.paths);
  const rules::Loaded loaded = rules::load(files, catalogue);
  tell(loaded.problems, files);
  if (!loaded.ok()) return 1;
  const auto rules = loaded.rules;
  const auto range = range_of(options, *rules, core::SystemClock().now());
  const auto events = options.data_dir.empty()
                          ? agent_events(options.agent, catalogue, range, stop)
                          : directory_events(options.data_dir, catalogue, range);
  const bool json = options.format == "json";
  // Written as they end, so that memory does not follow their number.
  if (json) fmt::print("{{\"alerts\":[");
  bool any = false;
  backtest::Report report(rules, range, [&](const rules::Alert& alert) {
    if (!json) return;
    std::string text = any ? ",\n" : "\n";
    backtest::append_alert_json(text, alert);
    fmt::print("{}", text);
    any = true;
  });
  Progress progress(range);
  const auto go_on = [&](core::Time at, std::uint64_t count) {
    progress.show(at, count);
    return !stop.stop_requested();
  };
  if (!backtest::run(*events, range, rules, report, go_on)) {
    progress.clear();
    fmt::print(stderr, "error: interrupted\n");
    return kExitFailed;
  }
  progress.clear();
  fmt::print("{}", json ? "],\n" + report.as_json() + "}\n" : report.as_text());
  return 0;
}

}  // namespace

std::optional<core::Time> parse_past(const std::string& text, core::Time now) {
  if (const auto duration = core::parse_duration(text)) return now - *duration;
  return api::parse_query_time(text, now, core::Zone());
}

int backtest_rules(const RulesBacktestOptions& options) {
  const Interrupt interrupt;
  return agent::guarded([&] { return run(options, interrupt.token()); });
}

}  // namespace kcloud::cli
