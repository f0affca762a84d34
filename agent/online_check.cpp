#include "agent/online_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <iterator>
#include <thread>
#include <utility>

#include "agent/exit_code.h"
#include "agent/logging.h"
#include "agent/plugins.h"

namespace kcloud::agent {

namespace {

using Outcome = core::ProbeStep::Outcome;
using Steps = std::vector<core::ProbeStep>;

constexpr std::chrono::seconds kInterruption{2};

const char* word(Outcome outcome) {
  switch (outcome) {
    case Outcome::kPassed:
      return "passed";
    case Outcome::kFailed:
      return "FAILED";
    case Outcome::kSkipped:
      break;
  }
  return "skipped";
}

struct Sums {
  std::size_t passed = 0, failed = 0, skipped = 0;

  void add(const std::string& sink, const Steps& steps) {
    for (const auto& step : steps) {
      passed += step.outcome == Outcome::kPassed;
      failed += step.outcome == Outcome::kFailed;
      skipped += step.outcome == Outcome::kSkipped;
      fmt::print("{}\n", step_line(sink, step));
    }
    std::fflush(stdout);
  }
};

// An interrupted step only says that it was: why is known here.
void blame_time(Steps& steps, std::chrono::milliseconds limit) {
  const auto failed = std::ranges::find(steps, Outcome::kFailed, &core::ProbeStep::outcome);
  const std::string why = fmt::format("not done within {} ms (--timeout)", limit.count());
  if (failed != steps.end())
    failed->detail = why;
  else
    steps.push_back({"probe", Outcome::kFailed, why});
}

}  // namespace

Probed probe(std::shared_ptr<core::Exporter> exporter, std::chrono::milliseconds limit) {
  std::packaged_task<Steps()> task([exporter]() -> Steps {
    try {
      return exporter->probe();
    } catch (const std::exception& error) {
      return {{"probe", Outcome::kFailed, error.what()}};
    }
  });
  auto done = task.get_future();
  std::thread thread(std::move(task));
  const bool in_time = done.wait_for(limit) == std::future_status::ready;
  if (!in_time) exporter->interrupt();
  Probed probed;
  if (in_time || done.wait_for(kInterruption) == std::future_status::ready) {
    thread.join();
    probed.steps = done.get();
  } else {
    thread.detach();
    probed.abandoned = true;
  }
  if (!in_time) blame_time(probed.steps, limit);
  return probed;
}

std::string step_line(const std::string& sink, const core::ProbeStep& step) {
  std::string line = fmt::format("{}: {}: {}", sink, step.what, word(step.outcome));
  if (!step.detail.empty()) line += " (" + step.detail + ")";
  std::ranges::replace_if(
      line, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return line;
}

int check_online(const Overrides& overrides, std::chrono::milliseconds limit) {
  return guarded([&] {
    const config::Config config = load_or_throw(overrides);
    set_up_logging({.level = "warn", .format = "auto"});
    Sums sums;
    bool abandoned = false;
    for (const auto& exporter : config.exporters) {
      if (!exporter.enabled) {
        sums.add(exporter.name, {{"probe", Outcome::kSkipped, "enabled: false"}});
        continue;
      }
      const auto probed = probe(make_exporter(exporter, config), limit);
      sums.add(exporter.name, probed.steps);
      abandoned = abandoned || probed.abandoned;
    }
    fmt::print("{} passed, {} failed, {} skipped{}\n", sums.passed, sums.failed, sums.skipped,
               config.exporters.empty() ? ": no exporters are configured" : "");
    const int code = sums.failed == 0 ? 0 : 1;
    if (abandoned) {
      std::fflush(stdout);
      std::_Exit(code);
    }
    return code;
  });
}

}  // namespace kcloud::agent
