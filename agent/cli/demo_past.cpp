// `demo --days N`: the fleet's history, posted as fast as the agent takes it, or written to a file.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <random>
#include <stdexcept>

#include "agent/cli/demo.h"
#include "agent/cli/demo_history.h"
#include "agent/cli/demo_poster.h"
#include "agent/cli/interrupt.h"

namespace kcloud::cli {
namespace {

constexpr std::uint64_t kEventsAPost = 1000;

// JSON lines into a file. Throws std::runtime_error when it does not take them.
class Lines {
 public:
  explicit Lines(const std::string& path)
      : path_(path), file_(path == "-" ? stdout : std::fopen(path.c_str(), "we")) {
    check(file_ != nullptr);
  }
  ~Lines() {
    if (file_ != nullptr && file_ != stdout) std::fclose(file_);
  }
  Lines(const Lines&) = delete;
  Lines& operator=(const Lines&) = delete;

  void write(std::string line) {
    line += '\n';
    check(std::fwrite(line.data(), 1, line.size(), file_) == line.size());
  }
  void flush() { check(std::fflush(file_) == 0); }

 private:
  void check(bool good) const {
    if (!good) throw std::runtime_error(path_ + ": " + std::strerror(errno));
  }

  std::string path_;
  std::FILE* file_;
};

// Tells the whole history to `take(body, events)`, which gets JSON arrays or, for `lines`, single
// events, until it returns false.
template <typename Take>
bool tell(History& history, std::uint64_t events_a_body, const Take& take) {
  std::string body;
  std::uint64_t events = 0;
  while (auto event = history.next()) {
    if (events_a_body == 1) {
      if (!take(*event, 1)) return false;
      continue;
    }
    body += body.empty() ? '[' : ',';
    body += *event;
    if (++events < events_a_body) continue;
    if (!take(body + ']', events)) return false;
    body.clear();
    events = 0;
  }
  return events == 0 || take(body + ']', events);
}

// How many events there will be is known at the end only.
void show(Display& display, Progress& progress, double share, bool last = false) {
  const auto done = static_cast<double>(progress.done());
  progress.goal = static_cast<std::uint64_t>(share > 0 && !last ? done / share : done);
  display.update(progress, last);
}

int write_history(History& history, const std::string& path, const std::stop_token& stop) {
  Lines lines(path);
  Display display(std::chrono::steady_clock::now());
  Progress progress;
  const bool whole = tell(history, 1, [&](std::string event, std::uint64_t) {
    lines.write(std::move(event));
    ++progress.accepted;
    if (progress.accepted % kEventsAPost == 0) show(display, progress, history.progress());
    return !stop.stop_requested();
  });
  lines.flush();
  show(display, progress, 1);
  fmt::print(stderr, "{} events written to {}\n", progress.accepted,
             path == "-" ? "standard output" : path);
  return whole ? 0 : 1;
}

int post_history(History& history, const DemoOptions& options, const std::stop_token& stop) {
  Display display(std::chrono::steady_clock::now());
  Poster poster(options, display, stop);
  Progress progress;
  const bool whole =
      tell(history, kEventsAPost, [&](const std::string& body, std::uint64_t events) {
        if (!poster.post(body, events, progress)) return false;
        show(display, progress, history.progress());
        return !stop.stop_requested();
      });
  if (progress.done() == 0) return stop.stop_requested() ? 0 : 1;
  show(display, progress, whole ? 1 : history.progress(), true);
  fmt::print("{}\n", summary(progress));
  return progress.rejected == 0 && (whole || stop.stop_requested()) ? 0 : 1;
}

}  // namespace

int demo_past(const DemoOptions& options) {
  core::Time until = core::SystemClock().now();
  if (!options.until.empty()) {
    const auto parsed = core::parse_time(options.until, core::Zone());
    if (!parsed || parsed->time > until) {
      fmt::print(stderr, "demo: --until is '{}', expected a past time like 2025-01-15T10:30:00Z\n",
                 options.until);
      return 2;
    }
    until = parsed->time;
  }
  if (!(options.per_day >= 1) || options.per_day > 1e8) {
    fmt::print(stderr, "demo: --per-day must be between 1 and 100000000 events\n");
    return 2;
  }
  const std::uint64_t seed = options.seed != 0 ? options.seed : std::random_device{}();
  const Interrupt interrupt;
  History told({seed, history_start(until, options.days), until, options.per_day});
  if (options.output.empty()) return post_history(told, options, interrupt.token());
  try {
    return write_history(told, options.output, interrupt.token());
  } catch (const std::runtime_error& error) {
    fmt::print(stderr, "demo: {}\n", error.what());
    return 2;
  }
}

}  // namespace kcloud::cli
