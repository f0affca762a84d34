#include "agent/alerting/queue_worker.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "config/credentials.h"
#include "config/scalar.h"
#include "rules/notify/slack.h"
#include "rules/notify/webhook.h"

namespace kcloud::alerting {

namespace {

using std::chrono::milliseconds;
constexpr std::size_t kNoticesRead = 1000;
constexpr milliseconds kIdle{60'000};

std::optional<core::HmacKey> key_of(const config::NotifierConfig& notifier) {
  if (notifier.secret.empty()) return std::nullopt;
  return core::HmacKey(config::signing_key(config::kStandardWebhooks, notifier.secret.value));
}

milliseconds until(core::Time then, core::Time now) {
  return std::max(std::chrono::ceil<milliseconds>(then - now), milliseconds(0));
}

}  // namespace

QueueWorker::QueueWorker(WorkerParts parts)
    : Worker(std::move(parts)), key_(key_of(parts_.notifier)) {}

void QueueWorker::forget() {
  grouping_.reset();
  waiting_.clear();
  last_notice_ = 0;
}

// What was told shortly before counts for the interval.
void QueueWorker::begin(core::Time now) {
  const auto& alerting = *parts_.alerting;
  grouping_.emplace(rules::notify::GroupingOptions{alerting.group_wait, alerting.group_interval});
  journal::NotificationQuery query;
  query.notifier = name();
  query.since = now - alerting.group_interval;
  query.limit = 1000;
  for (const auto& told : reader().notifications(query)) {
    grouping_->told(told.group, std::min(told.created, now));
  }
}

void QueueWorker::take_notices(core::Time now) {
  std::optional<std::set<std::string>> silenced;
  for (auto& notice : reader().notices(name(), last_notice_, kNoticesRead)) {
    last_notice_ = notice.id;
    if (!silenced) silenced = silenced_alerts();
    grouping_->add({notice.id, notice.group, notice.fingerprint, notice.starts_at, notice.resolved,
                    std::min(notice.queued, now),
                    !notice.resolved && silenced->contains(notice.fingerprint)});
    waiting_.emplace(notice.id, std::move(notice));
  }
}

journal::Notification QueueWorker::make(const rules::notify::Grouping::Batch& batch,
                                        core::Time now) const {
  rules::notify::Envelope envelope{name(), batch.group};
  std::vector<std::string> bodies;
  std::vector<rules::notify::Told> told;
  journal::Notification made;
  for (const auto id : batch.items) {
    const journal::Notice& notice = waiting_.at(id);
    (notice.resolved ? envelope.resolved : envelope.firing) += 1;
    bodies.push_back(notice.body);
    told.push_back({notice.fingerprint, notice.starts_at, notice.resolved});
    made.fingerprints.push_back(notice.fingerprint);
  }
  made.notifier = name();
  made.key = rules::notify::webhook_id(name(), told);
  made.group = batch.group;
  made.resolved = envelope.firing == 0;
  made.created = made.next_try = now;
  made.payload = parts_.notifier.type == "slack" ? rules::notify::slack_body(envelope, bodies)
                                                 : rules::notify::webhook_body(envelope, bodies);
  if (batch.silenced) {
    made.state = journal::NotificationState::kDropped;
    made.answer = "resolved while it was silenced";
    made.finished = now;
  }
  return made;
}

void QueueWorker::form_due(core::Time now) {
  std::optional<std::set<std::string>> silenced;
  const auto batches = grouping_->due(now, [&](std::string_view fingerprint) {
    if (!silenced) silenced = silenced_alerts();
    return silenced->contains(std::string(fingerprint));
  });
  if (batches.empty()) return;
  std::vector<journal::Notification> formed;
  std::vector<std::uint64_t> ids;
  for (const auto& batch : batches) {
    formed.push_back(make(batch, now));
    ids.insert(ids.end(), batch.items.begin(), batch.items.end());
    ids.insert(ids.end(), batch.absorbed.begin(), batch.absorbed.end());
    if (batch.silenced) core::count(parts_.counters->dropped);
  }
  form(formed, ids);
  for (const auto id : ids) waiting_.erase(id);
}

Worker::milliseconds QueueWorker::step() {
  const core::Time now = this->now();
  if (went_back(now)) {
    forget();
    paused_until_ = now;
  }
  if (!grouping_) begin(now);
  const bool ready = parts_.sources.ready();
  if (ready) {
    take_notices(now);
    form_due(now);
  }
  auto queue = reader().notification_queue(name());
  tell(grouping_->waiting(), grouping_->held(), queue.queued);
  milliseconds wait = ready ? kIdle : kNotReady;
  if (const auto next = grouping_->next()) wait = std::min(wait, until(*next, now));
  if (queue.next) {
    core::Time turn = std::max(queue.next->next_try, paused_until_);
    if (turn > now + kLongestPause) turn = now;  // of before the clock was set back
    if (turn > now) return std::min(wait, until(turn, now));
    send(std::move(*queue.next));
    return milliseconds(0);
  }
  return wait;
}

void QueueWorker::send(journal::Notification notification) {
  const config::NotifierConfig& notifier = parts_.notifier;
  std::vector<http_client::Header> headers;
  if (notifier.type == "webhook") {
    for (auto& [name, value] : rules::notify::webhook_headers(
             notification.key, now(), key_ ? &*key_ : nullptr, notification.payload)) {
      headers.push_back({name, std::move(value)});
    }
    for (const auto& [name, value] : notifier.headers) headers.push_back({name, value.value});
  }
  const auto response = post(notifier.url.value, std::move(headers), notification.payload);
  if (is_cut() && !response.answered()) return;  // tried again after the restart
  note(notification, response);
  settle(notification);
}

// What the answer means for the message and the notifier.
void QueueWorker::note(journal::Notification& notification, const http_client::Response& response) {
  using State = journal::NotificationState;
  const core::Time now = this->now();
  const auto verdict = judge(response);
  const auto retry_for = parts_.alerting->retry_for;
  notification.attempts += 1;
  notification.status = response.status;
  notification.answer = words_of(response, secrets_);
  if (verdict == Verdict::kTaken) {
    notification.state = State::kSent;
    notification.finished = now;
    core::count(parts_.counters->sent);
    return succeeded();
  }
  std::string what = describe(response, notification.answer);
  const bool late = now - notification.created >= retry_for;
  if (verdict == Verdict::kRefused || late) {
    notification.state = State::kFailed;
    notification.finished = now;
    core::count(parts_.counters->failed);
    what = fmt::format("notification {} {}: {}", notification.id,
                       late ? "was given up after " + config::format_duration(retry_for)
                            : std::string("is refused for good"),
                       what);
    if (late) notification.answer = what;
    return failed(what, true);
  }
  paused_until_ = notification.next_try = now + pause(response.retry_after);
  core::count(parts_.counters->retried);
  failed(what, false);
}

}  // namespace kcloud::alerting
