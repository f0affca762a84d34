// The Redis collector's own part: reads from a server into a sink that takes everything at once,
// and prints the CPU time of the collector's thread (user and system) for each event.
//
//   bench_collector_redis ADDRESS pubsub|stream|list EVENTS
// Prints `ready` when it is connected; ends after EVENTS events, or after 30 s without any.
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <time.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <thread>

#include "collectors/redis/collector.h"
#include "config/config.h"

namespace {

using namespace kcloud;

class Taker final : public core::EventSink {
 public:
  void accept(std::unique_ptr<core::Intake> intake, core::Completion done) override {
    events += intake->batch.events.size();
    refused += intake->refused.size();
    ++intakes;
    done(core::CommitStatus::kCommitted, std::move(intake));
  }
  std::atomic<std::uint64_t> events = 0;
  std::atomic<std::uint64_t> refused = 0;
  std::atomic<std::uint64_t> intakes = 0;
};

double thread_cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

bool reaches(const std::atomic<std::uint64_t>& events, std::uint64_t count) {
  std::uint64_t last = 0;
  auto moved = std::chrono::steady_clock::now();
  while (events < count) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    const auto now = std::chrono::steady_clock::now();
    if (std::exchange(last, events) != events) moved = now;
    if (now - moved > std::chrono::seconds(30)) return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  spdlog::set_level(spdlog::level::warn);  // it writes to standard output
  redis::Config config;
  config.addresses = {argv[1]};
  config.mode = argv[2];
  config.streams = {"scheduling_events"};
  config.lists = {"scheduling_events"};
  const std::uint64_t count = std::strtoull(argv[3], nullptr, 10);
  config::Problems problems;
  const core::SystemClock clock;
  core::CollectorContext context;
  context.name = "redis";
  context.agent = "bench";
  context.decode.keep_fields = false;  // as the agent has it
  context.catalogue = config::load_catalogue({}, config::Environment::system(), problems);
  context.clock = &clock;
  redis::Collector collector(config, context, config::CollectorConfig{}.batch_events);
  Taker sink;
  std::atomic<double> cpu = 0;
  std::jthread thread([&](std::stop_token stop) {
    collector.run(stop, sink);
    cpu = thread_cpu_seconds();
  });
  while (!collector.report().connected) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  std::cout << "ready" << std::endl;
  const bool whole = reaches(sink.events, count);
  thread.request_stop();
  thread.join();
  const auto events = static_cast<double>(sink.events);
  std::cout << fmt::format(
      "{{\"events\": {}, \"refused\": {}, \"intakes\": {}, \"cpu_us_per_event\": {:.2f}}}\n",
      sink.events.load(), sink.refused.load(), sink.intakes.load(), cpu * 1e6 / events);
  return whole ? 0 : 1;
}
