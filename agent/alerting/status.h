// How a notifier is doing, as health and metrics see it. Plain values.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/counters.h"
#include "core/time.h"
#include "rules/alert.h"

namespace kcloud::alerting {

// Messages, by what became of them.
struct NotifierCounters {
  core::Counter sent{0};
  core::Counter resent{0};   // state that Alertmanager had: sent again so that it stays
  core::Counter retried{0};  // attempts that have to be repeated
  core::Counter failed{0};   // refused for good, or given up
  core::Counter dropped{0};  // not to be told any more
};

struct NotifierStatus {
  bool failing = false;       // what was tried last was not taken
  std::uint64_t waiting = 0;  // alerts that wait for others of their group, or for a silence to end
  std::uint64_t silenced = 0;  // of them the latter
  std::uint64_t queued = 0;    // messages to be sent
  std::string last_error;
  core::Time last_error_time{};
  core::Time last_success_time{};
};

struct NotifierView {
  std::string name;
  std::string type;
  std::function<NotifierStatus()> status;  // any thread
  std::shared_ptr<const NotifierCounters> counters;
};

// What alerts there are: asked by the notifiers' threads, at any time; must not block for long.
struct Sources {
  std::function<std::vector<rules::Alert>()> active;  // firing ones count alone
  std::function<bool(const rules::Alert&)> silenced;
  // False: what there is is not known yet; nothing new is told meanwhile.
  std::function<bool()> ready;
  // Whether the alert's rule tells this notifier.
  std::function<bool(const rules::Alert&, const std::string& notifier)> tells;
};

}  // namespace kcloud::alerting
