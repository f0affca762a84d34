#include "agent/cli/rules_backtest.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "agent/api/event_query.h"
#include "agent/cli/interrupt.h"
#include "agent/cli/rules_backtest_report.h"
#include "agent/cli/rules_drive.h"
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
  explicit Progress(const BacktestRange& range) : range_(range) {}
  ~Progress() {
    if (shown_) fmt::print(stderr, "\r\x1b[K");
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
  const BacktestRange range_;
  const bool terminal_ = ::isatty(STDERR_FILENO) == 1;
  steady_clock::time_point next_{};
  bool shown_ = false;
};

BacktestRange range_of(const RulesBacktestOptions& options, const rules::RuleSet& rules,
                       core::Time now) {
  const auto read = [&](const char* option, const std::string& text) {
    const auto time = parse_past(text, now);
    if (!time)
      throw std::runtime_error(fmt::format(
          "{}: '{}' is no time. Expected 7d, -24h or 2025-01-15T10:30:00Z", option, text));
    return *time;
  };
  BacktestRange range;
  range.now = now;
  range.since = read("--since", options.since);
  range.until = options.until.empty() ? now : read("--until", options.until);
  if (range.since >= range.until) throw std::runtime_error("--since is not before --until");
  rules::Duration longest{0};
  for (const rules::Group& group : rules.groups)
    for (const rules::Rule& rule : group.rules)
      if (rule.enabled) longest = std::max(longest, reach(rule));
  range.from = std::max(range.since - longest, core::Time());
  return range;
}

// The events through the rules. False: interrupted.
bool run(StoredEvents& events, const BacktestRange& range,
         const std::shared_ptr<const rules::RuleSet>& rules, BacktestReport& report,
         const std::stop_token& stop) {
  Progress progress(range);
  RulesDrive drive(rules);
  std::vector<rules::Transition> transitions;
  std::optional<core::Time> first;
  std::uint64_t count = 0;
  const auto flush = [&] {
    report.take(transitions);
    transitions.clear();
  };
  for (core::EventBatch batch; events.next(batch); batch = core::EventBatch()) {
    for (const core::Event& event : batch.events) {
      if (stop.stop_requested()) return false;
      const core::Time time = rules::effective_time(event);
      first = std::min(first.value_or(time), time);
      if (time >= range.since) ++count;
      drive.add(event, transitions);
      flush();
      progress.show(time, count);
    }
    if (stop.stop_requested()) return false;
  }
  drive.finish(range.until, transitions);
  flush();
  report.finish(first, count);
  return true;
}

int backtest(const RulesBacktestOptions& options, const std::stop_token& stop) {
  const auto catalogue = catalogue_of(options.config_file);
  const auto files = read_rule_files(options.paths);
  const rules::Loaded loaded = rules::load(files, catalogue);
  tell(loaded.problems, files);
  if (!loaded.ok()) return 1;
  const auto rules = loaded.rules;
  const auto range = range_of(options, *rules, core::SystemClock().now());
  const auto events = options.data_dir.empty() ? agent_events(options.agent, catalogue, range, stop)
                                               : journal_events(options.data_dir, catalogue, range);
  const bool json = options.format == "json";
  // Written as they end, so that memory does not follow their number.
  if (json) fmt::print("{{\"alerts\":[");
  bool any = false;
  BacktestReport report(rules, range, [&](const rules::Alert& alert) {
    if (!json) return;
    std::string text = any ? ",\n" : "\n";
    append_alert_json(text, alert);
    fmt::print("{}", text);
    any = true;
  });
  const bool whole = run(*events, range, rules, report, stop);
  if (!whole) {
    fmt::print(stderr, "error: interrupted\n");
    return kExitFailed;
  }
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
  return agent::guarded([&] { return backtest(options, interrupt.token()); });
}

}  // namespace kcloud::cli
