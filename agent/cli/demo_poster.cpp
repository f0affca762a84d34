#include "agent/cli/demo_poster.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "agent/cli/interrupt.h"
#include "core/json.h"

namespace kcloud::cli {
namespace {

using std::chrono::steady_clock;
constexpr std::chrono::milliseconds kRedraw{100};
constexpr std::chrono::seconds kPlainLineInterval{5};
constexpr std::chrono::seconds kPatience{60};  // without any answer, after a first one

std::size_t columns() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

Display::Display(Clock::time_point start)
    : terminal_(isatty(STDERR_FILENO) == 1),
      start_(start),
      next_(start + (terminal_ ? std::chrono::milliseconds(0) : kPlainLineInterval)) {}

void Display::update(Progress& progress, bool last) {
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

void Display::say(const std::string& line) const {
  fmt::print(stderr, "{}{}\n", terminal_ ? "\r\x1b[K" : "", line);
}

Poster::Poster(const DemoOptions& options, Display& display, std::stop_token stop)
    : url_(base_url(options.agent)),
      display_(display),
      stop_(std::move(stop)),
      headers_(headers_of(options.agent)),
      client_(options_of(options.agent)) {
  headers_.push_back({"Content-Type", "application/json"});
}

bool Poster::post(const std::string& body, std::uint64_t events, Progress& progress) {
  const auto give_up = steady_clock::now() + kPatience;
  while (!stop_.stop_requested()) {
    const auto response = client_.post({url_ + "/events", headers_, body, {}, {}});
    if (response.status == 503 || response.status == 429) {
      const auto wait = response.retry_after.value_or(std::chrono::seconds(1));
      if (!wait_until(steady_clock::now() + wait, stop_)) return false;
      continue;
    }
    if (response.answered()) return settle(response, events, progress);
    if (!answered_once_ || response.untrusted || steady_clock::now() > give_up) {
      display_.say("demo: " + explain_silence(response));
      return false;
    }
    const auto pause = backoff_.next(static_cast<std::uint32_t>(random_()));
    if (!wait_until(steady_clock::now() + pause, stop_)) return false;
  }
  return false;
}

bool Poster::settle(const http_client::Response& response, std::uint64_t events,
                    Progress& progress) {
  answered_once_ = true;
  backoff_.reset();
  if (response.status == 202 || response.status == 207 || response.status == 422) {
    const std::uint64_t accepted = core::json_number_at(response.body, "accepted").value_or(0);
    const std::uint64_t duplicates = core::json_number_at(response.body, "duplicates").value_or(0);
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

}  // namespace kcloud::cli
