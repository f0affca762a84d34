#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <set>

#include "agent/alerting/runner_impl.h"
#include "agent/alerting/snapshot_file.h"
#include "agent/alerting/transition_event.h"

namespace kcloud::alerting {

void Runner::Impl::open(std::stop_token stop) {
  reader = journal.reader();
  const auto oldest = reader->oldest();
  committed_seq = journal.open_cursor(kCursor, oldest == 0 ? 0 : oldest - 1).seq;
  recover(stop);
  if (stop.stop_requested()) return;
  opened = true;
  publish();
}

// From the newest snapshot and the steps behind it; without one from all that the journal has.
void Runner::Impl::recover(std::stop_token stop) {
  engine = rules::Engine(set.rules);
  frontier = rules::Frontier();
  pending.clear();
  steps.clear();
  const auto kept = read_snapshot(snapshot_path);
  const bool fits = kept && kept->epoch == journal.epoch() && kept->seq <= journal.head() &&
                    engine.restore(kept->engine);
  if (fits) {
    seq = snapshot_seq = kept->seq;
    step = snapshot_step = kept->step;
    reached = kept->frontier;
  } else {
    const auto oldest = reader->oldest();
    seq = oldest == 0 ? 0 : oldest - 1;
    step = reader->last_rule_step();
    reached = {};
    if (committed_seq > seq)
      spdlog::warn("rules: {}; their state is made anew from the events since seq {}",
                   kept ? "the snapshot does not fit the journal" : "there is no snapshot", seq);
  }
  const auto taken = reader->rule_steps_after(fits ? step : 0);
  if (fits)
    fill();
  else
    rebuild(taken.empty() ? committed_seq : std::min(committed_seq, taken.front().seq), stop);
  replay(taken, stop);
  if (!stop.stop_requested()) settle_lost(stop);
  next_snapshot = steady_clock::now() + (fits ? options.snapshot_interval : milliseconds(0));
}

// The events up to there, as at their time: what they fired then is known by its id.
void Runner::Impl::rebuild(std::uint64_t to, std::stop_token stop) {
  core::EventBatch batch;
  while (seq < to && !stop.stop_requested()) {
    batch.clear();
    const auto end = read(seq, to, batch);
    feed_engine(batch);
    if (end <= seq) break;
    seq = end;
    if (batch.events.empty()) continue;
    reached = std::chrono::floor<std::chrono::seconds>(frontier.at(batch.events.back().received));
    engine.advance(reached, pending);
  }
}

// Each step as it was taken, and what was committed behind the last.
void Runner::Impl::replay(const std::vector<journal::RuleStep>& taken, std::stop_token stop) {
  const auto go_to = [&](std::uint64_t end) {
    core::EventBatch batch;
    while (seq < end && !stop.stop_requested()) {
      batch.clear();
      const auto next = read(seq, end, batch);
      feed_engine(batch);
      if (next <= seq) break;
      seq = next;
    }
    seq = std::max(seq, end);
  };
  for (const auto& one : taken) {
    go_to(one.seq);
    if (stop.stop_requested()) return;
    engine.advance(one.frontier, pending);
    step = one.number;
    reached = one.frontier;
  }
  go_to(committed_seq);
}

// Alerts that are known as firing and that no rule has any more: they end here.
void Runner::Impl::settle_lost(std::stop_token stop) {
  std::set<std::pair<std::string, core::Time>> firing;
  for (const auto& alert : engine.active())
    if (alert.state == rules::AlertState::kFiring)
      firing.emplace(alert.fingerprint, alert.starts_at);
  for (const auto& transition : pending)
    if (transition.alert.state == rules::AlertState::kResolved)
      firing.emplace(transition.alert.fingerprint, transition.alert.starts_at);
  std::vector<rules::Transition> ended;
  for (const auto& body : reader->firing_alerts()) {
    auto known = parse_transition(body);
    if (!known || firing.contains({known->alert.fingerprint, known->alert.starts_at})) continue;
    known->from = rules::AlertState::kFiring;
    known->alert.state = rules::AlertState::kResolved;
    known->at = std::max(known->alert.starts_at, reached);
    known->alert.ends_at = known->at;
    known->reason = "the rule has gone or changed while the agent was away";
    ended.push_back(std::move(*known));
  }
  pending.insert(pending.begin(), ended.begin(), ended.end());
  if (!pending.empty() || !steps.empty()) commit(stop);
}

// Tried until it is on disk; false when stopped first: it is then done again after the start.
bool Runner::Impl::commit(std::stop_token stop) {
  const auto now = clock.now();
  journal::RuleCommit commit;
  commit.cursor = kCursor;
  commit.seq = seq;
  commit.steps = steps;
  commit.forget_steps = snapshot_step;
  commit.transitions = std::make_unique<core::Intake>();
  for (const auto& transition : pending) {
    append_transition(transition, decoder, options.agent, now, commit.transitions->batch);
    const auto event = commit.transitions->batch.events.size() - 1;
    commit.changes.push_back({event, transition.alert.fingerprint,
                              transition.alert.state == rules::AlertState::kFiring});
    if (!options.notices) continue;
    for (auto& notice : options.notices(transition, *set.rules))
      commit.notices.push_back({event, std::move(notice)});
  }
  for (;;) {
    const auto status = journal.commit_rules(commit);
    if (status == core::CommitStatus::kCommitted) break;
    if (status == core::CommitStatus::kStopped || stop.stop_requested()) return false;
    fail("the journal did not take the rules' commit", stop);
  }
  const bool told = !pending.empty();
  transitions += pending.size();
  for (const auto& transition : pending)
    spdlog::info("rules: {} {} {}", transition.alert.rule, to_string(transition.alert.state),
                 transition.alert.fingerprint);
  pending.clear();
  steps.clear();
  committed_seq = seq;
  next_commit = steady_clock::now() + milliseconds(1000);
  if (!told) return true;
  publish();
  if (options.committed) options.committed();
  return true;
}

// What is not committed yet is done again from the snapshot before: so all of it is committed
// first.
void Runner::Impl::snapshot() {
  if (!pending.empty() || !steps.empty() || seq != committed_seq)
    if (!commit(thread.get_stop_token())) return;
  const auto begin = steady_clock::now();
  write_snapshot(snapshot_path, {journal.epoch(), seq, step, reached, engine.snapshot()});
  snapshot_seq = seq;
  snapshot_step = step;
  // Of a large state seldom: at most a hundredth of the time goes into it.
  const auto took = steady_clock::now() - begin;
  next_snapshot =
      steady_clock::now() + std::max<steady_clock::duration>(options.snapshot_interval, 100 * took);
}

}  // namespace kcloud::alerting
