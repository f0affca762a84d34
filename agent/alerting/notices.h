// From a transition of an alert to what each notifier is to be told of it. Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "agent/journal/notification.h"
#include "config/alerting.h"
#include "core/time.h"
#include "rules/alert.h"

namespace kcloud::alerting {

// `notify`: the notifiers that the alert's rule names; empty: all that are enabled. `now`: wall
// clock. What fired longer ago than `notify_max_age` is kept for the record alone; the end of what
// somebody was told is told however old it is. To be given to Store::queue_notifications in the
// transaction that keeps the transition; Dispatcher::wake() behind its commit.
std::vector<journal::Notice> notices_of(const rules::Transition& transition,
                                        const config::AlertingConfig& alerting,
                                        std::span<const std::string> notify, core::Time now);

// When Alertmanager is to take a firing alert for over, unless it is sent again.
core::Time alertmanager_end(const config::NotifierConfig& notifier, core::Time now);

}  // namespace kcloud::alerting
