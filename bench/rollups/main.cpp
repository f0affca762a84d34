// bench_rollups: what adding events up costs. Decoded events into cells, taken as the rollups' loop
// takes them; into deltas, as a delivery to PostgreSQL makes them; and adding those up. One thread;
// CPU time. Prints one JSON object, in ns an event.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ctime>
#include <iostream>
#include <unordered_map>

#include "bench/body/body.h"
#include "config/config.h"
#include "core/decode.h"
#include "rollups/accumulator.h"

namespace {

using namespace kcloud;

struct Options {
  std::uint64_t events = 200'000;
  std::uint64_t rate = 20'000;  // events a second of their times
  std::uint64_t take = 20'000;
  std::uint64_t delta = 1'000;
  std::uint32_t rounds = 5;
};

double cpu_ns() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

using Kept = std::unordered_map<rollups::CellKey, std::string, rollups::CellKeyHash>;

std::string find(const Kept& kept, const rollups::CellKey& key) {
  const auto found = kept.find(key);
  return found == kept.end() ? std::string() : found->second;
}

std::uint64_t keep(Kept& kept, rollups::Accumulator::Changes changes) {
  std::uint64_t bytes = 0;
  for (auto& [key, value] : changes.cells) {
    bytes += value.size();
    kept[key] = std::move(value);
  }
  return bytes;
}

struct Bench {
  Options options;
  std::shared_ptr<const core::Catalogue> catalogue;
  std::shared_ptr<const rollups::Plan> plan;
  core::EventBatch batch;

  void decode() {
    config::Problems problems;
    catalogue = config::parse_catalogue(std::string(config::embedded_event_types()),
                                        "event-types.yaml", problems);
    plan = std::make_shared<const rollups::Plan>(catalogue, std::vector<rollups::Judged>());
    const bench::BodyTemplate body(1);
    bench::TimeText time;
    core::Decoder decoder(*catalogue, {});
    std::vector<core::FieldError> errors;
    std::vector<std::string_view> warnings;
    core::TransportHints hints;
    hints.received = core::SystemClock().now();
    const auto begin = bench::unix_ms_now() - 60'000;
    std::string text = body.text();
    for (std::uint64_t i = 0; i < options.events; ++i) {
      const auto ms = begin + static_cast<std::int64_t>(i * 1000 / options.rate);
      body.patch(text.data(), i, time.at(ms));
      if (!decoder.decode(text, hints, batch, errors, warnings))
        throw std::runtime_error("the body does not fit the catalogue");
      batch.events.back().received = hints.received;
    }
  }

  double cells() {
    Kept kept;
    rollups::Dictionary dictionary;
    rollups::Accumulator sums(plan, dictionary,
                              [&](const rollups::CellKey& key) { return find(kept, key); });
    const double begin = cpu_ns();
    const std::span<const core::Event> all(batch.events);
    for (std::size_t from = 0; from < all.size(); from += options.take) {
      sums.add(all.subspan(from, std::min(options.take, all.size() - from)));
      keep(kept, sums.take());
    }
    return (cpu_ns() - begin) / static_cast<double>(options.events);
  }

  // Making deltas and, of all of them, adding them up.
  std::pair<double, double> deltas() {
    std::vector<std::string> made;
    const double begin = cpu_ns();
    for (std::size_t from = 0; from < batch.events.size(); from += options.delta) {
      rollups::Dictionary own;
      rollups::Accumulator sums(plan, own, [](const rollups::CellKey&) { return std::string(); },
                                {.cache_bytes = static_cast<std::size_t>(-1)});
      const std::span<const core::Event> all(batch.events);
      sums.add(all.subspan(from, std::min(options.delta, all.size() - from)));
      auto changes = sums.take();
      made.push_back(rollups::encode(rollups::Delta{own.take_names(), own.take_series(),
                                                    std::move(changes.cells),
                                                    std::move(changes.minutes_begun)}));
    }
    const double between = cpu_ns();
    Kept kept;
    rollups::Dictionary dictionary;
    rollups::Accumulator sums(plan, dictionary,
                              [&](const rollups::CellKey& key) { return find(kept, key); });
    for (const auto& bytes : made) sums.add(*rollups::decode_delta(bytes));
    keep(kept, sums.take());
    const auto events = static_cast<double>(options.events);
    return {(between - begin) / events, (cpu_ns() - between) / events};
  }
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  Bench bench;
  CLI::App app("What adding events up costs");
  app.add_option("--events", bench.options.events, "How many")->capture_default_str();
  app.add_option("--rate", bench.options.rate, "Events a second of their times")
      ->capture_default_str();
  app.add_option("--take", bench.options.take, "Cells are taken after so many")
      ->capture_default_str();
  app.add_option("--delta", bench.options.delta, "Events of a delta")->capture_default_str();
  app.add_option("--rounds", bench.options.rounds, "Medians of so many")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  bench.decode();
  std::vector<double> cells;
  std::vector<double> making;
  std::vector<double> adding;
  for (std::uint32_t i = 0; i < bench.options.rounds; ++i) {
    cells.push_back(bench.cells());
    const auto [made, added] = bench.deltas();
    making.push_back(made);
    adding.push_back(added);
  }
  fmt::print("{{\"cells_ns\":{:.0f},\"deltas_ns\":{:.0f},\"adding_deltas_ns\":{:.0f}}}\n",
             median(cells), median(making), median(adding));
}
