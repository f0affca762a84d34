#include "agent/cli/interrupt.h"

#include <csignal>
#include <ctime>

#include <condition_variable>
#include <mutex>

namespace kcloud::cli {
namespace {

constexpr timespec kCheckInterval{0, 100'000'000};

sigset_t watched() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

void watch(const std::stop_token& done, std::stop_source& stop) {
  const sigset_t set = watched();
  while (!done.stop_requested()) {
    if (sigtimedwait(&set, nullptr, &kCheckInterval) <= 0) continue;
    stop.request_stop();
    pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
    return;
  }
}

}  // namespace

Interrupt::Interrupt() {
  const sigset_t set = watched();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  thread_ = std::jthread([this](const std::stop_token& done) {
    watch(done, stop_);
    // Stays until the owner is done, so that a second signal finds a thread that takes it.
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any().wait(lock, done, [] { return false; });
  });
}

Interrupt::~Interrupt() {
  thread_.request_stop();
  thread_.join();
  const sigset_t set = watched();
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

bool wait_until(std::chrono::steady_clock::time_point until, const std::stop_token& stop) {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any never;
  never.wait_until(lock, stop, until, [] { return false; });
  return !stop.stop_requested();
}

}  // namespace kcloud::cli
