// Tells alerts: one thread a notifier of the configuration. What is to be told waits in the
// journal's queue, where the transaction that keeps a transition puts it:
//
//   store.queue_notifications(alerting::notices_of(transition, config.alerting, rule.notify, now));
//   …                    // behind the commit:
//   dispatcher.wake();
//
// start(), stop() and the destructor: one thread; the rest any.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "agent/alerting/status.h"
#include "agent/journal/journal.h"
#include "config/alerting.h"
#include "core/time.h"

namespace kcloud::alerting {

class Worker;

class Dispatcher {
 public:
  // A source that is empty: no alerts, no silences, rules tell everybody.
  Dispatcher(journal::Journal& journal, const core::Clock& clock, Sources sources);
  ~Dispatcher();

  // Stops the notifiers that run and starts those of `alerting`, unless it is what runs. What is
  // queued for notifiers that are gone is dropped; counters go on under a notifier's name.
  void start(const config::AlertingConfig& alerting);
  // Requests under way are finished, but for those that still run at `deadline`: they are sent
  // again after the next start.
  void stop(std::chrono::steady_clock::time_point deadline);

  // Something was queued, or a silence changed. Does not block.
  void wake();
  std::vector<NotifierView> views() const;

 private:
  void halt(std::chrono::steady_clock::time_point deadline);
  void retire(const config::AlertingConfig& alerting);

  journal::Journal& journal_;
  const core::Clock& clock_;
  Sources sources_;
  std::shared_ptr<const config::AlertingConfig> alerting_;  // start() only, as are counters_
  std::map<std::string, std::shared_ptr<NotifierCounters>> counters_;
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<Worker>> workers_;  // mutex_
};

}  // namespace kcloud::alerting
