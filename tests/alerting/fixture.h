// A journal, a dispatcher and the alerts that it is told of.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <set>

#include "agent/alerting/dispatcher.h"
#include "agent/alerting/notices.h"
#include "agent/journal/reader.h"
#include "tests/rules/notify/alerts.h"
#include "tests/support/environment.h"

namespace kcloud::alerting {

using journal::NotificationState;
using std::chrono::milliseconds;
using std::chrono::seconds;
using test_support::eventually;

class AlertingTest : public ::testing::Test {
 protected:
  AlertingTest() {
    alerting.group_by = {"..."};
    alerting.group_wait = alerting.group_interval = milliseconds(0);
    open();
  }

  void open() {
    journal::Options options;
    options.directory = directory.path();
    journal = std::make_unique<journal::Journal>(options, clock);
  }
  static config::NotifierConfig notifier(std::string name, std::string type) {
    config::NotifierConfig out;
    out.name = std::move(name);
    out.type = std::move(type);
    out.backoff_initial = out.backoff_max = milliseconds(20);
    return out;
  }
  void start() {
    Sources sources;
    sources.active = [this] {
      const std::scoped_lock lock(mutex);
      return active;
    };
    sources.silenced = [this](const rules::Alert& alert) {
      const std::scoped_lock lock(mutex);
      return silenced.contains(alert.fingerprint);
    };
    sources.tells = tells;
    sources.ready = [this] { return ready.load(); };
    dispatcher = std::make_unique<Dispatcher>(*journal, clock, std::move(sources));
    dispatcher->start(alerting);
  }
  void restart() {
    dispatcher.reset();
    journal.reset();
    open();
    start();
  }

  // An alert of the group `{alertname="<name>"}` begins now, or began `ago`.
  rules::Transition fire(const std::string& name, seconds ago = seconds(0)) {
    rules::Transition transition;
    rules::Alert& alert = transition.alert;
    alert.fingerprint = name;
    alert.rule = name;
    alert.labels = {{"alertname", name}};
    alert.state = rules::AlertState::kFiring;
    alert.starts_at = transition.at = std::chrono::floor<milliseconds>(clock.now()) - ago;
    {
      const std::scoped_lock lock(mutex);
      active.push_back(alert);
    }
    queue(transition);
    return transition;
  }
  void resolve(rules::Transition transition) {
    transition.alert.state = rules::AlertState::kResolved;
    transition.alert.ends_at = transition.at = clock.now();
    {
      const std::scoped_lock lock(mutex);
      std::erase_if(active, [&](const rules::Alert& alert) {
        return alert.fingerprint == transition.alert.fingerprint;
      });
    }
    queue(transition);
  }
  void queue(const rules::Transition& transition) {
    ASSERT_EQ(journal->queue_notifications(notices_of(transition, alerting, {}, clock.now())),
              core::CommitStatus::kCommitted);
    if (dispatcher) dispatcher->wake();
  }
  void silence(const std::string& fingerprint, bool on) {
    {
      const std::scoped_lock lock(mutex);
      if (on) {
        silenced.insert(fingerprint);
      } else {
        silenced.erase(fingerprint);
      }
    }
    if (dispatcher) dispatcher->wake();
  }

  // Newest first.
  std::vector<journal::Notification> rows(journal::NotificationQuery query = {}) {
    return journal->reader()->notifications(query);
  }
  bool becomes(std::size_t count, NotificationState state) {
    return eventually([&] { return rows({.state = state}).size() == count; });
  }
  NotifierView view(const std::string& name) {
    for (auto& view : dispatcher->views())
      if (view.name == name) return view;
    throw std::runtime_error("no notifier " + name);
  }

  test_support::TemporaryDirectory directory;
  // The system's, and may be set.
  struct SettableClock final : core::Clock {
    core::Time now() const override {
      return core::SystemClock().now() + std::chrono::nanoseconds(offset);
    }
    std::atomic<std::int64_t> offset{0};
  };
  SettableClock clock;
  config::AlertingConfig alerting;
  std::unique_ptr<journal::Journal> journal;
  std::unique_ptr<Dispatcher> dispatcher;
  std::function<bool(const rules::Alert&, const std::string&)> tells;
  std::mutex mutex;
  std::vector<rules::Alert> active;
  std::set<std::string> silenced;
  std::atomic<bool> ready{true};  // the rules have found back
};

}  // namespace kcloud::alerting
