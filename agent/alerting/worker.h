// A notifier's thread: it waits for what is to be told and tells it. One that does not answer
// delays no other.
//
// What was read of the journal is thrown away after an error, and read again.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "agent/alerting/answer.h"
#include "agent/alerting/status.h"
#include "agent/journal/journal.h"
#include "agent/journal/reader.h"
#include "config/alerting.h"
#include "core/backoff.h"
#include "exporters/http_client/client.h"

namespace kcloud::alerting {

// Of a receiver that asks to wait.
inline constexpr std::chrono::milliseconds kLongestPause{3'600'000};
// Between two looks whether the rules have found back (Sources::ready).
inline constexpr std::chrono::milliseconds kNotReady{500};

struct WorkerParts {
  journal::Journal& journal;
  const core::Clock& clock;
  Sources sources;
  std::shared_ptr<const config::AlertingConfig> alerting;
  config::NotifierConfig notifier;
  std::shared_ptr<NotifierCounters> counters;
};

class Worker {
 public:
  explicit Worker(WorkerParts parts);
  virtual ~Worker() = default;  // after join()
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void start();
  void wake();  // there may be something new; any thread
  void request_stop();
  // What is under way is finished, unless it still runs at `deadline`.
  void join(std::chrono::steady_clock::time_point deadline);
  static NotifierView view(std::shared_ptr<const Worker> worker);

 protected:
  using milliseconds = std::chrono::milliseconds;

  // Does what is due, at most one message; returns how long nothing will be, 0: go on.
  virtual milliseconds step() = 0;
  virtual void forget() = 0;  // what was read

  const std::string& name() const { return parts_.notifier.name; }
  core::Time now() const { return parts_.clock.now(); }
  // Whether the wall clock was set back since the last call: times ahead mean nothing any more.
  bool went_back(core::Time now) { return std::exchange(seen_, now) > now; }
  journal::Reader& reader();
  http_client::Response post(const std::string& url, std::vector<http_client::Header> headers,
                             std::string_view body);
  bool is_cut() const { return cut_.stop_requested(); }
  // Tries until it is on disk; false when stopped first. Throws when the queue cannot be changed.
  bool settle(const journal::Notification& notification);
  void form(std::vector<journal::Notification>& formed, const std::vector<std::uint64_t>& notices);

  // Says it in the log when it is new, and in the status.
  void succeeded();
  void failed(const std::string& what, bool for_good);
  // How long to wait after a failure; `asked`: Retry-After.
  milliseconds pause(std::optional<milliseconds> asked);
  void tell(std::uint64_t waiting, std::uint64_t silenced, std::uint64_t queued);
  std::set<std::string> silenced_alerts() const;

  const WorkerParts parts_;
  const std::vector<std::string> secrets_;

 private:
  void run();
  bool idle(milliseconds time);

  http_client::Client client_;
  std::unique_ptr<journal::Reader> reader_;
  core::Backoff backoff_;
  core::Time seen_{};
  std::minstd_rand random_{std::random_device{}()};

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  NotifierStatus status_;  // mutex_
  bool woken_ = false;     // mutex_
  bool ended_ = false;     // mutex_
  std::stop_source stop_;  // between two messages
  std::stop_source cut_;   // of a request under way
  std::thread thread_;
};

}  // namespace kcloud::alerting
