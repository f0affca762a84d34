#include "agent/cli/demo.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <optional>
#include <random>

#include "agent/cli/demo_fleet.h"
#include "agent/cli/interrupt.h"
#include "agent/cli/progress.h"
#include "core/backoff.h"
#include "core/json.h"
#include "exporters/http_client/client.h"

namespace kcloud::cli {
namespace {

using std::chrono::steady_clock;
constexpr double kRequestsPerSecond = 20;
constexpr std::chrono::milliseconds kRedraw{100};
constexpr std::chrono::seconds kPlainLineInterval{5};
constexpr std::chrono::seconds kPatience{60};  // without any answer, after a first one

std::uint64_t number_at(const std::string& json, std::string_view path) {
  const std::string text = core::json_text_at(json, path);
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// Draws on a terminal, writes a line now and then elsewhere.
class Display {
 public:
  explicit Display(steady_clock::time_point start) : start_(start) {}

  void update(Progress& progress, bool last) {
    const auto now = steady_clock::now();
    progress.elapsed = now - start_;
    if (!last && now < next_) return;
    next_ = now + (terminal_ ? std::chrono::milliseconds(kRedraw) : kPlainLineInterval);
    if (terminal_) {
      fmt::print(stderr, "\r\x1b[K{}{}", progress_line(progress, columns()), last ? "\n" : "");
      std::fflush(stderr);
    } else if (!last) {
      fmt::print(stderr, "{}\n", progress_line(progress, 0));
    }
  }
  void say(const std::string& line) const {
    fmt::print(stderr, "{}{}\n", terminal_ ? "\r\x1b[K" : "", line);
  }

 private:
  static std::size_t columns() {
    winsize size{};
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
  }

  bool terminal_ = isatty(STDERR_FILENO) == 1;
  steady_clock::time_point start_;
  steady_clock::time_point next_ =
      start_ + (terminal_ ? std::chrono::milliseconds(0) : kPlainLineInterval);
};

class Poster {
 public:
  Poster(const DemoOptions& options, Display& display, std::stop_token stop)
      : url_(options.url), display_(display), stop_(std::move(stop)) {
    while (url_.ends_with('/')) url_.pop_back();
    headers_.push_back({"Content-Type", "application/json"});
    if (!options.token.empty()) headers_.push_back({"Authorization", "Bearer " + options.token});
    http_client::Options client;
    client.ca_file = options.ca;
    client_.emplace(client);
  }

  // Until answered for good. False: give up (the reason was said) or stopped.
  bool post(const std::string& body, std::uint64_t events, Progress& progress) {
    const auto give_up = steady_clock::now() + kPatience;
    while (!stop_.stop_requested()) {
      const auto response = client_->post({url_ + "/events", headers_, body, {}, {}});
      if (response.status == 503 || response.status == 429) {
        const auto wait = response.retry_after.value_or(std::chrono::seconds(1));
        if (!wait_until(steady_clock::now() + wait, stop_)) return false;
        continue;
      }
      if (response.answered()) return settle(response, events, progress);
      if (!answered_once_ || steady_clock::now() > give_up) {
        display_.say(
            fmt::format("demo: no agent answers ({}). Hint: start one with `make run`, or "
                        "name another with --url",
                        response.error));
        return false;
      }
      const auto pause = backoff_.next(static_cast<std::uint32_t>(random_()));
      if (!wait_until(steady_clock::now() + pause, stop_)) return false;
    }
    return false;
  }

 private:
  bool settle(const http_client::Response& response, std::uint64_t events, Progress& progress) {
    answered_once_ = true;
    backoff_.reset();
    if (response.status == 202 || response.status == 207 || response.status == 422) {
      const std::uint64_t accepted = number_at(response.body, "accepted");
      const std::uint64_t duplicates = number_at(response.body, "duplicates");
      progress.accepted += accepted;
      progress.duplicates += duplicates;
      progress.rejected += events - std::min(events, accepted + duplicates);
      if (accepted + duplicates < events && !refusal_said_) {
        refusal_said_ = true;
        display_.say("demo: refused: " + core::json_text_at(response.body, "rejected.0"));
      }
      return true;
    }
    display_.say(fmt::format("demo: {} answered {}: {}{}", url_, response.status,
                             core::json_text_at(response.body, "title"),
                             response.status == 401 || response.status == 403
                                 ? ". Hint: --token needs the role ingest"
                                 : ""));
    return false;
  }

  std::string url_;
  Display& display_;
  std::stop_token stop_;
  std::vector<http_client::Header> headers_;
  std::optional<http_client::Client> client_;
  core::Backoff backoff_{core::BackoffOptions{}};
  std::minstd_rand random_;
  bool answered_once_ = false;
  bool refusal_said_ = false;
};

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
