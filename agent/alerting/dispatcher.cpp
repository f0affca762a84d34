#include "agent/alerting/dispatcher.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "agent/alerting/alertmanager_worker.h"
#include "agent/alerting/queue_worker.h"

namespace kcloud::alerting {

namespace {

std::shared_ptr<Worker> make_worker(WorkerParts parts) {
  if (parts.notifier.type == "alertmanager") {
    return std::make_shared<AlertmanagerWorker>(std::move(parts));
  }
  return std::make_shared<QueueWorker>(std::move(parts));
}

}  // namespace

Dispatcher::Dispatcher(journal::Journal& journal, const core::Clock& clock, Sources sources)
    : journal_(journal), clock_(clock), sources_(std::move(sources)) {
  if (!sources_.active) sources_.active = [] { return std::vector<rules::Alert>(); };
  if (!sources_.ready) sources_.ready = [] { return true; };
  if (!sources_.silenced) sources_.silenced = [](const rules::Alert&) { return false; };
  if (!sources_.tells) {
    sources_.tells = [](const rules::Alert&, const std::string&) { return true; };
  }
}

Dispatcher::~Dispatcher() { stop(std::chrono::steady_clock::now()); }

void Dispatcher::start(const config::AlertingConfig& alerting) {
  if (alerting_ && *alerting_ == alerting) return;
  std::chrono::milliseconds longest{0};
  for (const auto& notifier : alerting.notifiers) longest = std::max(longest, notifier.timeout);
  halt(std::chrono::steady_clock::now() + longest);
  retire(alerting);
  alerting_ = std::make_shared<const config::AlertingConfig>(alerting);
  std::vector<std::shared_ptr<Worker>> started;
  std::map<std::string, std::shared_ptr<NotifierCounters>> counters;
  for (const auto& notifier : alerting.notifiers) {
    if (!notifier.enabled) continue;
    auto& kept = counters_[notifier.name];
    if (!kept) kept = std::make_shared<NotifierCounters>();
    counters[notifier.name] = kept;
    started.push_back(make_worker({journal_, clock_, sources_, alerting_, notifier, kept}));
  }
  counters_.swap(counters);
  for (const auto& worker : started) worker->start();
  const std::scoped_lock lock(mutex_);
  workers_.swap(started);
}

void Dispatcher::retire(const config::AlertingConfig& alerting) {
  std::vector<std::string> kept;
  for (const auto& notifier : alerting.notifiers) {
    if (notifier.enabled) kept.push_back(notifier.name);
  }
  std::uint64_t dropped = 0;
  if (journal_.retire_notifiers(kept, dropped) != core::CommitStatus::kCommitted) {
    spdlog::warn("notifiers: the journal does not store; what is queued for others stays");
  } else if (dropped > 0) {
    spdlog::warn("notifiers: {} notifications for notifiers that are gone were dropped", dropped);
  }
}

void Dispatcher::stop(std::chrono::steady_clock::time_point deadline) {
  halt(deadline);
  alerting_.reset();
  std::vector<std::shared_ptr<Worker>> stopped;
  const std::scoped_lock lock(mutex_);
  stopped.swap(workers_);
}

void Dispatcher::halt(std::chrono::steady_clock::time_point deadline) {
  std::vector<std::shared_ptr<Worker>> halting;
  {
    const std::scoped_lock lock(mutex_);
    halting = workers_;
  }
  for (const auto& worker : halting) worker->request_stop();
  for (const auto& worker : halting) worker->join(deadline);
}

void Dispatcher::wake() {
  const std::scoped_lock lock(mutex_);
  for (const auto& worker : workers_) worker->wake();
}

std::vector<NotifierView> Dispatcher::views() const {
  const std::scoped_lock lock(mutex_);
  std::vector<NotifierView> views;
  views.reserve(workers_.size());
  for (const auto& worker : workers_) views.push_back(Worker::view(worker));
  return views;
}

}  // namespace kcloud::alerting
