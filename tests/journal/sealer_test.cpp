// The audit chain as the writer makes it, read back from disk.
#include "agent/journal/sealer.h"

#include <gmock/gmock.h>
#include <sqlite3.h>

#include <algorithm>

#include "agent/journal/generation.h"
#include "agent/journal/reader.h"
#include "agent/journal/schema.h"
#include "agent/journal/seals.h"
#include "agent/journal/verify.h"
#include "tests/journal/event_maker.h"
#include "tests/journal/older_schema.h"
#include "tests/support/environment.h"

namespace kcloud::journal {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::SizeIs;

class SealerTest : public testing::Test {
 protected:
  void open() {
    journal_.reset();
    Options options;
    options.directory = directory_.path();
    options.seals = seals_;
    options.max_age = max_age_;
    journal_ = std::make_unique<Journal>(options, clock_);
  }

  void store(int count) {
    std::vector<test::EventSpec> specs;
    for (int i = 0; i < count; ++i) {
      test::EventSpec spec;
      spec.key = "k" + std::to_string(made_++);
      spec.time = clock_.now();
      specs.push_back(spec);
    }
    auto intake = test::intake(specs, clock_.now());
    ASSERT_EQ(core::accept_and_wait(*journal_, intake), core::CommitStatus::kCommitted);
  }

  std::uint64_t sealed(std::uint64_t above) {
    return journal_->wait_sealed(above, milliseconds(10'000), {});
  }

  std::vector<core::ChainReport> verify_all(const core::VerifyOptions& options = {}) {
    if (journal_) return verify_chains(*journal_->reader(), options);
    return verify_chains(*make_reader(directory_.path(), "", std::make_shared<Generation>()),
                         options);
  }
  // Of the chain that goes on.
  core::ChainReport verify(const core::VerifyOptions& options = {}) {
    return verify_all(options).back();
  }

  // As somebody with a database tool would. Leaves the journal closed.
  void tamper(const std::string& sql) {
    journal_.reset();
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open((directory_.path() + "/journal.db").c_str(), &db), SQLITE_OK);
    char* error = nullptr;
    ASSERT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, &error), SQLITE_OK) << error;
    ASSERT_GT(sqlite3_changes(db), 0) << sql;
    sqlite3_close(db);
  }

  test::TemporaryDirectory directory_;
  test::ManualClock clock_;
  SealOptions seals_{true, 10, milliseconds(500), std::chrono::hours(1000)};
  milliseconds max_age_{std::chrono::hours(24 * 30)};
  std::unique_ptr<Journal> journal_;
  int made_ = 0;
};

TEST_F(SealerTest, TheCommitThatFillsABatchClosesIt) {
  open();
  store(9);
  EXPECT_FALSE(journal_->chain().last);
  store(3);
  const auto state = journal_->chain();
  ASSERT_TRUE(state.last);
  EXPECT_EQ(state.last->seq, 1u);
  EXPECT_EQ(state.last->events, 12u);
  EXPECT_EQ(state.last->journal_end, 12u);
  store(10);
  const auto report = verify();
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(report.batches, 2u);
  EXPECT_EQ(report.events, 22u);
  EXPECT_EQ(report.last->total_events, 22u);
  EXPECT_EQ(report.first->prev, core::Sha256{});
  EXPECT_EQ(report.unsealed, 0u);
}

TEST_F(SealerTest, TimeClosesASmallBatchAndSilenceMakesHeartbeats) {
  seals_.heartbeat = std::chrono::seconds(60);
  open();
  store(3);
  clock_.advance(milliseconds(500));
  EXPECT_EQ(sealed(0), 1u);
  EXPECT_EQ(journal_->chain().last->events, 3u);
  clock_.advance(std::chrono::seconds(60));
  EXPECT_EQ(sealed(1), 2u);
  EXPECT_EQ(journal_->chain().last->events, 0u);
  EXPECT_EQ(journal_->chain().last->journal_end, 3u);
  EXPECT_TRUE(verify().ok());
}

TEST_F(SealerTest, TheChainGoesOnAfterARestart) {
  open();
  const auto chain = journal_->chain().chain;
  store(12);
  store(4);  // not sealed
  open();
  EXPECT_EQ(sealed(1), 2u);
  store(10);
  EXPECT_EQ(sealed(2), 3u);
  EXPECT_EQ(journal_->chain().chain, chain);
  const auto report = verify();
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(report.events, 26u);
}

TEST_F(SealerTest, AJournalFromBeforeIsSealedBesideTheIntake) {
  seals_.enabled = false;
  open();
  for (int i = 0; i < 5; ++i) store(1000);
  clock_.advance(std::chrono::hours(1));
  EXPECT_FALSE(journal_->chain().last);
  seals_.enabled = true;
  open();
  store(5);
  EXPECT_GE(sealed(0), 1u);
  while (journal_->chain().last->journal_end < 5000) sealed(journal_->chain().last->seq);
  clock_.advance(milliseconds(500));
  while (journal_->chain().last->journal_end < 5005) sealed(journal_->chain().last->seq);
  const auto report = verify();
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(report.events, 5005u);
}

TEST_F(SealerTest, DuplicatesAreSealedOnce) {
  open();
  store(6);
  made_ = 0;
  store(12);
  EXPECT_EQ(journal_->chain().last->total_events, 12u);
  EXPECT_TRUE(verify().ok());
}

TEST_F(SealerTest, ASchemaOfVersion1IsTakenOver) {
  open();
  store(3);
  tamper(test::to_version(1) + "UPDATE meta SET value='1' WHERE key='clean'");
  open();
  store(10);
  while (sealed(0) == 0 || journal_->chain().last->journal_end < 13) {
  }
  EXPECT_EQ(verify().events, 13u);
}

TEST_F(SealerTest, TamperingIsNamedByBatch) {
  const struct {
    const char* name;
    const char* sql;
    std::uint64_t batch;
    const char* problem;
  } cases[] = {
      {"body", "UPDATE events SET body=replace(body,'k14','kxx') WHERE seq=15", 2,
       "its events are not those that were sealed"},
      {"time", "UPDATE events SET time=time+1 WHERE seq=3", 1, "its events are not"},
      {"type", "UPDATE events SET source='other' WHERE seq=3", 1, "its events are not"},
      {"removed event", "DELETE FROM events WHERE seq=15", 2, "9 events found, 10 sealed"},
      {"removed batch", "DELETE FROM seals WHERE seq=2", 3, "batches 2 to 2 are missing"},
      {"hash", "UPDATE seals SET hash=zeroblob(32) WHERE seq=2", 2, "its hash is not"},
      {"day", "UPDATE seals SET day=day-1 WHERE seq=2", 2, "its hash is not"},
      {"count", "UPDATE seals SET events=events+1 WHERE seq=2", 2,
       "its count of all events is 20, expected 21"},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.name);
    std::filesystem::remove_all(directory_.path());
    std::filesystem::create_directory(directory_.path());
    made_ = 0;
    open();
    for (int i = 0; i < 3; ++i) store(10);
    ASSERT_TRUE(verify().ok());
    tamper(one.sql);
    const auto report = verify();
    ASSERT_FALSE(report.ok());
    EXPECT_EQ(report.findings[0].batch, one.batch);
    EXPECT_THAT(report.findings[0].problem, HasSubstr(one.problem));
  }
}

TEST_F(SealerTest, ATruncatedChainIsFoundByACheckpoint) {
  open();
  for (int i = 0; i < 3; ++i) store(10);
  const auto state = journal_->chain();
  const core::VerifyOptions options{{{state.chain, 3, state.last->hash}}, {}, {}};
  EXPECT_TRUE(verify(options).ok());
  EXPECT_EQ(verify(options).heads_met, 1u);
  tamper("DELETE FROM seals WHERE seq=3");
  EXPECT_TRUE(verify().ok());
  ASSERT_THAT(verify(options).findings, SizeIs(1));
  EXPECT_THAT(verify(options).findings[0].problem, HasSubstr("names batch 3, the chain ends at"));
}

TEST_F(SealerTest, RetentionTakesSealedEventsAndTheLinksStay) {
  max_age_ = std::chrono::hours(2);
  seals_.heartbeat = std::chrono::hours(1000);
  open();
  store(10);
  clock_.advance(std::chrono::hours(1));
  store(10);
  clock_.advance(std::chrono::minutes(90));
  store(10);
  while (journal_->stats().oldest != 11) std::this_thread::sleep_for(milliseconds(10));
  auto report = verify();
  EXPECT_TRUE(report.ok()) << report.findings[0].problem;
  EXPECT_EQ(report.events, 20u);
  EXPECT_EQ(report.last->seq, 3u);
}

TEST_F(SealerTest, OnlyTheTimeThatIsAskedForIsReadEventByEvent) {
  open();
  store(10);
  clock_.advance(std::chrono::hours(1));
  const core::Time second = clock_.now();
  store(10);
  core::VerifyOptions options;
  options.from = second;
  const auto report = verify(options);
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(report.batches, 2u);
  EXPECT_EQ(report.events, 10u);
  EXPECT_EQ(report.unread, 10u);
}

class NewChainTest : public SealerTest {
 protected:
  bool all_fit() { return std::ranges::all_of(verify_all(), &core::ChainReport::ok); }
  // Goes on with a new chain, as the command does, and opens the journal again.
  Renewal renew(std::uint64_t after) {
    seals_.enabled = false;
    open();
    const auto renewal = journal_->renew_chain(after, [](const Renewal&, core::EventBatch&) {});
    seals_.enabled = true;
    open();
    return renewal;
  }
};

TEST_F(NewChainTest, FollowsTheBatchAndSealsAgainWhatIsBehindIt) {
  open();
  for (int i = 0; i < 4; ++i) store(10);
  store(3);  // not sealed
  const auto old = journal_->chain();
  const auto renewal = renew(2);
  EXPECT_EQ(renewal.last->hash, old.last->hash);
  EXPECT_EQ(renewal.made.begin, 20u);
  sealed(0);
  const auto state = journal_->chain();
  EXPECT_NE(state.chain, old.chain);
  ASSERT_TRUE(state.last);
  const auto reports =
      verify_all({.heads = {{old.chain, 4, old.last->hash}}, .from = {}, .to = {}});
  ASSERT_THAT(reports, SizeIs(2));
  EXPECT_TRUE(reports[0].ok() && reports[1].ok());
  EXPECT_EQ(reports[0].heads_met, 1u);
  EXPECT_EQ(reports[0].batches, 4u);
  EXPECT_EQ(reports[0].events, 40u);
  const auto& report = reports[1];
  EXPECT_EQ(report.follows->chain, old.chain);
  EXPECT_EQ(report.follows->seq, 2u);
  EXPECT_EQ(report.first->prev, report.follows->hash);
  EXPECT_EQ(report.first->seq, 1u);
  EXPECT_EQ(report.events, 23u);
  EXPECT_EQ(report.unsealed, 0u);
}

TEST_F(NewChainTest, MayHaveNothingInCommon) {
  open();
  store(10);
  const auto old = journal_->chain().chain;
  renew(0);
  sealed(0);
  const auto report = verify();
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(report.events, 10u);
  EXPECT_EQ(report.first->prev, core::Sha256{});
  EXPECT_EQ(report.follows->chain, old);
}

TEST_F(NewChainTest, ABatchThatIsNotThereChangesNothing) {
  open();
  store(10);
  const auto chain = journal_->chain().chain;
  EXPECT_THROW(renew(2), std::invalid_argument);
  seals_.enabled = true;
  open();
  EXPECT_EQ(journal_->chain().chain, chain);
  EXPECT_TRUE(all_fit());
}

TEST_F(NewChainTest, EventsThatAreGoneAreCounted) {
  max_age_ = std::chrono::hours(24);
  open();
  for (int i = 0; i < 3; ++i) store(10);
  clock_.advance(std::chrono::hours(30));
  store(10);
  ASSERT_TRUE(test_support::eventually([&] { return journal_->reader()->oldest() == 31; }));
  // The last batch of what is gone is the anchor.
  EXPECT_THROW(renew(2), std::invalid_argument);
  EXPECT_EQ(renew(3).gone, 0u);
  EXPECT_TRUE(all_fit());
}

TEST_F(NewChainTest, EachChainBeforeIsFollowedAndPruned) {
  max_age_ = std::chrono::hours(24);
  open();
  for (int i = 0; i < 3; ++i) store(10);
  renew(2);
  for (int i = 0; i < 3; ++i) store(10);
  const auto second = journal_->chain();
  renew(1);
  store(10);
  auto parts = journal_->reader()->lineage();
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(parts[0].until, 2u);
  EXPECT_EQ(parts[1].follows->chain, parts[0].chain);
  EXPECT_EQ(parts[1].until, 1u);
  EXPECT_EQ(parts[2].follows->chain, second.chain);
  EXPECT_FALSE(parts[2].until);
  sealed(0);
  EXPECT_TRUE(all_fit());
  clock_.advance(std::chrono::hours(30));
  store(10);
  EXPECT_TRUE(test_support::eventually([&] {
    const auto reader = journal_->reader();
    return reader->seals_after(parts[0].chain, 0, 10).size() == 1 &&
           reader->seals_after(parts[1].chain, 0, 10).size() == 1;
  }));
  EXPECT_TRUE(all_fit());
}

TEST_F(NewChainTest, SalvageTakesOverWhichChainFollowsWhich) {
  open();
  for (int i = 0; i < 2; ++i) store(10);
  renew(1);
  sealed(0);
  journal_.reset();
  const auto mode = Database::Mode::kReadWrite;
  Database from(directory_.path() + "/journal.db", mode, "");
  test::TemporaryDirectory other;
  Database to(other.path() + "/journal.db", mode, "");
  prepare_writer(to);
  carry_over_seals(to, from);
  const auto want = lineage(from);
  const auto got = lineage(to);
  ASSERT_THAT(got, SizeIs(2));
  EXPECT_EQ(got[0].until, 1u);
  EXPECT_EQ(got[1].chain, want[1].chain);
  EXPECT_EQ(got[1].begin, 10u);
  EXPECT_EQ(got[1].follows->hash, want[1].follows->hash);
  EXPECT_EQ(seals_after(to, want[0].chain, 0, 10).size(), 2u);
}

TEST_F(NewChainTest, WhatItFollowsMustBeThere) {
  open();
  for (int i = 0; i < 4; ++i) store(10);
  renew(2);
  store(10);
  sealed(0);
  ASSERT_TRUE(all_fit());
  tamper("UPDATE meta SET value=substr(value,1,length(value)-1)||'1' WHERE key LIKE 'chain_f%'");
  EXPECT_FALSE(all_fit());
}

}  // namespace
}  // namespace kcloud::journal
