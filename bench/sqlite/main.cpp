// bench_sqlite: bare SQLite commits at a given rate of events, no HTTP, no JSON. Latency from the
// intended time of an event to the end of the commit that holds it: what the acknowledgement's
// latency is compared with.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <random>

#include "bench/body/body.h"
#include "bench/loadgen/histogram.h"
#include "bench/store/writer.h"

namespace {

using namespace kcloud::bench;
using std::chrono::steady_clock;

struct Options {
  std::string directory = "build/bench/sqlite";
  double rate = 5000;
  double seconds = 5;
  std::size_t group = 2000;
  bool json = false;
};

struct Single final : Ticket {
  steady_clock::time_point intended;
};

// One event whose id is random below its time, as a hash's would be.
std::shared_ptr<Single> make_event(const BodyTemplate& body, TimeText& time, std::uint64_t number,
                                   std::mt19937_64& random) {
  auto ticket = std::make_shared<Single>();
  Batch& batch = ticket->batch;
  batch.memory = body.text();
  const std::int64_t ms = unix_ms_now();
  body.patch(batch.memory.data(), number, time.at(ms));
  const std::string_view text = batch.memory;
  Row row;
  row.time = ms * 1'000'000;
  row.received = row.time;
  const std::uint64_t front = __builtin_bswap64(static_cast<std::uint64_t>(ms) << 16);
  std::memcpy(row.id.data(), &front, 6);
  for (std::size_t at = 0; at < row.hash.size(); at += 8) {
    const std::uint64_t word = random();
    std::memcpy(row.hash.data() + at, &word, 8);
  }
  std::memcpy(row.id.data() + 6, row.hash.data(), 10);
  row.type_name = "scheduling_decision";
  row.source = "kcloud-meta-scheduler";
  row.workload = text.substr(text.find("ml-training-job-"), 21);
  row.cluster = text.substr(text.find("gpu-cluster-0"), 14);
  row.body = text;
  batch.rows.push_back(row);
  return ticket;
}

Histogram measure(const Options& options) {
  std::filesystem::create_directories(options.directory);
  Store store(options.directory + "/journal.db");
  Histogram latency;  // the writer's thread alone touches it until the writer is gone
  std::atomic<std::uint64_t> done{0};
  std::uint64_t sent = 0;
  {
    Writer writer(store, options.group, [&](const Tickets& group) {
      const auto now = steady_clock::now();
      for (const auto& ticket : group) {
        latency.record(now - static_cast<const Single&>(*ticket).intended);
      }
      done += group.size();
      done.notify_one();
    });
    std::mt19937_64 random(std::random_device{}());
    const BodyTemplate body(std::random_device{}());
    TimeText time;
    const auto interval = std::chrono::nanoseconds(static_cast<std::int64_t>(1e9 / options.rate));
    const auto start = steady_clock::now();
    const auto end =
        start + std::chrono::nanoseconds(static_cast<std::int64_t>(options.seconds * 1e9));
    for (auto due = start; due < end; due += interval) {
      std::this_thread::sleep_until(due);
      auto ticket = make_event(body, time, sent++, random);
      ticket->intended = due;
      writer.submit(std::move(ticket));
    }
    for (std::uint64_t seen = done; seen < sent; seen = done) done.wait(seen);
  }
  return latency;
}

double ms(std::chrono::nanoseconds value) { return static_cast<double>(value.count()) / 1e6; }

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Bare SQLite commits at a rate"};
  Options options;
  app.add_option("--data-dir", options.directory, "where the database is made")
      ->capture_default_str();
  app.add_option("--rate", options.rate, "events/s")->capture_default_str();
  app.add_option("--seconds", options.seconds, "how long")->capture_default_str();
  app.add_option("--group", options.group, "most events a commit")->capture_default_str();
  app.add_flag("--json", options.json, "print one JSON object");
  CLI11_PARSE(app, argc, argv);
  try {
    const Histogram latency = measure(options);
    fmt::print(
        fmt::runtime(
            options.json
                ? R"({{"events":{},"p50_ms":{:.3f},"p90_ms":{:.3f},"p99_ms":{:.3f},"max_ms":{:.3f}}})"
                  "\n"
                : "{} events; latency ms: p50 {:.3f}  p90 {:.3f}  p99 {:.3f}  max {:.3f}\n"),
        latency.count(), ms(latency.quantile(0.5)), ms(latency.quantile(0.9)),
        ms(latency.quantile(0.99)), ms(latency.max()));
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "bench_sqlite: " << error.what() << "\n";
    return 1;
  }
}
