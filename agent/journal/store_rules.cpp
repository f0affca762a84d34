// The rules loop in the writer's transaction: how far it is, which alerts fire, who is told.
#include "agent/journal/store.h"

namespace kcloud::journal {

void Store::note_rules(const RuleCommit& commit, const core::EventBatch& transitions,
                       core::Time now) {
  const auto is_new = [&](std::size_t event) {
    return transitions.events.at(event).verdict == core::Verdict::kStored;
  };
  for (const auto& change : commit.changes) {
    if (!is_new(change.event)) continue;
    if (change.firing)
      Statement(db_, "INSERT OR REPLACE INTO firing VALUES(?1,?2)")
          .bind_text(1, change.fingerprint)
          .bind_text(2, transitions.events.at(change.event).body)
          .run();
    else
      Statement(db_, "DELETE FROM firing WHERE fingerprint=?1")
          .bind_text(1, change.fingerprint)
          .run();
  }
  for (const auto& told : commit.notices)
    if (is_new(told.event)) queue_notifications({&told.notice, 1});
  Statement(db_, "DELETE FROM rule_steps WHERE number<=?1").bind(1, commit.forget_steps).run();
  for (const auto& step : commit.steps)
    Statement(db_, "INSERT OR REPLACE INTO rule_steps VALUES(?1,?2,?3)")
        .bind(1, step.number)
        .bind(2, step.seq)
        .bind(3, core::to_nanos(step.frontier))
        .run();
  move_cursor(commit.cursor, commit.seq, now);
}

void Store::put_silence(const Silence& silence, core::Time forget_before) {
  Statement(db_, "DELETE FROM silences WHERE ends<?1").bind(1, core::to_nanos(forget_before)).run();
  Statement(db_, "INSERT OR REPLACE INTO silences VALUES(?1,?2,?3,?4)")
      .bind_text(1, silence.id)
      .bind(2, core::to_nanos(silence.starts))
      .bind(3, core::to_nanos(silence.ends))
      .bind_text(4, silence.body)
      .run();
}

}  // namespace kcloud::journal
