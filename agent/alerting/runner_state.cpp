#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <set>

#include "agent/alerting/runner_impl.h"
#include "agent/alerting/snapshot_file.h"
#include "agent/alerting/transition_event.h"

namespace kcloud::alerting {
namespace {

// What collectors have to bring of the time that the agent was away counts at its own time: until
// then the wall clock moves nothing.
constexpr std::chrono::seconds kSettle{10};

}  // namespace

void Runner::Impl::open(std::stop_token stop) {
  reader = journal.reader();
  const auto oldest = reader->oldest();
  committed_seq = journal.open_cursor(kCursor, oldest == 0 ? 0 : oldest - 1).seq;
  recover(stop);
  if (stop.stop_requested()) return;
  opened = true;
  settled = steady_clock::now() + kSettle;
  publish();
}

// From the newest snapshot and the steps behind it; without one from all that the journal has.
void Runner::Impl::recover(std::stop_token stop) {
  engine = rules::Engine(set.rules);
  frontier = rules::Frontier();
  pending.clear();
  judged = 0;
  steps.clear();
  firing.clear();
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
                   kept ? "the snapshot does not fit the journal"
                   : std::filesystem::exists(snapshot_path) ? "the snapshot is damaged"
                                                            : "there is no snapshot",
                   seq);
  }
  const auto taken = reader->rule_steps_after(fits ? step : 0);
  if (fits)
    fill(stop);
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
  std::set<std::pair<std::string, core::Time>> goes_on;
  for (const auto& alert : engine.active())
    if (alert.state == rules::AlertState::kFiring)
      goes_on.emplace(alert.fingerprint, alert.starts_at);
  for (const auto& transition : pending)
    if (transition.alert.state == rules::AlertState::kResolved)
      goes_on.emplace(transition.alert.fingerprint, transition.alert.starts_at);
  std::vector<rules::Transition> lost;
  for (const auto& body : reader->firing_alerts()) {
    auto known = parse_transition(body);
    if (!known) continue;
    firing.insert_or_assign(known->alert.fingerprint, known->alert.starts_at);
    if (goes_on.contains({known->alert.fingerprint, known->alert.starts_at})) continue;
    known->from = rules::AlertState::kFiring;
    known->alert.state = rules::AlertState::kResolved;
    known->at = std::max(known->alert.starts_at + std::chrono::milliseconds(1), reached);
    known->alert.ends_at = known->at;
    known->reason = "the rule has gone or changed while the agent was away";
    lost.push_back(std::move(*known));
  }
  pending.insert(pending.begin(), lost.begin(), lost.end());  // none was judged yet
  if (!pending.empty() || !steps.empty()) commit(stop);
}

// What ended is told once, whatever it is that ends it twice: a rule that has gone, a step that is
// taken again. Each transition is looked at once, also when its commit has to be tried again.
void Runner::Impl::drop_repeated_ends() {
  const auto repeated = [this](const rules::Transition& transition) {
    const rules::Alert& alert = transition.alert;
    if (alert.state == rules::AlertState::kFiring) {
      firing.insert_or_assign(alert.fingerprint, alert.starts_at);
      return false;
    }
    const auto known = firing.find(alert.fingerprint);
    if (known == firing.end() || known->second != alert.starts_at) return true;
    firing.erase(known);
    return false;
  };
  const auto looked_at = pending.begin() + static_cast<std::ptrdiff_t>(judged);
  pending.erase(std::remove_if(looked_at, pending.end(), repeated), pending.end());
  judged = pending.size();
}

// Tried until it is on disk; false when stopped first: it is then done again after the start.
bool Runner::Impl::commit(std::stop_token stop) {
  const auto now = clock.now();
  drop_repeated_ends();
  // Before it can be told: who tells it asks for silences of what is active.
  if (!pending.empty()) publish();
  journal::RuleCommit commit;
  commit.cursor = kCursor;
  commit.seq = seq;
  commit.steps = steps;
  commit.forget_steps = snapshot_step;
  commit.transitions = std::make_unique<core::Intake>();
  std::vector<const rules::Transition*> kept;  // as commit.changes
  for (const auto& transition : pending) {
    if (!append_transition(transition, decoder, options.agent, now, commit.transitions->batch))
      continue;
    const auto event = commit.transitions->batch.events.size() - 1;
    kept.push_back(&transition);
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
  for (std::size_t i = 0; i < kept.size(); ++i) {
    // What is done again after a restart was said before it.
    const auto& event = commit.transitions->batch.events[commit.changes[i].event];
    if (event.verdict != core::Verdict::kStored) continue;
    ++transitions;
    spdlog::info("rules: {} {} {}", kept[i]->alert.rule, to_string(kept[i]->alert.state),
                 kept[i]->alert.fingerprint);
  }
  pending.clear();
  judged = 0;
  steps.clear();
  committed_seq = seq;
  next_commit = steady_clock::now() + milliseconds(1000);
  if (!told) return true;
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
