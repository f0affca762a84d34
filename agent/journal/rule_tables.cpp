#include "agent/journal/rule_tables.h"

namespace kcloud::journal {

std::vector<RuleStep> rule_steps_after(Database& db, std::uint64_t number) {
  Statement select(db,
                   "SELECT number,seq,frontier FROM rule_steps WHERE number>?1 ORDER BY number");
  select.bind(1, number);
  std::vector<RuleStep> steps;
  while (select.step())
    steps.push_back({static_cast<std::uint64_t>(select.integer(0)),
                     static_cast<std::uint64_t>(select.integer(1)),
                     core::from_nanos(select.integer(2))});
  return steps;
}

std::uint64_t last_rule_step(Database& db) {
  return static_cast<std::uint64_t>(db.integer("SELECT coalesce(max(number),0) FROM rule_steps"));
}

std::vector<std::string> firing_alerts(Database& db) {
  Statement select(db, "SELECT body FROM firing ORDER BY fingerprint");
  std::vector<std::string> bodies;
  while (select.step()) bodies.emplace_back(select.text(0));
  return bodies;
}

std::vector<Silence> silences(Database& db) {
  Statement select(db, "SELECT id,starts,ends,body FROM silences ORDER BY id");
  std::vector<Silence> all;
  while (select.step())
    all.push_back({std::string(select.text(0)), core::from_nanos(select.integer(1)),
                   core::from_nanos(select.integer(2)), std::string(select.text(3))});
  return all;
}

void carry_over_rules(Database& to, Database& from) {
  Statement firing(from, "SELECT fingerprint,body FROM firing");
  while (firing.step())
    Statement(to, "INSERT OR REPLACE INTO firing VALUES(?1,?2)")
        .bind_text(1, firing.text(0))
        .bind_text(2, firing.text(1))
        .run();
  for (const auto& silence : silences(from))
    Statement(to, "INSERT OR REPLACE INTO silences VALUES(?1,?2,?3,?4)")
        .bind_text(1, silence.id)
        .bind(2, core::to_nanos(silence.starts))
        .bind(3, core::to_nanos(silence.ends))
        .bind_text(4, silence.body)
        .run();
}

}  // namespace kcloud::journal
