#include "agent/cli/demo.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <random>

#include "agent/cli/demo_fleet.h"
#include "agent/cli/demo_poster.h"
#include "agent/cli/interrupt.h"
#include "core/json.h"

namespace kcloud::cli {
namespace {

using std::chrono::steady_clock;
constexpr double kRequestsPerSecond = 20;

std::string next_body(Fleet& fleet, const core::Clock& clock, std::uint64_t events) {
  if (events == 1) return fleet.next(clock.now());
  std::string body = "[";
  for (std::uint64_t i = 0; i < events; ++i) {
    core::append_comma(body);
    body += fleet.next(clock.now());
  }
  return body + "]";
}

}  // namespace

std::uint64_t events_per_request(double rate) {
  return static_cast<std::uint64_t>(std::clamp(rate / kRequestsPerSecond, 1.0, 500.0));
}

int demo(const DemoOptions& options) {
  if (options.days > 0) return demo_past(options);
  if (!(options.rate > 0) || options.rate > 1e6) {
    fmt::print(stderr, "demo: --rate must be between 0 and 1000000 events/s\n");
    return 2;
  }
  const Interrupt interrupt;
  const core::SystemClock clock;
  Fleet fleet(options.seed != 0 ? options.seed : std::random_device{}());
  const auto start = steady_clock::now();
  Display display(start);
  Poster poster(options, display, interrupt.token());
  Progress progress;
  progress.goal = options.count;
  const std::uint64_t batch = events_per_request(options.rate);
  bool answered = true;
  while (answered && (options.count == 0 || progress.done() < options.count)) {
    const std::uint64_t events =
        options.count == 0 ? batch : std::min(batch, options.count - progress.done());
    answered = poster.post(next_body(fleet, clock, events), events, progress);
    if (!answered) break;
    display.update(progress, false);
    const auto due =
        start + std::chrono::duration_cast<steady_clock::duration>(std::chrono::duration<double>(
                    static_cast<double>(progress.done()) / options.rate));
    if (!wait_until(due, interrupt.token())) break;
  }
  if (progress.done() == 0) return interrupt.token().stop_requested() ? 0 : 1;
  display.update(progress, true);
  fmt::print("{}\n", summary(progress));
  const bool stopped = interrupt.token().stop_requested();
  return progress.rejected == 0 && (answered || stopped) ? 0 : 1;
}

}  // namespace kcloud::cli
