#include "agent/journal/notifications.h"

#include <algorithm>

#include "agent/journal/store.h"

namespace kcloud::journal {

namespace {

constexpr const char* kSelect =
    "SELECT id,notifier,key,grp,fingerprints,resolved,state,created,next_try,attempts,finished,"
    "status,answer,payload FROM notifications ";
constexpr const char* kSelectNotices =
    "SELECT id,notifier,grp,fingerprint,starts_at,resolved,queued,body FROM notices ";

// The column holds them with a blank around each.
std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  for (std::size_t begin = text.find_first_not_of(' '); begin != std::string_view::npos;) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    parts.emplace_back(text.substr(begin, end - begin));
    begin = text.find_first_not_of(' ', end);
  }
  return parts;
}

Notification read_row(const Statement& row) {
  Notification out;
  out.id = static_cast<std::uint64_t>(row.integer(0));
  out.notifier = row.text(1);
  out.key = row.text(2);
  out.group = row.text(3);
  out.fingerprints = split(row.text(4));
  out.resolved = row.integer(5) != 0;
  out.state = static_cast<NotificationState>(row.integer(6));
  out.created = core::from_nanos(row.integer(7));
  out.next_try = core::from_nanos(row.integer(8));
  out.attempts = static_cast<std::uint32_t>(row.integer(9));
  if (row.integer(10) != 0) out.finished = core::from_nanos(row.integer(10));
  out.status = static_cast<int>(row.integer(11));
  out.answer = row.text(12);
  out.payload = row.text(13);
  return out;
}

Notice read_notice(const Statement& row) {
  Notice out;
  out.id = static_cast<std::uint64_t>(row.integer(0));
  out.notifier = row.text(1);
  out.group = row.text(2);
  out.fingerprint = row.text(3);
  out.starts_at = core::from_nanos(row.integer(4));
  out.resolved = row.integer(5) != 0;
  out.queued = core::from_nanos(row.integer(6));
  out.body = row.text(7);
  return out;
}

}  // namespace

std::vector<Notification> notifications(Database& db, const NotificationQuery& query) {
  Statement select(db, std::string(kSelect) +
                           "WHERE id<?1 AND (?3 IS NULL OR notifier=?3) AND (?4 IS NULL OR "
                           "instr(fingerprints,' '||?4||' ')>0) AND (?5<0 OR state=?5) AND "
                           "created>=?6 AND created<?7 ORDER BY id DESC LIMIT ?2");
  const auto nanos = [](const std::optional<core::Time>& time, std::int64_t otherwise) {
    return time ? core::to_nanos(*time) : otherwise;
  };
  select.bind(1, query.before == 0 ? INT64_MAX : static_cast<std::int64_t>(query.before))
      .bind(2, static_cast<std::int64_t>(query.limit))
      .bind_text(3, query.notifier)
      .bind_text(4, query.fingerprint)
      .bind(5, query.state ? static_cast<std::int64_t>(*query.state) : std::int64_t{-1})
      .bind(6, nanos(query.since, INT64_MIN))
      .bind(7, nanos(query.until, INT64_MAX));
  std::vector<Notification> rows;
  std::size_t bytes = 0;
  while (bytes < query.max_bytes && select.step()) {
    bytes += rows.emplace_back(read_row(select)).payload.size();
  }
  return rows;
}

NotificationQueue notification_queue(Database& db, const std::string& notifier) {
  NotificationQueue queue;
  Statement count(db, "SELECT count(*) FROM notifications WHERE state=0 AND notifier=?1");
  if (count.bind_text(1, notifier).step()) {
    queue.queued = static_cast<std::uint64_t>(count.integer(0));
  }
  if (queue.queued == 0) return queue;
  Statement select(db, std::string(kSelect) +
                           "WHERE id IN (SELECT min(id) FROM notifications WHERE state=0 AND "
                           "notifier=?1 GROUP BY grp) ORDER BY next_try,id LIMIT 1");
  if (select.bind_text(1, notifier).step()) queue.next = read_row(select);
  return queue;
}

std::vector<Notice> notices(Database& db, const std::string& notifier, std::uint64_t after,
                            std::size_t limit) {
  Statement select(
      db, std::string(kSelectNotices) + "WHERE id>?1 AND notifier=?2 ORDER BY id LIMIT ?3");
  select.bind(1, after).bind_text(2, notifier).bind(3, static_cast<std::int64_t>(limit));
  std::vector<Notice> rows;
  while (select.step()) rows.push_back(read_notice(select));
  return rows;
}

std::vector<Announced> announced(Database& db, const std::string& notifier) {
  Statement select(db, "SELECT fingerprint,starts_at,quiet FROM announced WHERE notifier=?1");
  select.bind_text(1, notifier);
  std::vector<Announced> rows;
  while (select.step()) {
    rows.push_back(
        {std::string(select.text(0)), core::from_nanos(select.integer(1)), select.integer(2) != 0});
  }
  return rows;
}

void carry_over_notifications(Store& store, Database& from) {
  Statement sent(from, std::string(kSelect) + "ORDER BY id");
  while (sent.step()) {
    Notification notification = read_row(sent);
    store.add_notification(notification);
  }
  Statement waiting(from, std::string(kSelectNotices) + "ORDER BY id");
  while (waiting.step()) store.add_notice(read_notice(waiting));
  Statement announced(from, "SELECT notifier,fingerprint,starts_at,quiet FROM announced");
  while (announced.step()) {
    Statement(store.db(), "INSERT INTO announced VALUES(?1,?2,?3,?4)")
        .bind_text(1, announced.text(0))
        .bind_text(2, announced.text(1))
        .bind(3, announced.integer(2))
        .bind(4, announced.integer(3))
        .run();
  }
}

}  // namespace kcloud::journal
