#include "agent/http/certificates.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <ctime>
#include <stdexcept>
#include <utility>

namespace kcloud::http {

namespace {

using std::chrono::system_clock;

std::string stamp(const std::string& path) {
  struct stat file {};
  if (path.empty() || ::stat(path.c_str(), &file) != 0) return {};
  return fmt::format("{}:{}:{}:{}.{}", file.st_dev, file.st_ino, file.st_size, file.st_mtim.tv_sec,
                     file.st_mtim.tv_nsec);
}

std::string date(system_clock::time_point time) {
  const std::time_t seconds = system_clock::to_time_t(time);
  std::tm fields{};
  gmtime_r(&seconds, &fields);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &fields)};
}

}  // namespace

Certificates::Certificates(TlsOptions options) : options_(std::move(options)), loaded_(stamps()) {
  TlsLoaded loaded = load_tls(options_);
  if (loaded.problem) {
    throw std::runtime_error("http.tls." + loaded.problem->option + ": " + loaded.problem->message);
  }
  context_ = std::move(loaded.context);
  status_.not_after = loaded.not_after;
  if (loaded.not_after <= system_clock::now()) {
    spdlog::error("tls: the certificate in {} expired at {}; clients will refuse it",
                  options_.certificate, date(loaded.not_after));
  }
  watcher_ = std::jthread([this](const std::stop_token& stop) { watch(stop); });
}

Certificates::~Certificates() = default;

TlsContext Certificates::current() const {
  std::lock_guard lock(mutex_);
  return context_;
}

TlsStatus Certificates::status() const {
  std::lock_guard lock(mutex_);
  return status_;
}

void Certificates::look_now() {
  {
    std::lock_guard lock(mutex_);
    asked_ = true;
  }
  wake_.notify_all();
}

Certificates::Stamps Certificates::stamps() const {
  return {stamp(options_.certificate), stamp(options_.key), stamp(options_.client_ca)};
}

void Certificates::watch(const std::stop_token& stop) {
  Stamps before = loaded_;
  while (!stop.stop_requested()) {
    bool asked;
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, stop, options_.look_interval, [this] { return asked_; });
      asked = std::exchange(asked_, false);
    }
    if (stop.stop_requested()) return;
    Stamps found = stamps();
    // Changed files are read when they stood still for one look: certificate and key are rarely
    // replaced at one instant.
    const bool still = found == std::exchange(before, found);
    if (asked || (still && found != loaded_)) load(std::move(found));
  }
}

void Certificates::load(Stamps found) {
  loaded_ = std::move(found);
  TlsLoaded loaded = load_tls(options_);
  std::string error;
  if (loaded.problem) {
    error = "http.tls." + loaded.problem->option + ": " + loaded.problem->message;
  } else if (loaded.not_after <= system_clock::now()) {
    error = fmt::format("http.tls.certificate: {}: expired at {}", options_.certificate,
                        date(loaded.not_after));
  }
  if (error.empty()) {
    spdlog::info("tls: {} is in force, valid until {}", options_.certificate,
                 date(loaded.not_after));
  } else {
    spdlog::error("tls: the changed files are not used, the last good ones stay in force: {}",
                  error);
  }
  std::lock_guard lock(mutex_);
  status_.error = std::move(error);
  if (!status_.error.empty()) return;
  context_ = std::move(loaded.context);
  status_.not_after = loaded.not_after;
}

}  // namespace kcloud::http
