// The words of the HTML report, in English and Korean. Pure.
#pragma once

#include <string_view>

#include "agent/report/request.h"

namespace kcloud::report {

struct Texts {
  std::string_view lang, title, period, zone, filter, everything, made, by, anonymous, agent, event,
      position, source, all_agents;
  std::string_view integrity, ok, damaged, none;
  std::string_view events, types, actors, agents, outcomes, gaps, dead_letters, duplicates,
      conflicts, since_start, retention, keeps_days, short_retention, oldest, removed, began_later;
  std::string_view of_agents, not_known, not_here, oldest_day, no_day_dropped, days_dropped;
  std::string_view per_hour, per_day, per_days, by_type, none_found;
  std::string_view when, who, what, where, why, outcome, change;
  std::string_view cut, rows_left_off;
  std::string_view gap_note, gap_note_all, gap_from, gap_to, length, days, more;
  std::string_view chain, first, last, batches, verdict, findings, checkpoints, verified, forged,
      key_id, no_key, unread, unsealed, verify, verify_note, verify_note_all, undelivered;
  std::string_view sha256;
};

const Texts& texts(Language language);
// What the built-in type is called; empty: it has no name but its own.
std::string_view type_title(std::string_view type, Language language);

}  // namespace kcloud::report
