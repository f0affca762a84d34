// Dead letters in the writer's transaction: rewritten, removed, counted by reason.
#include "agent/journal/store.h"

namespace kcloud::journal {

bool Store::has_letter(std::uint64_t id) {
  return Statement(db_, "SELECT 1 FROM dead_letters WHERE id=?1").bind(1, id).step();
}

void Store::rewrite_letter(std::uint64_t id, const std::string& reason, const std::string& detail) {
  Statement update(db_, "UPDATE dead_letters SET reason=?2,detail=?3 WHERE id=?1");
  Statement before(db_, "SELECT coalesce(reason,'') FROM dead_letters WHERE id=?1");
  if (!before.bind(1, id).step()) return;
  forget_letter(std::string(before.text(0)));
  before.reset();
  letters_[reason] += 1;
  update.bind(1, id).bind_text(2, reason).bind_text(3, detail).run();
}

bool Store::remove_letter(std::uint64_t id) {
  Statement removal(db_, "DELETE FROM dead_letters WHERE id=?1 RETURNING coalesce(reason,'')");
  removal.bind(1, id);
  bool removed = false;
  while (removal.step()) {
    forget_letter(std::string(removal.text(0)));
    removed = true;
  }
  return removed;
}

std::uint64_t Store::drop_letters(std::uint64_t most, std::int64_t received) {
  Statement removal(db_,
                    "DELETE FROM dead_letters WHERE id IN (SELECT id FROM (SELECT id,received FROM "
                    "dead_letters ORDER BY id LIMIT ?1) WHERE received<?2) "
                    "RETURNING coalesce(reason,'')");
  removal.bind(1, most).bind(2, received);
  std::uint64_t removed = 0;
  while (removal.step()) {
    forget_letter(std::string(removal.text(0)));
    ++removed;
  }
  return removed;
}

void Store::forget_letter(const std::string& reason) {
  const auto kept = letters_.find(reason);
  if (kept == letters_.end()) return;
  if (--kept->second == 0) letters_.erase(kept);
}

}  // namespace kcloud::journal
