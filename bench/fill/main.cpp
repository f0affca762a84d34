// bench_fill: fills a data directory with events through the journal itself, as fast as it takes
// them, or a file with JSON Lines for `import`. Event times are spread over the last --days.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <condition_variable>
#include <fstream>
#include <iostream>
#include <mutex>
#include <random>

#include "agent/cli/demo_history.h"
#include "agent/journal/journal.h"
#include "bench/body/body.h"
#include "config/config.h"
#include "core/decode.h"

namespace {

using namespace kcloud;

struct Options {
  std::string directory = "build/bench/fill";
  std::string lines;  // not empty: write this file instead
  std::uint64_t events = 10'000'000;
  std::uint32_t batch = 1000;
  std::uint32_t days = 5;
  bool fleet = false;  // the demo fleet's past, with events of every type
};

// Keeps a few batches under way, no more.
class Window {
 public:
  void enter() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return under_way_ < kMost; });
    ++under_way_;
  }
  void leave(core::CommitStatus status) {
    const std::lock_guard lock(mutex_);
    --under_way_;
    if (status != core::CommitStatus::kCommitted) failed_ = true;
    changed_.notify_one();
  }
  void drain() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return under_way_ == 0; });
  }
  bool failed() {
    const std::lock_guard lock(mutex_);
    return failed_;
  }

 private:
  static constexpr int kMost = 8;
  std::mutex mutex_;
  std::condition_variable changed_;
  int under_way_ = 0;
  bool failed_ = false;
};

class Filler {
 public:
  Filler(const Options& options, const core::Catalogue& catalogue)
      : options_(options), decoder_(catalogue, {}) {
    if (!options.fleet) return;
    cli::HistoryOptions history;
    history.until = core::SystemClock().now();
    history.since = history.until - std::chrono::days(options.days);
    history.per_day = static_cast<double>(options.events) / options.days;
    history_ = std::make_unique<cli::History>(history);
  }

  std::unique_ptr<core::Intake> next_batch(std::uint64_t first, std::uint64_t count) {
    const std::int64_t now = bench::unix_ms_now();
    auto intake = std::make_unique<core::Intake>();
    core::TransportHints hints;
    hints.collector = "webhook";
    hints.agent = "bench";
    hints.received = core::Time(std::chrono::milliseconds(now));
    for (std::uint64_t i = first; i < first + count; ++i) {
      if (!decoder_.decode(body(i, now), hints, intake->batch, errors_, warnings_)) {
        throw std::runtime_error("the benchmark's event does not fit the catalogue: " +
                                 errors_.front().path + ": " + errors_.front().problem);
      }
      // The fleet's past came when it happened.
      auto& event = intake->batch.events.back();
      if (options_.fleet) event.received = event.time;
    }
    return intake;
  }

  // Event `i` of those that end at `now`; valid until the next call.
  const std::string& body(std::uint64_t i, std::int64_t now) {
    if (history_) {
      if (auto next = history_->next()) text_ = std::move(*next);
      return text_;  // of its last events a few may be the same
    }
    const double share = 1.0 - static_cast<double>(i) / static_cast<double>(options_.events);
    const auto age = static_cast<std::int64_t>(options_.days * 86'400'000.0 * share);
    body_.patch(text_.data(), i, time_.at(now - age));
    return text_;
  }

 private:
  const Options& options_;
  core::Decoder decoder_;
  bench::BodyTemplate body_{std::random_device{}()};
  bench::TimeText time_;
  std::string text_ = body_.text();
  std::unique_ptr<cli::History> history_;
  std::vector<core::FieldError> errors_;
  std::vector<std::string_view> warnings_;
};

void write_lines(const Options& options, const core::Catalogue& catalogue) {
  Filler filler(options, catalogue);
  std::ofstream file(options.lines, std::ios::binary);
  const std::int64_t now = bench::unix_ms_now();
  for (std::uint64_t i = 0; i < options.events; ++i) file << filler.body(i, now) << '\n';
  if (!file.flush()) throw std::runtime_error("cannot write " + options.lines);
}

void fill(const Options& options) {
  config::Problems problems;
  const auto catalogue = config::load_catalogue({}, config::Environment::system(), problems);
  if (!options.lines.empty()) return write_lines(options, *catalogue);
  const core::SystemClock clock;
  journal::Options journal_options;
  journal_options.directory = options.directory;
  journal_options.max_bytes = std::uint64_t{1} << 40;
  journal_options.queue_bytes = std::uint64_t{1} << 30;  // Window is the limit
  journal_options.dedup_horizon = std::chrono::hours(24 * (options.days + 2));
  journal_options.max_age = journal_options.dedup_horizon;
  Window window;
  journal::Journal journal(journal_options, clock);
  Filler filler(options, *catalogue);
  const auto start = std::chrono::steady_clock::now();
  for (std::uint64_t done = 0; done < options.events && !window.failed();) {
    const std::uint64_t count = std::min<std::uint64_t>(options.batch, options.events - done);
    auto intake = filler.next_batch(done, count);
    window.enter();
    journal.accept(std::move(intake),
                   [&window](core::CommitStatus status, const std::unique_ptr<core::Intake>&) {
                     window.leave(status);
                   });
    done += count;
    if (done % 1'000'000 < count) fmt::print(stderr, "{} of {} events\n", done, options.events);
  }
  window.drain();
  journal.close();
  if (window.failed())
    throw std::runtime_error("the journal refused: " + journal.stats().last_error);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  fmt::print("{} events in {:.1f} s, {:.0f} events/s\n", options.events, seconds.count(),
             static_cast<double>(options.events) / seconds.count());
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Fills a journal with events"};
  Options options;
  app.add_option("--data-dir", options.directory, "the agent's data directory")
      ->capture_default_str();
  app.add_option("--lines", options.lines, "write this file for `import` instead of a directory");
  app.add_option("--events", options.events, "how many")->capture_default_str();
  app.add_option("--batch", options.batch, "events a submission")
      ->capture_default_str()
      ->check(CLI::Range(1, 20'000));
  app.add_option("--days", options.days, "event times reach this far back")
      ->capture_default_str()
      ->check(CLI::Range(1, 30));
  app.add_flag("--fleet", options.fleet, "the demo fleet's past instead of decisions alone");
  CLI11_PARSE(app, argc, argv);
  try {
    fill(options);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "bench_fill: " << error.what() << "\n";
    return 1;
  }
}
