#include "agent/journal/journal.h"

#include <gmock/gmock.h>

#include <sqlite3.h>

#include <fstream>
#include <future>
#include <thread>

#include "agent/journal/generation.h"
#include "agent/journal/reader.h"
#include "tests/journal/event_maker.h"
#include "tests/journal/older_schema.h"

namespace kcloud::journal {
namespace {

using core::CommitStatus;
using core::Verdict;
using test::EventSpec;
using testing::HasSubstr;

class JournalTest : public testing::Test {
 protected:
  Options options() const {
    Options out;
    out.directory = directory_.path();
    return out;
  }
  std::unique_ptr<core::Intake> store(Journal& journal, const std::vector<EventSpec>& specs) {
    auto intake = test::intake(specs, clock_.now());
    EXPECT_EQ(core::accept_and_wait(journal, intake), CommitStatus::kCommitted);
    return intake;
  }
  EventSpec spec(const std::string& key) const {
    EventSpec out;
    out.key = key;
    out.time = clock_.now();
    return out;
  }

  test::TemporaryDirectory directory_;
  test::ManualClock clock_;
};

TEST_F(JournalTest, GivesEachNewEventTheNextPosition) {
  Journal journal(options(), clock_);
  const auto intake = store(journal, {spec("a"), spec("b")});
  EXPECT_EQ(intake->batch.events[0].seq, 1U);
  EXPECT_EQ(intake->batch.events[1].seq, 2U);
  EXPECT_EQ(journal.head(), 2U);
  EXPECT_EQ(journal.epoch().size(), 8U);
}

TEST_F(JournalTest, TellsDuplicatesAndConflictsApart) {
  Journal journal(options(), clock_);
  store(journal, {spec("a")});
  auto other_body = spec("a");
  other_body.body = R"({"other":1})";
  const auto again = store(journal, {spec("a"), other_body, spec("b"), spec("b")});
  const auto& events = again->batch.events;
  EXPECT_EQ(events[0].verdict, Verdict::kDuplicate);
  EXPECT_EQ(events[0].seq, 1U);
  EXPECT_EQ(events[1].verdict, Verdict::kConflict);
  EXPECT_EQ(events[2].verdict, Verdict::kStored);
  EXPECT_EQ(events[3].verdict, Verdict::kDuplicate);
  const auto letters = journal.reader()->dead_letters({.limit = 10});
  ASSERT_EQ(letters.size(), 1U);
  EXPECT_EQ(letters[0].letter.reason, "id_conflict");
  EXPECT_EQ(letters[0].letter.body, R"({"other":1})");
  EXPECT_EQ(journal.stats().duplicates, 2U);
  EXPECT_EQ(journal.stats().conflicts, 1U);
}

TEST_F(JournalTest, WhatCameBackIsLookedUpAndNeverStored) {
  Journal journal(options(), clock_);
  const auto first = store(journal, {spec("a")});
  auto back = test::intake({spec("a"), spec("b")}, clock_.now());
  for (auto& event : back->batch.events) {
    event.came_back = true;
    event.body_hash = {};
  }
  // Of a day that the journal has nothing of.
  back->batch.events.push_back(back->batch.events[1]);
  back->batch.events[2].id = core::make_event_id(clock_.now() - std::chrono::hours(48), {});
  ASSERT_EQ(core::accept_and_wait(journal, back), CommitStatus::kCommitted);
  EXPECT_EQ(back->batch.events[0].verdict, Verdict::kDuplicate);
  EXPECT_EQ(back->batch.events[1].verdict, Verdict::kRefused);
  EXPECT_EQ(back->batch.events[2].verdict, Verdict::kRefused);
  EXPECT_EQ(journal.head(), 1U);
  EXPECT_TRUE(journal.reader()->dead_letters({.limit = 10}).empty());
}

TEST_F(JournalTest, AJournalOfVersion2IsReadTakenOverAndSalvaged) {
  const std::string path = directory_.path() + "/journal.db";
  {
    Journal journal(options(), clock_);
    store(journal, {spec("a"), spec("b")});
  }
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(db, test::to_version(2).c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(db);
  core::EventBatch batch;
  const auto read = [&](Reader& reader) {
    batch.clear();
    reader.read_after(0, 10, 1 << 20, batch);
    return batch.events.size();
  };
  EXPECT_EQ(read(*make_reader(directory_.path(), "", std::make_shared<Generation>())), 2U);
  EXPECT_TRUE(check(directory_.path(), [](auto, auto) {}).ok());
  {
    Journal journal(options(), clock_);
    EXPECT_EQ(read(*journal.reader()), 2U);
    EXPECT_EQ(batch.events[0].via, "");
    auto intake = test::intake({spec("c")}, clock_.now());
    intake->batch.events[0].via = R"("x","y")";
    ASSERT_EQ(core::accept_and_wait(journal, intake), CommitStatus::kCommitted);
  }
  EXPECT_TRUE(check(directory_.path(), [](auto, auto) {}).ok());
  std::fstream(path, std::ios::binary | std::ios::in | std::ios::out) << std::string(100, '#');
  Journal journal(options(), clock_);
  EXPECT_EQ(journal.open_report().salvaged_events, 3U);
  EXPECT_EQ(journal.open_report().lost_events, 0U);
  ASSERT_EQ(read(*journal.reader()), 3U);
  EXPECT_EQ(batch.events[1].via, "");
  EXPECT_EQ(batch.events[2].via, R"("x","y")");
}

TEST_F(JournalTest, ReadsBackWhatWasStoredAfterReopening) {
  {
    Journal journal(options(), clock_);
    store(journal, {spec("a"), spec("b"), spec("c")});
  }
  Journal journal(options(), clock_);
  EXPECT_FALSE(journal.open_report().unclean);
  core::EventBatch batch;
  EXPECT_EQ(journal.reader()->read_after(1, 10, 1 << 20, batch), 3U);
  ASSERT_EQ(batch.events.size(), 2U);
  EXPECT_EQ(batch.events[0].body, R"({"key":"b"})");
  EXPECT_EQ(batch.events[0].workload, "w-1");
  EXPECT_EQ(batch.events[0].type_name, "scheduling_decision");
  EXPECT_EQ(batch.events[0].collector, "webhook");
  EXPECT_EQ(batch.events[0].time, clock_.now());
  store(journal, {spec("d")});
  EXPECT_EQ(journal.head(), 4U);
}

TEST_F(JournalTest, KeyWithoutATimeFindsTheFirstId) {
  Journal journal(options(), clock_);
  const auto keyed = [&] {
    auto intake = test::intake({spec("order-1")}, clock_.now());
    intake->batch.events[0].keyed = true;
    intake->batch.events[0].time_source = core::TimeSource::kArrival;
    return intake;
  };
  auto first = keyed();
  ASSERT_EQ(core::accept_and_wait(journal, first), CommitStatus::kCommitted);
  clock_.advance(std::chrono::seconds(90));
  auto second = keyed();
  ASSERT_NE(first->batch.events[0].id, second->batch.events[0].id);
  ASSERT_EQ(core::accept_and_wait(journal, second), CommitStatus::kCommitted);
  EXPECT_EQ(second->batch.events[0].verdict, Verdict::kDuplicate);
  EXPECT_EQ(second->batch.events[0].id, first->batch.events[0].id);
}

TEST_F(JournalTest, SecondAgentOnTheDirectoryIsRefused) {
  Journal journal(options(), clock_);
  try {
    Journal second(options(), clock_);
    FAIL() << "opened twice";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("in use by another kcloud-logger"));
  }
}

TEST_F(JournalTest, CursorsSurviveAndAreDropped) {
  {
    Journal journal(options(), clock_);
    store(journal, {spec("a"), spec("b")});
    EXPECT_EQ(journal.open_cursor("exporter:x", 0).seq, 0U);
    core::DeadLetter letter;
    letter.reason = "sink_rejected";
    letter.received = clock_.now();
    journal.move_cursor("exporter:x", 2, {letter}, {});
  }
  Journal journal(options(), clock_);
  EXPECT_EQ(journal.open_cursor("exporter:x", 0).seq, 2U);
  EXPECT_EQ(journal.reader()->dead_letters({.limit = 10}).size(), 1U);
  EXPECT_TRUE(journal.drop_cursor("exporter:x"));
  EXPECT_FALSE(journal.drop_cursor("exporter:x"));
  EXPECT_TRUE(journal.cursors().empty());
}

TEST_F(JournalTest, ALetterLeavesInTheCommitThatStoresItsEvent) {
  core::DeadLetter letter;
  letter.received = clock_.now();
  letter.origin = "collector:x";
  letter.reason = "invalid_event";
  Journal journal(options(), clock_);
  journal.move_cursor("exporter:x", 0, {letter, letter}, {});
  journal.open_cursor("exporter:x", 0);
  EXPECT_EQ(journal.stats().dead_letters, 2U);
  const auto intake = test::intake({spec("a")}, clock_.now());
  std::vector<LetterRetry> letters(3);
  for (std::size_t i = 0; i < 3; ++i) letters[i].id = i + 1;
  letters[0].event = 0;
  letters[1].outcome = LetterRetry::Outcome::kRefused;
  letters[1].reason = "too_large";
  ASSERT_EQ(journal.retry_letters(intake->batch, letters), core::CommitStatus::kCommitted);
  EXPECT_EQ(letters[0].outcome, LetterRetry::Outcome::kStored);
  EXPECT_EQ(letters[2].outcome, LetterRetry::Outcome::kGone);
  EXPECT_EQ(journal.head(), 1U);
  const auto left = journal.reader()->dead_letters({.limit = 10});
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].id, 2U);
  EXPECT_EQ(left[0].letter.reason, "too_large");
  EXPECT_EQ(journal.stats().dead_letters, 1U);
  EXPECT_EQ(journal.stats().dead_letters_by_reason, (LetterCounts{{"too_large", 1}}));
  // Of a letter that is gone nothing is stored.
  const auto other = test::intake({spec("b")}, clock_.now());
  ASSERT_EQ(journal.retry_letters(other->batch, letters), core::CommitStatus::kCommitted);
  EXPECT_EQ(letters[0].outcome, LetterRetry::Outcome::kGone);
  EXPECT_EQ(journal.head(), 1U);
}

TEST_F(JournalTest, LettersLeaveByAgeAndByNumber) {
  core::DeadLetter old;
  old.received = clock_.now() - std::chrono::hours(48);
  old.reason = "old";
  core::DeadLetter young = old;
  young.received = clock_.now();
  young.reason = "young";
  auto limits = options();
  limits.dead_letter_max_age = std::chrono::hours(24);
  limits.max_dead_letters = 2;
  Journal journal(limits, clock_);
  journal.move_cursor("exporter:x", 0, {old, young, young, young}, {});
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (journal.stats().dead_letters_dropped < 2 && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(journal.stats().dead_letters_dropped, 2U);
  const auto left = journal.reader()->dead_letters({.limit = 10});
  ASSERT_EQ(left.size(), 2U);
  EXPECT_EQ(left[1].id, 3U);
}

TEST_F(JournalTest, CursorAboveTheHeadIsAnErrorAtStart) {
  Journal journal(options(), clock_);
  journal.move_cursor("exporter:x", 7, {}, {});
  EXPECT_THROW(journal.open_cursor("exporter:x", 0), std::runtime_error);
}

TEST_F(JournalTest, RefusesAfterClose) {
  Journal journal(options(), clock_);
  journal.close();
  auto intake = test::intake({spec("a")}, clock_.now());
  EXPECT_EQ(core::accept_and_wait(journal, intake), CommitStatus::kStopped);
}

TEST_F(JournalTest, WaitersWakeWhenTheHeadMoves) {
  Journal journal(options(), clock_);
  std::uint64_t heard = 0;
  const auto subscription = journal.subscribe([&](std::uint64_t head) { heard = head; });
  std::jthread publisher([&] { store(journal, {spec("a")}); });
  EXPECT_EQ(journal.wait_beyond(0, std::chrono::seconds(10), {}), 1U);
  publisher.join();
  journal.close();
  EXPECT_EQ(heard, 1U);
}

// Lets the writer's upkeep run until `done` holds; every intake makes the writer pass by.
template <typename Done>
void until(Journal& journal, Done done) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!done() && std::chrono::steady_clock::now() < deadline) {
    journal.wait_beyond(journal.head(), std::chrono::milliseconds(20), {});
  }
  ASSERT_TRUE(done());
}

TEST_F(JournalTest, RemovesExpiredEventsButNotWhatARequiredReaderNeeds) {
  auto limits = options();
  limits.max_age = std::chrono::hours(1);
  Journal journal(limits, clock_);
  journal.open_cursor("exporter:audit", 0);
  journal.set_required({"exporter:audit"});
  for (int i = 0; i < 100; ++i) store(journal, {spec("k" + std::to_string(i))});
  clock_.advance(std::chrono::hours(2));
  store(journal, {spec("young")});
  until(journal, [&] { return journal.stats().commits > 100; });
  EXPECT_EQ(journal.stats().expired, 0U);
  journal.move_cursor("exporter:audit", 60, {}, {});
  until(journal, [&] { return journal.stats().expired == 60; });
  EXPECT_EQ(journal.reader()->oldest(), 61U);
  journal.set_required({});
  until(journal, [&] { return journal.stats().expired == 100; });
  EXPECT_EQ(journal.reader()->oldest(), 101U);
}

TEST_F(JournalTest, StaysBelowItsSizeByRemovingTheOldest) {
  auto limits = options();
  limits.max_bytes = 2 << 20;
  Journal journal(limits, clock_);
  auto big = spec("x");
  for (int i = 0; i < 40; ++i) {
    std::vector<EventSpec> specs;
    for (int k = 0; k < 100; ++k) {
      big.key = std::to_string(i) + "/" + std::to_string(k);
      big.body = "{\"k\":\"" + big.key + std::string(1000, 'x') + "\"}";
      specs.push_back(big);
    }
    store(journal, specs);
  }
  until(journal,
        [&] { return journal.stats().evicted > 0 && journal.stats().bytes <= limits.max_bytes; });
  EXPECT_GT(journal.reader()->oldest(), 1U);
  EXPECT_EQ(journal.head(), 4000U);
}

TEST_F(JournalTest, FullWithARequiredReaderBehindSaysBusy) {
  auto limits = options();
  limits.max_bytes = 512 << 10;
  Journal journal(limits, clock_);
  journal.open_cursor("exporter:audit", 0);
  journal.set_required({"exporter:audit"});
  auto status = CommitStatus::kCommitted;
  int stored = 0;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (status == CommitStatus::kCommitted && std::chrono::steady_clock::now() < deadline) {
    auto big = spec("k" + std::to_string(stored));
    big.body = "{\"k\":\"" + big.key + std::string(4000, 'x') + "\"}";
    auto intake = test::intake({big}, clock_.now());
    status = core::accept_and_wait(journal, intake);
    stored += status == CommitStatus::kCommitted;
  }
  EXPECT_EQ(status, CommitStatus::kBusy);
  EXPECT_TRUE(journal.stats().full);
  EXPECT_EQ(journal.head(), static_cast<std::uint64_t>(stored));
  EXPECT_EQ(journal.reader()->oldest(), 1U);
}

TEST_F(JournalTest, ANoteIsKeptWithItsEvents) {
  const auto store_noting = [&](Journal& journal, const std::string& key, const std::string& name,
                                const std::string& text) {
    std::promise<CommitStatus> done;
    journal.accept(
        test::intake({spec(key)}, clock_.now()), name, text,
        [&](CommitStatus status, const std::unique_ptr<core::Intake>&) { done.set_value(status); });
    EXPECT_EQ(done.get_future().get(), CommitStatus::kCommitted);
  };
  {
    Journal journal(options(), clock_);
    EXPECT_EQ(journal.note("file"), "");
    store_noting(journal, "a", "file", "one two");
    store_noting(journal, "b", "file", "three");
    EXPECT_EQ(journal.note("file"), "three");
  }
  Journal journal(options(), clock_);
  EXPECT_EQ(journal.note("file"), "three");
  EXPECT_EQ(journal.head(), 2U);
  for (int i = 0; i < 1000; ++i) {
    clock_.advance(std::chrono::seconds(1));
    store_noting(journal, "a", "other " + std::to_string(i), "x");
  }
  EXPECT_EQ(journal.note("file"), "");
  EXPECT_EQ(journal.note("other 0"), "x");
}

}  // namespace
}  // namespace kcloud::journal
