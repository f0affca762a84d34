#include "agent/cli/poller.h"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <stdexcept>
#include <utility>

#include "core/json.h"

namespace kcloud::cli {
namespace {

using std::chrono::steady_clock;
constexpr std::chrono::seconds kTimeout{3};
constexpr std::chrono::seconds kNoAlertsPause{30};  // an agent that has none is asked less often
constexpr std::size_t kMaxAnswer = 16 << 20;

http_client::Options client_options() {
  http_client::Options options;
  options.timeout = kTimeout;
  options.max_response_bytes = kMaxAnswer;
  return options;
}

std::string refusal(const http_client::Response& response) {
  if (!response.answered()) {
    return response.untrusted ? "certificates do not fit (--ca, --cert): " + response.error
                              : response.error;
  }
  return fmt::format(
      "/metrics answered {} {}{}", response.status, core::json_text_at(response.body, "title"),
      response.status == 401 || response.status == 403 ? ": --token needs the role read" : "");
}

}  // namespace

Questions::Questions(const Address& address)
    : url_(base_url(address)),
      headers_(headers_of(address)),
      client_(options_of(address, client_options())) {}

// As a stream, because that is what a stop ends early.
http_client::Response Questions::get(const char* path, const std::stop_token& stop) {
  std::string body;
  auto response = client_.stream(
      {url_ + path, headers_, {}, {}, {}},
      [&](std::string_view bytes) {
        body += bytes;
        return body.size() <= kMaxAnswer;
      },
      stop);
  if (response.status >= 200 && response.status < 300) response.body = std::move(body);
  return response;
}

Poll Questions::ask(const std::stop_token& stop) {
  Poll poll;
  auto metrics = get("/metrics", stop);
  poll.at = steady_clock::now();
  poll.wall = core::SystemClock().now();
  if (metrics.status != 200) {
    poll.error = refusal(metrics);
    return poll;
  }
  poll.metrics = std::move(metrics.body);
  poll.health = get("/health", stop).body;
  if (poll.at >= ask_for_alerts_) {
    auto alerts = get("/alerts/active", stop);
    if (alerts.status == 200) {
      poll.alerts = std::move(alerts.body);
    } else {
      ask_for_alerts_ = poll.at + kNoAlertsPause;
    }
  }
  return poll;
}

Poller::Poller(Questions questions, std::chrono::milliseconds interval)
    : questions_(std::move(questions)),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      interval_(interval),
      thread_([this](const std::stop_token& stop) { run(stop); }) {
  if (wake_ < 0) throw std::runtime_error("no eventfd");
}

Poller::~Poller() {
  thread_.request_stop();
  thread_.join();
  close(wake_);
}

std::vector<Poll> Poller::take() {
  std::uint64_t count = 0;
  if (read(wake_, &count, sizeof count) < 0) return {};
  const std::lock_guard guard(mutex_);
  return std::exchange(polls_, {});
}

void Poller::set_interval(std::chrono::milliseconds interval) {
  const std::lock_guard guard(mutex_);
  interval_ = interval;
  hurry_ = true;
  changed_.notify_all();
}

void Poller::run(const std::stop_token& stop) {
  auto due = steady_clock::now();
  while (!stop.stop_requested()) {
    Poll poll = questions_.ask(stop);
    std::unique_lock lock(mutex_);
    polls_.push_back(std::move(poll));
    constexpr std::uint64_t kOne = 1;
    if (write(wake_, &kOne, sizeof kOne) < 0) return;  // cannot be: it is far from full
    due = std::max(due + interval_, steady_clock::now());
    if (changed_.wait_until(lock, stop, due, [&] { return hurry_; })) due = steady_clock::now();
    hurry_ = false;
  }
}

}  // namespace kcloud::cli
