#include "agent/alerting/alertmanager_worker.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <functional>
#include <span>
#include <utility>

#include "agent/alerting/notices.h"
#include "config/scalar.h"
#include "rules/notify/alertmanager.h"
#include "rules/notify/webhook.h"

namespace kcloud::alerting {

namespace {

using std::chrono::milliseconds;
constexpr std::size_t kNoticesRead = 1000;
constexpr std::size_t kAlertsARequest = 256;
constexpr std::size_t kAlertsARecord = 50;
constexpr std::chrono::minutes kEndedResent{15};  // as Prometheus does

milliseconds until(core::Time then, core::Time now) {
  return std::max(std::chrono::ceil<milliseconds>(then - now), milliseconds(0));
}

}  // namespace

AlertmanagerWorker::AlertmanagerWorker(WorkerParts parts) : Worker(std::move(parts)) {
  for (const auto& url : parts_.notifier.urls) peers_.push_back({url});
}

void AlertmanagerWorker::forget() {
  waiting_.clear();
  held_.clear();
  last_notice_ = 0;
}

void AlertmanagerWorker::take_notices() {
  for (auto& notice : reader().notices(name(), last_notice_, kNoticesRead)) {
    last_notice_ = notice.id;
    waiting_.emplace(notice.id, std::move(notice));
  }
}

std::vector<std::uint64_t> AlertmanagerWorker::news() const {
  std::vector<std::uint64_t> ids;
  for (const auto& [id, notice] : waiting_) {
    if (!held_.contains(id)) ids.push_back(id);
  }
  return ids;
}

// Beginnings wait for the end of a silence; one that resolves before it is told to nobody.
void AlertmanagerWorker::hold(core::Time now, const std::set<std::string>& silenced) {
  std::vector<std::uint64_t> dropped;
  for (const auto& [end_id, end] : waiting_) {
    if (!end.resolved) continue;
    for (const auto begin_id : held_) {
      const journal::Notice& begin = waiting_.at(begin_id);
      if (begin.fingerprint != end.fingerprint || begin.starts_at != end.starts_at) continue;
      dropped.push_back(begin_id);
      dropped.push_back(end_id);
    }
  }
  if (!dropped.empty()) {
    core::count(parts_.counters->dropped);
    record(dropped,
           outcome(journal::NotificationState::kDropped, "resolved while it was silenced", now));
  }
  held_.clear();
  for (const auto& [id, notice] : waiting_) {
    if (!notice.resolved && silenced.contains(notice.fingerprint)) held_.insert(id);
  }
}

std::vector<std::string> AlertmanagerWorker::compose(core::Time now,
                                                     const std::vector<rules::Alert>& firing) {
  std::vector<std::string> alerts;
  std::set<std::string> told;
  const auto add_once = [&](const std::string& fingerprint, const std::string& body) {
    if (told.insert(fingerprint).second) alerts.push_back(body);
  };
  // What fires comes first: the end of an earlier run of it would end it.
  const core::Time end = alertmanager_end(parts_.notifier, now);
  for (const auto& alert : firing) {
    add_once(alert.fingerprint,
             rules::notify::alertmanager_alert(alert, end, parts_.alerting->external_url));
  }
  for (auto notice = waiting_.rbegin(); notice != waiting_.rend(); ++notice) {
    if (!held_.contains(notice->first)) add_once(notice->second.fingerprint, notice->second.body);
  }
  std::erase_if(ended_, [&](const Ended& ended) { return ended.until <= now; });
  for (auto ended = ended_.rbegin(); ended != ended_.rend(); ++ended) {
    add_once(ended->fingerprint, ended->body);
  }
  return alerts;
}

// An alert that the journal does not know yet may be one of which nobody is to be told. One that it
// still does not know an interval later began before there was this notifier.
std::vector<rules::Alert> AlertmanagerWorker::firing(bool to_all, std::set<std::string>& silenced) {
  std::map<Run, bool> quiet;
  for (auto& one : reader().announced(name())) {
    quiet.emplace(Run{std::move(one.fingerprint), one.starts_at}, one.quiet);
  }
  std::vector<rules::Alert> firing;
  std::set<Run> unknown;
  for (auto& alert : parts_.sources.active()) {
    if (alert.state != rules::AlertState::kFiring || !parts_.sources.tells(alert, name())) continue;
    Run run{alert.fingerprint, alert.starts_at};
    const auto known = quiet.find(run);
    if (known != quiet.end() && known->second) continue;
    const bool wait = known == quiet.end() && !unknown_.contains(run);
    if (known == quiet.end()) unknown.insert(std::move(run));
    if (wait) continue;
    if (parts_.sources.silenced(alert)) {
      silenced.insert(alert.fingerprint);
    } else {
      firing.push_back(std::move(alert));
    }
  }
  if (to_all) unknown_ = std::move(unknown);
  return firing;
}

Worker::milliseconds AlertmanagerWorker::step() {
  if (!parts_.sources.ready()) return kNotReady;
  const core::Time now = this->now();
  if (went_back(now)) next_send_ = paused_until_ = now;
  take_notices();
  tell(held_.size(), held_.size(), waiting_.size() - held_.size());
  const core::Time turn = std::max(has_news() ? now : next_send_, paused_until_);
  if (turn > now) return until(turn, now);
  const bool to_all = now >= next_send_;
  std::set<std::string> silenced;
  const auto fires = firing(to_all, silenced);
  hold(now, silenced);
  const auto alerts = compose(now, fires);
  if (to_all) next_send_ = now + parts_.notifier.resend_interval;
  if (!alerts.empty()) {
    const Sent sent = send(alerts, to_all);
    if (is_cut() && sent.taken == 0) return milliseconds(0);  // tried again after the restart
    note(sent, now);
  }
  return milliseconds(0);
}

AlertmanagerWorker::Sent AlertmanagerWorker::send(const std::vector<std::string>& alerts,
                                                  bool to_all) {
  // Those that answer do not wait for one that does not.
  std::stable_partition(peers_.begin(), peers_.end(), std::mem_fn(&Peer::well));
  const bool none_well = !peers_.front().well;
  Sent sent;
  for (Peer& peer : peers_) {
    if (!peer.well && !to_all && !none_well) continue;
    sent.tried += 1;
    const bool well = send_to(peer, alerts, sent);
    sent.taken += well ? 1 : 0;
    if (peers_.size() > 1 && peer.well && !well) {
      spdlog::warn("notifier {}: a peer does not take alerts: {}", name(), sent.words);
    } else if (peers_.size() > 1 && !peer.well && well) {
      spdlog::info("notifier {}: {} takes alerts again", name(), peer.url);
    }
    peer.well = well;
  }
  return sent;
}

bool AlertmanagerWorker::send_to(Peer& peer, const std::vector<std::string>& alerts, Sent& sent) {
  std::vector<http_client::Header> headers;
  if (!parts_.notifier.token.empty()) {
    headers.push_back({"Authorization", "Bearer " + parts_.notifier.token.value});
  }
  const std::span all(alerts);
  for (std::size_t i = 0; i < all.size(); i += kAlertsARequest) {
    const auto part = all.subspan(i, std::min(kAlertsARequest, all.size() - i));
    const auto response =
        post(peer.url + "/api/v2/alerts", headers, rules::notify::alertmanager_body(part));
    const auto verdict = judge(response);
    if (verdict == Verdict::kTaken) continue;
    sent.refused += verdict == Verdict::kRefused ? 1 : 0;
    sent.status = response.status;
    sent.words = describe(response, words_of(response, secrets_));
    if (response.answered()) sent.words = peer.url + " " + sent.words;
    sent.retry_after = response.retry_after;
    return false;
  }
  return true;
}

void AlertmanagerWorker::note(const Sent& sent, core::Time now) {
  using State = journal::NotificationState;
  const auto ids = news();
  NotifierCounters& counters = *parts_.counters;
  attempts_ += 1;
  if (sent.taken > 0) {
    succeeded();
    core::count(ids.empty() ? counters.resent : counters.sent);
    auto taken = outcome(State::kSent, {}, now);
    taken.answer = fmt::format("taken by {} of {} peers", sent.taken, peers_.size());
    taken.status = 200;
    record(ids, taken);
    attempts_ = 0;
    return;
  }
  const auto retry_for = parts_.alerting->retry_for;
  const bool refused = sent.refused == sent.tried;
  std::vector<std::uint64_t> over = ids;
  if (!refused)
    std::erase_if(over, [&](auto id) { return now - waiting_.at(id).queued < retry_for; });
  failed(sent.words, !over.empty());
  if (refused || !over.empty()) {
    core::count(counters.failed);
    auto lost = outcome(State::kFailed, sent.words, now);
    if (!refused) {
      lost.answer =
          fmt::format("given up after {}: {}", config::format_duration(retry_for), sent.words);
    }
    lost.status = sent.status;
    record(over, lost);
    attempts_ = 0;
  } else {
    core::count(counters.retried);
    next_send_ = now;
  }
  paused_until_ = now + pause(sent.retry_after);
}

journal::Notification AlertmanagerWorker::outcome(journal::NotificationState state,
                                                  std::string answer, core::Time now) const {
  journal::Notification outcome;
  outcome.notifier = name();
  outcome.state = state;
  outcome.answer = std::move(answer);
  outcome.attempts = attempts_;
  outcome.next_try = now;
  outcome.finished = now;
  return outcome;
}

void AlertmanagerWorker::record(const std::vector<std::uint64_t>& which,
                                const journal::Notification& outcome) {
  std::vector<journal::Notification> rows;
  const std::span all(which);
  for (std::size_t i = 0; i < all.size(); i += kAlertsARecord) {
    journal::Notification& row = rows.emplace_back(outcome);
    std::vector<std::string> bodies;
    std::vector<rules::notify::Told> told;
    row.created = waiting_.at(all[i]).queued;
    row.resolved = true;
    for (const auto id : all.subspan(i, std::min(kAlertsARecord, all.size() - i))) {
      const journal::Notice& notice = waiting_.at(id);
      row.fingerprints.push_back(notice.fingerprint);
      row.resolved = row.resolved && notice.resolved;
      bodies.push_back(notice.body);
      told.push_back({notice.fingerprint, notice.starts_at, notice.resolved});
    }
    row.key = rules::notify::webhook_id(name(), told);
    row.payload = rules::notify::alertmanager_body(bodies);
  }
  if (!rows.empty()) form(rows, which);
  for (const auto id : which) {
    const journal::Notice& notice = waiting_.at(id);
    if (notice.resolved && outcome.state == journal::NotificationState::kSent) {
      ended_.push_back({notice.fingerprint, notice.body, *outcome.finished + kEndedResent});
    }
    held_.erase(id);
    waiting_.erase(id);
  }
}

}  // namespace kcloud::alerting
