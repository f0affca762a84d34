// The queue of notifications: each beginning and end is told once, whatever happens in between.
#include <gmock/gmock.h>
#include <sqlite3.h>

#include <fstream>

#include "agent/journal/directory.h"
#include "agent/journal/journal.h"
#include "agent/journal/reader.h"
#include "agent/journal/store.h"
#include "tests/journal/event_maker.h"
#include "tests/journal/older_schema.h"

namespace kcloud::journal {
namespace {

using core::CommitStatus;
using testing::ElementsAre;
using testing::IsEmpty;
using State = NotificationState;

class NotificationsTest : public testing::Test {
 protected:
  NotificationsTest() { options_.directory = directory_.path(); }

  void open() {
    journal_.reset();
    journal_ = std::make_unique<Journal>(options_, clock_);
  }
  Notice firing(std::string fingerprint, int second = 0, std::string notifier = "hooks") const {
    Notice notice;
    notice.notifier = std::move(notifier);
    notice.group = "{}";
    notice.fingerprint = std::move(fingerprint);
    notice.starts_at = core::from_nanos(0) + std::chrono::seconds(second);
    notice.queued = clock_.now();
    notice.body = "{}";
    return notice;
  }
  static Notice resolved(Notice notice) {
    notice.resolved = true;
    return notice;
  }
  static Notice quiet(Notice notice) {
    notice.quiet = true;
    return notice;
  }
  void queue(const std::vector<Notice>& notices) {
    ASSERT_EQ(journal_->queue_notifications(notices), CommitStatus::kCommitted);
  }
  // `a+` for a beginning, `a-` for an end.
  std::vector<std::string> waiting(const std::string& notifier = "hooks") {
    std::vector<std::string> texts;
    for (const auto& notice : journal_->reader()->notices(notifier, 0, 100))
      texts.push_back(notice.fingerprint + (notice.resolved ? "-" : "+"));
    return texts;
  }
  Notification notification(std::string key, std::string group = "{}",
                            std::string notifier = "hooks") const {
    Notification out;
    out.key = std::move(key);
    out.group = std::move(group);
    out.notifier = std::move(notifier);
    out.fingerprints = {"a", "b"};
    out.created = out.next_try = clock_.now();
    out.payload = "{\"alerts\":[]}";
    return out;
  }
  void form(std::vector<Notification> formed, const std::vector<std::uint64_t>& notices = {}) {
    ASSERT_EQ(journal_->form_notifications(formed, notices), CommitStatus::kCommitted);
  }
  std::vector<std::string> keys(NotificationQuery query = {}) {
    std::vector<std::string> keys;
    for (const auto& row : journal_->reader()->notifications(query)) keys.push_back(row.key);
    return keys;
  }
  std::string next(const std::string& notifier = "hooks") {
    const auto queue = journal_->reader()->notification_queue(notifier);
    return queue.next ? queue.next->key : "";
  }
  Notification only(const std::string& key) {
    for (auto& row : journal_->reader()->notifications({}))
      if (row.key == key) return row;
    throw std::runtime_error("no notification " + key);
  }
  void settle(const std::string& key, State state) {
    Notification row = only(key);
    row.state = state;
    if (state != State::kQueued) row.finished = clock_.now();
    row.next_try += std::chrono::seconds(30);
    row.attempts += 1;
    ASSERT_EQ(journal_->settle_notification(row), CommitStatus::kCommitted);
  }

  test::TemporaryDirectory directory_;
  test::ManualClock clock_;
  Options options_;
  std::unique_ptr<Journal> journal_;
};

TEST_F(NotificationsTest, EachBeginningAndEachEndIsQueuedOnce) {
  open();
  queue({firing("a"), firing("a")});
  open();
  queue({firing("a"), firing("b")});
  EXPECT_THAT(waiting(), ElementsAre("a+", "b+"));
  queue({resolved(firing("a")), resolved(firing("a"))});
  queue({resolved(firing("a"))});
  EXPECT_THAT(waiting(), ElementsAre("a+", "b+", "a-"));
  queue({firing("a", 60), resolved(firing("a", 60))});
  EXPECT_THAT(waiting(), ElementsAre("a+", "b+", "a-", "a+", "a-")) << "its next run";
}

TEST_F(NotificationsTest, NoEndWithoutItsBeginning) {
  open();
  queue({resolved(firing("a")), firing("b"), resolved(firing("b", 5))});
  EXPECT_THAT(waiting(), ElementsAre("b+"));
}

TEST_F(NotificationsTest, NotifiersDoNotShareWhatTheyWereTold) {
  open();
  queue({firing("a"), firing("a", 0, "chat"), resolved(firing("a", 0, "chat"))});
  EXPECT_THAT(waiting(), ElementsAre("a+"));
  EXPECT_THAT(waiting("chat"), ElementsAre("a+", "a-"));
}

TEST_F(NotificationsTest, AQuietBeginningHasAQuietEnd) {
  open();
  queue({quiet(firing("a")), firing("a")});
  EXPECT_THAT(waiting(), IsEmpty());
  EXPECT_THAT(journal_->reader()->announced("hooks"),
              ElementsAre(Announced{"a", core::from_nanos(0), true}));
  queue({resolved(firing("a"))});
  EXPECT_THAT(waiting(), IsEmpty());
  EXPECT_THAT(journal_->reader()->announced("hooks"), IsEmpty());
  queue({firing("a", 9), quiet(resolved(firing("a", 9)))});
  EXPECT_THAT(waiting(), ElementsAre("a+")) << "an end that is not to be told";
}

TEST_F(NotificationsTest, ANoticeIsReadAsItWasQueued) {
  open();
  Notice notice = firing("a", 7);
  notice.group = R"({alertname="느림"})";
  notice.body = "{\"a\":1}";
  queue({notice, firing("b")});
  const auto rows = journal_->reader()->notices("hooks", 0, 100);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].group, notice.group);
  EXPECT_EQ(rows[0].starts_at, notice.starts_at);
  EXPECT_EQ(rows[0].queued, notice.queued);
  EXPECT_EQ(rows[0].body, notice.body);
  EXPECT_EQ(journal_->reader()->notices("hooks", rows[0].id, 100).front().fingerprint, "b");
  EXPECT_EQ(journal_->reader()->notices("hooks", 0, 1).size(), 1u);
}

TEST_F(NotificationsTest, ANotificationTakesThePlaceOfItsNotices) {
  open();
  queue({firing("a"), firing("b"), firing("c")});
  const auto rows = journal_->reader()->notices("hooks", 0, 100);
  std::vector<Notification> formed{notification("k1")};
  journal_->form_notifications(formed, {rows[0].id, rows[1].id});
  EXPECT_EQ(formed[0].id, 1u);
  EXPECT_THAT(waiting(), ElementsAre("c+"));
  open();
  const Notification row = only("k1");
  EXPECT_THAT(row.fingerprints, ElementsAre("a", "b"));
  EXPECT_EQ(row.state, State::kQueued);
  EXPECT_EQ(row.group, "{}");
  EXPECT_EQ(row.created, clock_.now());
  EXPECT_EQ(row.payload, "{\"alerts\":[]}");
  EXPECT_EQ(row.finished, std::nullopt);
}

TEST_F(NotificationsTest, WhatAnAttemptChangedIsKept) {
  open();
  form({notification("k1")});
  Notification row = only("k1");
  row.state = State::kFailed;
  row.attempts = 3;
  row.finished = clock_.now();
  row.status = 404;
  row.answer = "no such channel";
  journal_->settle_notification(row);
  open();
  row = only("k1");
  EXPECT_EQ(row.state, State::kFailed);
  EXPECT_EQ(row.attempts, 3u);
  EXPECT_EQ(row.finished, clock_.now());
  EXPECT_EQ(row.status, 404);
  EXPECT_EQ(row.answer, "no such channel");
}

TEST_F(NotificationsTest, OfEachGroupTheOldestGoesFirst) {
  open();
  form({notification("x1", "x"), notification("x2", "x"), notification("y1", "y"),
        notification("c1", "x", "chat")});
  EXPECT_EQ(next(), "x1");
  settle("x1", State::kQueued);  // to be tried again, later
  EXPECT_EQ(next(), "y1") << "x2 may not overtake x1";
  settle("y1", State::kSent);
  EXPECT_EQ(next(), "x1");
  settle("x1", State::kFailed);
  EXPECT_EQ(next(), "x2");
  EXPECT_EQ(journal_->reader()->notification_queue("hooks").queued, 1u);
  settle("x2", State::kSent);
  EXPECT_EQ(next(), "");
  EXPECT_EQ(next("chat"), "c1");
}

TEST_F(NotificationsTest, AreAskedForByPageAndFilter) {
  open();
  form({notification("k1"), notification("k2", "{}", "chat"), notification("k3")});
  clock_.advance(std::chrono::hours(1));
  Notification other = notification("k4");
  other.fingerprints = {"c"};
  form({other});
  settle("k3", State::kSent);
  EXPECT_THAT(keys(), ElementsAre("k4", "k3", "k2", "k1"));
  EXPECT_THAT(keys({.limit = 2}), ElementsAre("k4", "k3"));
  EXPECT_THAT(keys({.before = 3, .limit = 2}), ElementsAre("k2", "k1"));
  EXPECT_THAT(keys({.max_bytes = 14}), ElementsAre("k4", "k3"));
  EXPECT_THAT(keys({.notifier = "chat"}), ElementsAre("k2"));
  EXPECT_THAT(keys({.fingerprint = "c"}), ElementsAre("k4"));
  EXPECT_THAT(keys({.notifier = "hooks", .fingerprint = "b"}), ElementsAre("k3", "k1"));
  EXPECT_THAT(keys({.fingerprint = " a"}), IsEmpty());
  EXPECT_THAT(keys({.state = State::kSent}), ElementsAre("k3"));
  EXPECT_THAT(keys({.since = clock_.now()}), ElementsAre("k4"));
  EXPECT_THAT(keys({.until = clock_.now()}), ElementsAre("k3", "k2", "k1"));
}

TEST_F(NotificationsTest, WhatANotifierThatIsGoneHadIsDropped) {
  open();
  queue({firing("a"), firing("a", 0, "chat")});
  form({notification("k1"), notification("k2", "{}", "chat"), notification("k3", "{}", "chat")});
  settle("k3", State::kSent);
  std::uint64_t dropped = 0;
  ASSERT_EQ(journal_->retire_notifiers({"hooks"}, dropped), CommitStatus::kCommitted);
  EXPECT_EQ(dropped, 2u);
  EXPECT_EQ(only("k1").state, State::kQueued);
  EXPECT_EQ(only("k2").state, State::kDropped);
  EXPECT_EQ(only("k2").answer, "the notifier is no longer configured");
  EXPECT_EQ(only("k3").state, State::kSent);
  EXPECT_THAT(waiting(), ElementsAre("a+"));
  EXPECT_THAT(waiting("chat"), IsEmpty());
  queue({resolved(firing("a", 0, "chat"))});
  EXPECT_THAT(waiting("chat"), IsEmpty());
}

TEST_F(NotificationsTest, LeaveByAgeAndByNumberButForThoseQueued) {
  options_.max_notifications = 3;
  options_.notification_max_age = std::chrono::hours(1);
  open();
  form({notification("old"), notification("queued")});
  settle("old", State::kSent);
  clock_.advance(std::chrono::hours(2));
  for (const char* key : {"k1", "k2", "k3", "k4"}) {
    form({notification(key)});
    settle(key, State::kSent);
  }
  while (keys().size() > 4) {  // the writer keeps house once a second
  }
  EXPECT_THAT(keys(), ElementsAre("k4", "k3", "k2", "queued"));
}

TEST_F(NotificationsTest, RidesTheCallersTransaction) {
  open();
  journal_.reset();
  Database db(database_path(directory_.path()), Database::Mode::kReadWrite, "");
  prepare_writer(db);
  Store store(std::move(db), 0);
  const std::vector<Notice> notices{firing("a"), firing("b"), firing("a")};
  store.begin();
  EXPECT_EQ(store.queue_notifications(notices), 2u);
  store.rollback();
  store.begin();
  EXPECT_EQ(store.queue_notifications(notices), 2u);
  store.commit();
  EXPECT_EQ(store.db().integer("SELECT count(*) FROM notices"), 2);
}

TEST_F(NotificationsTest, AJournalOfVersion3IsTakenOver) {
  open();
  journal_.reset();
  const std::string path = database_path(directory_.path());
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(db, test::to_version(3).c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(db);
  open();
  EXPECT_EQ(journal_->open_report().damaged_file, "");
  queue({firing("a")});
  EXPECT_THAT(waiting(), ElementsAre("a+"));
}

TEST_F(NotificationsTest, SurviveDamage) {
  open();
  queue({firing("gone"), firing("a"), quiet(firing("q"))});
  form({notification("k1"), notification("k2")}, {1});
  settle("k1", State::kSent);
  // Damage that leaves the tables readable: one event that is not what was written.
  auto intake = test::intake({{.time = clock_.now(), .key = "e"}}, clock_.now());
  ASSERT_EQ(core::accept_and_wait(*journal_, intake), CommitStatus::kCommitted);
  journal_.reset();
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(database_path(directory_.path()).c_str(), &db), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(db, "UPDATE events SET cluster='x'", nullptr, nullptr, nullptr),
            SQLITE_OK);
  sqlite3_close(db);
  open();
  ASSERT_NE(journal_->open_report().damaged_file, "");
  EXPECT_THAT(waiting(), ElementsAre("a+"));
  EXPECT_EQ(journal_->reader()->notices("hooks", 0, 1).front().id, 2u) << "who waits goes by it";
  EXPECT_EQ(only("k2").id, 2u);
  EXPECT_EQ(journal_->reader()->announced("hooks").size(), 3u);
  EXPECT_EQ(only("k1").state, State::kSent);
  EXPECT_EQ(next(), "k2");
  queue({firing("a"), resolved(firing("a"))});
  EXPECT_THAT(waiting(), ElementsAre("a+", "a-"));
}

}  // namespace
}  // namespace kcloud::journal
