#include "agent/alerting/notices.h"

#include <algorithm>

#include "rules/notify/alertmanager.h"
#include "rules/notify/grouping.h"
#include "rules/notify/slack.h"
#include "rules/notify/webhook.h"

namespace kcloud::alerting {

namespace {

std::string body_for(const config::NotifierConfig& notifier, const rules::Transition& transition,
                     const std::string& external_url, core::Time now) {
  const rules::Alert& alert = transition.alert;
  if (notifier.type == "slack") return rules::notify::slack_alert(transition, external_url);
  if (notifier.type == "webhook") return rules::notify::webhook_alert(transition, external_url);
  const core::Time end =
      alert.ends_at ? std::min(*alert.ends_at, now) : alertmanager_end(notifier, now);
  return rules::notify::alertmanager_alert(alert, end, external_url);
}

}  // namespace

core::Time alertmanager_end(const config::NotifierConfig& notifier, core::Time now) {
  return now + 4 * notifier.resend_interval;
}

std::vector<journal::Notice> notices_of(const rules::Transition& transition,
                                        const config::AlertingConfig& alerting,
                                        std::span<const std::string> notify, core::Time now) {
  const rules::Alert& alert = transition.alert;
  std::vector<journal::Notice> notices;
  if (alert.state == rules::AlertState::kPending) return notices;
  const bool resolved = alert.state == rules::AlertState::kResolved;
  const bool too_old = !resolved && now - transition.at > alerting.notify_max_age;
  for (const auto& notifier : alerting.notifiers) {
    // An end is for those that were told of the beginning, which the journal knows.
    const bool named =
        resolved || notify.empty() || std::ranges::find(notify, notifier.name) != notify.end();
    if (!named || !notifier.enabled) continue;
    journal::Notice notice;
    notice.notifier = notifier.name;
    notice.fingerprint = alert.fingerprint;
    notice.starts_at = alert.starts_at;
    notice.resolved = resolved;
    notice.quiet = resolved ? !notifier.send_resolved : too_old;
    notice.queued = now;
    if (!notice.quiet) {
      if (notifier.type != "alertmanager") {
        notice.group = rules::notify::group_key(alert.labels, alerting.group_by);
      }
      notice.body = body_for(notifier, transition, alerting.external_url, now);
    }
    notices.push_back(std::move(notice));
  }
  return notices;
}

}  // namespace kcloud::alerting
