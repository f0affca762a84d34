// The file collector's own part: reads and decodes the files that a glob names, before a sink that
// takes everything at once. Prints the CPU time a line, or what idle files cost.
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "collectors/file/collector.h"

namespace {

using namespace std::chrono_literals;
using kcloud::core::CommitStatus;

class TakingSink final : public kcloud::core::EventSink {
 public:
  void accept(std::unique_ptr<kcloud::core::Intake> intake,
              kcloud::core::Completion done) override {
    events += intake->batch.events.size();
    done(CommitStatus::kCommitted, std::move(intake));
  }
  std::atomic<std::size_t> events = 0;
};

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

// bench_collectors_file GLOB STATE_DIR LINES [IDLE_SECONDS]
int main(int count, char** arguments) {
  if (count < 4) return 2;
  spdlog::set_level(spdlog::level::warn);
  const std::size_t lines = std::strtoull(arguments[3], nullptr, 10);
  const double idle = count > 4 ? std::strtod(arguments[4], nullptr) : 0;
  kcloud::config::Problems problems;
  const kcloud::core::SystemClock clock;
  kcloud::core::CollectorContext context;
  context.name = "files";
  context.catalogue =
      kcloud::config::load_catalogue({}, kcloud::config::Environment::system(), problems);
  context.decode.keep_fields = false;
  context.state_dir = arguments[2];
  context.clock = &clock;
  kcloud::file::Config config;
  config.paths = {arguments[1]};
  kcloud::file::Collector collector(config, context, 1000);
  TakingSink sink;
  const double before = cpu_seconds();
  const auto begin = std::chrono::steady_clock::now();
  std::jthread thread([&](std::stop_token stop) { collector.run(stop, sink); });
  while (sink.events < lines) std::this_thread::sleep_for(5ms);
  const double wall = seconds_since(begin), cpu = cpu_seconds() - before;
  const auto taken = static_cast<double>(lines);
  if (lines > 0)
    fmt::print("{{\"lines_per_s\": {:.0f}, \"cpu_us_per_line\": {:.2f}}}\n", taken / wall,
               cpu * 1e6 / taken);
  if (idle > 0) {
    std::this_thread::sleep_for(2s);  // the start is over
    const double idle_before = cpu_seconds();
    const auto idle_begin = std::chrono::steady_clock::now();
    std::this_thread::sleep_for(std::chrono::duration<double>(idle));
    fmt::print("{{\"idle_percent_of_a_core\": {:.3f}}}\n",
               100 * (cpu_seconds() - idle_before) / seconds_since(idle_begin));
  }
  return 0;
}
