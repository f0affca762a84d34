// Notifications in the writer's transaction: what is to be told, what was told, what came of it.
#include <algorithm>

#include "agent/journal/store.h"

namespace kcloud::journal {

namespace {

std::string join(const std::vector<std::string>& parts) {
  std::string text;
  for (const auto& part : parts) text.append(" ").append(part);
  return parts.empty() ? text : text + " ";
}

std::int64_t finished_or_0(const Notification& notification) {
  return notification.finished ? core::to_nanos(*notification.finished) : 0;
}

// A beginning that is not known yet.
bool announce(Database& db, const Notice& notice) {
  Statement(db,
            "INSERT INTO announced VALUES(?1,?2,?3,?4) ON CONFLICT DO UPDATE SET "
            "starts_at=excluded.starts_at,quiet=excluded.quiet WHERE starts_at<>excluded.starts_at")
      .bind_text(1, notice.notifier)
      .bind_text(2, notice.fingerprint)
      .bind(3, core::to_nanos(notice.starts_at))
      .bind(4, std::int64_t{notice.quiet})
      .run();
  return db.changes() > 0 && !notice.quiet;
}

// The end of what somebody was told the beginning of.
bool end(Database& db, const Notice& notice) {
  Statement removal(db,
                    "DELETE FROM announced WHERE notifier=?1 AND fingerprint=?2 AND starts_at=?3 "
                    "RETURNING quiet");
  removal.bind_text(1, notice.notifier)
      .bind_text(2, notice.fingerprint)
      .bind(3, core::to_nanos(notice.starts_at));
  bool told = false;
  while (removal.step()) told = removal.integer(0) == 0;
  return told && !notice.quiet;
}

}  // namespace

std::uint64_t Store::queue_notifications(std::span<const Notice> notices) {
  std::uint64_t queued = 0;
  for (const auto& notice : notices) {
    if (notice.resolved ? !end(db_, notice) : !announce(db_, notice)) continue;
    add_notice(notice);
    ++queued;
  }
  return queued;
}

void Store::add_notice(const Notice& notice) {
  Statement(db_, "INSERT INTO notices VALUES(nullif(?8,0),?1,?2,?3,?4,?5,?6,?7)")
      .bind_text(1, notice.notifier)
      .bind_text(2, notice.group)
      .bind_text(3, notice.fingerprint)
      .bind(4, core::to_nanos(notice.starts_at))
      .bind(5, std::int64_t{notice.resolved})
      .bind(6, core::to_nanos(notice.queued))
      .bind_blob(7, notice.body)
      .bind(8, notice.id)
      .run();
}

void Store::add_notification(Notification& notification) {
  const std::string fingerprints = join(notification.fingerprints);
  Statement(db_,
            "INSERT INTO notifications "
            "VALUES(nullif(?14,0),?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)")
      .bind_text(1, notification.notifier)
      .bind_text(2, notification.key)
      .bind_text(3, notification.group)
      .bind_text(4, fingerprints)
      .bind(5, std::int64_t{notification.resolved})
      .bind(6, static_cast<std::int64_t>(notification.state))
      .bind(7, core::to_nanos(notification.created))
      .bind(8, core::to_nanos(notification.next_try))
      .bind(9, std::int64_t{notification.attempts})
      .bind(10, finished_or_0(notification))
      .bind(11, std::int64_t{notification.status})
      .bind_text(12, notification.answer)
      .bind_blob(13, notification.payload)
      .bind(14, notification.id)
      .run();
  notification.id = static_cast<std::uint64_t>(sqlite3_last_insert_rowid(db_.handle()));
}

void Store::remove_notices(std::span<const std::uint64_t> ids) {
  Statement removal(db_, "DELETE FROM notices WHERE id=?1");
  for (const auto id : ids) removal.bind(1, id).run();
}

void Store::settle_notification(const Notification& notification) {
  Statement(db_,
            "UPDATE notifications SET state=?2,next_try=?3,attempts=?4,finished=?5,status=?6,"
            "answer=?7 WHERE id=?1")
      .bind(1, notification.id)
      .bind(2, static_cast<std::int64_t>(notification.state))
      .bind(3, core::to_nanos(notification.next_try))
      .bind(4, std::int64_t{notification.attempts})
      .bind(5, finished_or_0(notification))
      .bind(6, std::int64_t{notification.status})
      .bind_text(7, notification.answer)
      .run();
}

std::uint64_t Store::retire_notifiers(const std::vector<std::string>& kept, core::Time now) {
  std::uint64_t dropped = 0;
  Statement names(db_,
                  "SELECT notifier FROM notifications WHERE state=0 UNION "
                  "SELECT notifier FROM notices UNION SELECT notifier FROM announced");
  std::vector<std::string> gone;
  while (names.step()) gone.emplace_back(names.text(0));
  std::erase_if(gone, [&](const std::string& name) {
    return std::find(kept.begin(), kept.end(), name) != kept.end();
  });
  for (const auto& name : gone) {
    Statement(db_,
              "UPDATE notifications SET state=?2,finished=?3,"
              "answer='the notifier is no longer configured' WHERE state=0 AND notifier=?1")
        .bind_text(1, name)
        .bind(2, static_cast<std::int64_t>(NotificationState::kDropped))
        .bind(3, core::to_nanos(now))
        .run();
    dropped += static_cast<std::uint64_t>(db_.changes());
    Statement(db_, "DELETE FROM notices WHERE notifier=?1").bind_text(1, name).run();
    dropped += static_cast<std::uint64_t>(db_.changes());
    Statement(db_, "DELETE FROM announced WHERE notifier=?1").bind_text(1, name).run();
  }
  return dropped;
}

std::uint64_t Store::drop_notifications(std::uint64_t slice, core::Time before,
                                        std::uint64_t most) {
  Statement(db_,
            "DELETE FROM notifications WHERE id IN (SELECT id FROM notifications WHERE state<>0 "
            "ORDER BY id LIMIT ?1) AND (created<?2 OR id<=(SELECT max(id) FROM notifications)-?3)")
      .bind(1, slice)
      .bind(2, core::to_nanos(before))
      .bind(3, most)
      .run();
  return static_cast<std::uint64_t>(db_.changes());
}

}  // namespace kcloud::journal
