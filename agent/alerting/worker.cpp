#include "agent/alerting/worker.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace kcloud::alerting {

namespace {

using std::chrono::milliseconds;
constexpr milliseconds kLongestIdle{10'000};  // a wall clock that was set is noticed by then
constexpr milliseconds kTrouble{1000};        // between tries while the journal does not answer
constexpr std::size_t kMostAnswered = 64 << 10;

http_client::Options client_options(const config::NotifierConfig& notifier) {
  http_client::Options options;
  options.timeout = notifier.timeout;
  options.connect_timeout = std::min(options.connect_timeout, notifier.timeout);
  options.ca_file = notifier.ca_file;
  options.verify_tls = notifier.tls_verify == "full";
  options.max_response_bytes = kMostAnswered;
  return options;
}

}  // namespace

Worker::Worker(WorkerParts parts)
    : parts_(std::move(parts)),
      secrets_(secrets_of(parts_.notifier)),
      client_(client_options(parts_.notifier)),
      backoff_({parts_.notifier.backoff_initial, parts_.notifier.backoff_max}) {}

void Worker::start() {
  thread_ = std::thread([this] {
    run();
    const std::scoped_lock lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  });
}

void Worker::wake() {
  const std::scoped_lock lock(mutex_);
  woken_ = true;
  changed_.notify_all();
}

void Worker::request_stop() { stop_.request_stop(); }

void Worker::join(std::chrono::steady_clock::time_point deadline) {
  if (!thread_.joinable()) return;
  request_stop();
  {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, deadline, [this] { return ended_; });
  }
  cut_.request_stop();
  thread_.join();
}

void Worker::run() {
  while (!stop_.stop_requested()) {
    milliseconds wait{0};
    try {
      wait = step();
    } catch (const std::exception& error) {
      spdlog::warn("notifier {}: {}; nothing is lost, trying again", name(), error.what());
      reader_.reset();
      forget();
      wait = kTrouble;
    }
    if (wait.count() > 0 && !idle(std::min(wait, kLongestIdle))) return;
  }
}

// False when stopped.
bool Worker::idle(milliseconds time) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, stop_.get_token(), time, [this] { return woken_; });
  woken_ = false;
  return !stop_.stop_requested();
}

journal::Reader& Worker::reader() {
  if (!reader_) reader_ = parts_.journal.reader();
  return *reader_;
}

http_client::Response Worker::post(const std::string& url, std::vector<http_client::Header> headers,
                                   std::string_view body) {
  http_client::Request request;
  request.url = url;
  request.headers = std::move(headers);
  request.headers.push_back({"Content-Type", "application/json"});
  request.body = body;
  request.username = parts_.notifier.username;
  request.password = parts_.notifier.password.value;
  return client_.post(request, cut_.get_token());
}

bool Worker::settle(const journal::Notification& notification) {
  while (parts_.journal.settle_notification(notification) != core::CommitStatus::kCommitted) {
    if (!idle(kTrouble)) return false;
  }
  return true;
}

void Worker::form(std::vector<journal::Notification>& formed,
                  const std::vector<std::uint64_t>& notices) {
  if (parts_.journal.form_notifications(formed, notices) != core::CommitStatus::kCommitted) {
    throw std::runtime_error("the journal does not store at present");
  }
}

void Worker::succeeded() {
  backoff_.reset();
  const std::scoped_lock lock(mutex_);
  if (status_.failing) spdlog::info("notifier {}: it takes notifications again", name());
  status_.failing = false;
  status_.last_success_time = now();
}

void Worker::failed(const std::string& what, bool for_good) {
  const std::scoped_lock lock(mutex_);
  if (for_good) {
    spdlog::error("notifier {}: {}", name(), what);
  } else if (!status_.failing) {
    spdlog::warn("notifier {}: {}; nothing is lost, trying again", name(), what);
  }
  status_.failing = true;
  status_.last_error = what;
  status_.last_error_time = now();
}

milliseconds Worker::pause(std::optional<milliseconds> asked) {
  const milliseconds wait = backoff_.next(std::uniform_int_distribution<std::uint32_t>()(random_));
  return std::clamp(asked.value_or(wait), wait, kLongestPause);
}

void Worker::tell(std::uint64_t waiting, std::uint64_t silenced, std::uint64_t queued) {
  const std::scoped_lock lock(mutex_);
  status_.waiting = waiting;
  status_.silenced = silenced;
  status_.queued = queued;
}

std::set<std::string> Worker::silenced_alerts() const {
  std::set<std::string> fingerprints;
  for (const auto& alert : parts_.sources.active()) {
    if (parts_.sources.silenced(alert)) fingerprints.insert(alert.fingerprint);
  }
  return fingerprints;
}

NotifierView Worker::view(std::shared_ptr<const Worker> worker) {
  const auto status = [worker] {
    const std::scoped_lock lock(worker->mutex_);
    return worker->status_;
  };
  return {worker->name(), worker->parts_.notifier.type, status, worker->parts_.counters};
}

}  // namespace kcloud::alerting
