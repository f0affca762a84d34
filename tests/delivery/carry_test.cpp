// Sinks that carry the seals beside the events: what they get, and that events do not wait for it.
#include <gmock/gmock.h>

#include <functional>
#include <mutex>

#include "agent/delivery/delivery.h"
#include "agent/delivery/seals_to_carry.h"
#include "agent/journal/cursor_name.h"
#include "tests/delivery/journal_fixture.h"

namespace kcloud::delivery {
namespace {

using core::Delivery;
using core::Seal;
using std::chrono::milliseconds;
using test_support::eventually;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Keeps seals by chain and number, as an index would.
struct Outside {
  mutable std::mutex mutex;
  std::vector<Seal> seals;
  std::size_t again = 0;                                  // seals that were there already
  std::function<Delivery(std::span<const Seal>)> answer;  // empty: all taken
  std::size_t events = 0;

  template <typename Value>
  Value locked(Value Outside::*member) const {
    const std::scoped_lock lock(mutex);
    return this->*member;
  }
  std::vector<std::uint64_t> numbers() const {
    std::vector<std::uint64_t> all;
    for (const auto& seal : locked(&Outside::seals)) all.push_back(seal.seq);
    return all;
  }
  void answers(std::function<Delivery(std::span<const Seal>)> with) {
    const std::scoped_lock lock(mutex);
    answer = std::move(with);
  }
  void keep(std::span<const Seal> given) {
    for (const auto& seal : given) {
      const bool known = std::ranges::any_of(
          seals, [&](const Seal& one) { return one.chain == seal.chain && one.seq == seal.seq; });
      known ? ++again : (seals.push_back(seal), again);
    }
  }
};

class CarryingExporter final : public core::Exporter {
 public:
  explicit CarryingExporter(Outside& outside) : outside_(outside) {}

  Delivery deliver(std::span<const core::Event> events) override {
    const std::scoped_lock lock(outside_.mutex);
    outside_.events += events.size();
    return Delivery::delivered();
  }
  bool carries_seals() const override { return true; }
  Delivery carry_seals(std::span<const Seal> seals) override {
    const std::scoped_lock lock(outside_.mutex);
    auto delivery = outside_.answer ? outside_.answer(seals) : Delivery::delivered();
    if (delivery.kind == Delivery::Kind::kDelivered && delivery.rejected.empty())
      outside_.keep(seals);
    return delivery;
  }

 private:
  Outside& outside_;
};

class CarryTest : public testing::JournalFixture {
 protected:
  CarryTest() {
    journal_options_.seals = {true, 10, milliseconds(500), std::chrono::hours(1000)};
    options_.name = "main";
    options_.delivery.batch_wait = milliseconds(2);
    options_.delivery.backoff_initial = milliseconds(1);
    options_.delivery.backoff_max = milliseconds(5);
    options_.delivery.hold_interval = milliseconds(5);
    options_.carry_interval = milliseconds(1);
    options_.seed = 1;
  }

  std::unique_ptr<Loop> loop() {
    auto made = std::make_unique<Loop>(options_, *journal_, *catalogue_,
                                       std::make_unique<CarryingExporter>(outside_), clock_);
    made->start();
    return made;
  }
  static void stop(std::unique_ptr<Loop>& loop) {
    loop->request_stop();
    loop->join(milliseconds(5000));
    loop.reset();
  }
  // Ten events each, so many batches.
  void seal(int batches) {
    for (int i = 0; i < batches; ++i, stored_ += 10) store_decisions(stored_, 10);
  }
  bool outside_has(std::size_t seals) {
    return eventually([&] { return outside_.numbers().size() == seals; });
  }
  std::string cursor_of(const core::ChainId& chain) { return journal::seals_cursor("main", chain); }
  bool cursor_reaches(std::uint64_t seq) {
    const auto name = cursor_of(journal_->chain().chain);
    return eventually([&] { return cursor(name) == seq; });
  }

  Outside outside_;
  Options options_;
  int stored_ = 0;
};

TEST_F(CarryTest, EverySealInOrderAndItsCursor) {
  auto running = loop();
  seal(7);
  ASSERT_TRUE(outside_has(7));
  EXPECT_THAT(outside_.numbers(), ElementsAre(1, 2, 3, 4, 5, 6, 7));
  const auto chain = journal_->chain();
  EXPECT_EQ(outside_.locked(&Outside::seals).back().hash, chain.last->hash);
  EXPECT_TRUE(cursor_reaches(7));
  EXPECT_TRUE(eventually([&] { return running->status().carried_to == 7u; }));
  EXPECT_EQ(running->counters().carried_seals, 7u);
  EXPECT_EQ(running->counters().lost_seals, 0u);
  EXPECT_TRUE(eventually([&] { return outside_.locked(&Outside::events) == 70; }));
  stop(running);
}

TEST_F(CarryTest, GoesOnWhereItWasAfterARestart) {
  auto running = loop();
  seal(3);
  ASSERT_TRUE(outside_has(3));
  ASSERT_TRUE(cursor_reaches(3));
  stop(running);
  seal(3);
  open_journal();
  running = loop();
  ASSERT_TRUE(outside_has(6));
  EXPECT_THAT(outside_.numbers(), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_EQ(outside_.locked(&Outside::again), 0u);
  stop(running);
}

// As after a kill between the sink's answer and the commit of the cursor.
TEST_F(CarryTest, WithoutACursorFromTheFirstSealKept) {
  auto running = loop();
  seal(3);
  ASSERT_TRUE(outside_has(3));
  ASSERT_TRUE(cursor_reaches(3));
  stop(running);
  ASSERT_TRUE(journal_->drop_cursor(cursor_of(journal_->chain().chain)));
  seal(1);
  running = loop();
  ASSERT_TRUE(outside_has(4));
  EXPECT_EQ(outside_.locked(&Outside::again), 3u);
  stop(running);
}

// As after a kill between the delivery of events and that of their seals.
TEST_F(CarryTest, WhatWasDeliveredWithoutItsSealsGetsThemLater) {
  outside_.answers([](auto) { return Delivery::retry("cut"); });
  auto running = loop();
  seal(4);
  ASSERT_TRUE(eventually([&] { return cursor("exporter:main") == 40; }));
  stop(running);
  EXPECT_THAT(outside_.numbers(), IsEmpty());
  outside_.answers({});
  open_journal();
  running = loop();
  EXPECT_TRUE(outside_has(4));
  stop(running);
}

TEST_F(CarryTest, HeartbeatsAreCarriedToo) {
  journal_options_.seals.heartbeat = std::chrono::seconds(10);
  open_journal();
  auto running = loop();
  seal(1);
  ASSERT_TRUE(outside_has(1));
  clock_.advance(std::chrono::seconds(10));
  ASSERT_TRUE(outside_has(2));
  EXPECT_EQ(outside_.locked(&Outside::seals).back().events, 0u);
  stop(running);
}

TEST_F(CarryTest, AFailureIsTriedAgainAndALostAnswerDoublesNothing) {
  int failures = 3, lost = 3;
  outside_.answers([&](std::span<const Seal> seals) {
    if (failures > 0 && failures-- > 0) return Delivery::retry("no answer");
    if (lost > 0 && lost-- > 0) {
      outside_.keep(seals);
      return Delivery::retry("the answer was lost");
    }
    return Delivery::delivered();
  });
  auto running = loop();
  seal(5);
  ASSERT_TRUE(cursor_reaches(5));
  EXPECT_THAT(outside_.numbers(), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_GT(outside_.locked(&Outside::again), 0u);
  EXPECT_EQ(running->counters().retried, 6u);
  EXPECT_TRUE(eventually([&] { return running->status().phase != Phase::kRetrying; }));
  stop(running);
}

TEST_F(CarryTest, HeldSealsAreSaidAndHoldUpNoEvents) {
  outside_.answers([](auto) { return Delivery::hold("403 no right to this index"); });
  auto running = loop();
  seal(3);
  ASSERT_TRUE(eventually([&] { return running->status().phase == Phase::kHolding; }));
  EXPECT_EQ(running->status().last_error, "audit seals: 403 no right to this index");
  seal(3);
  ASSERT_TRUE(eventually([&] { return cursor("exporter:main") == 60; }));
  EXPECT_EQ(running->status().phase, Phase::kHolding);

  auto batch = std::make_shared<core::EventBatch>();
  journal_->reader()->read_after(0, 1, 1000, *batch);
  std::atomic<bool> delivered = false;
  running->deliver_beside(batch, [&](const SideResult& result) { delivered = result.answered; });
  EXPECT_TRUE(eventually([&] { return delivered.load(); }));

  outside_.answers({});
  ASSERT_TRUE(outside_has(6));
  EXPECT_TRUE(eventually([&] { return running->status().phase == Phase::kIdle; }));
  stop(running);
}

TEST_F(CarryTest, WhatIsRefusedForGoodIsPassedOverAndCounted) {
  outside_.answers([&](std::span<const Seal> seals) {
    std::vector<core::Rejected> rejected;
    for (std::size_t i = 0; i < seals.size(); ++i)
      if (seals[i].seq <= 4)
        rejected.push_back({i, "field type conflict"});
      else
        outside_.keep(seals.subspan(i, 1));
    return Delivery::delivered(std::move(rejected));
  });
  seal(6);
  auto running = loop();
  ASSERT_TRUE(cursor_reaches(6));
  EXPECT_THAT(outside_.numbers(), ElementsAre(5, 6));
  EXPECT_EQ(running->counters().lost_seals, 4u);
  EXPECT_EQ(running->counters().carried_seals, 2u);
  EXPECT_TRUE(eventually([&] { return running->status().phase == Phase::kIdle; }));
  stop(running);
}

TEST_F(CarryTest, TheOneThatASinkDoesNotNameIsFoundByHalving) {
  outside_.answers([&](std::span<const Seal> seals) {
    for (const auto& seal : seals)
      if (seal.seq == 3) return Delivery::bisect("400 something in it");
    return Delivery::delivered();
  });
  seal(8);
  auto running = loop();
  ASSERT_TRUE(outside_has(7));
  EXPECT_EQ(running->counters().lost_seals, 1u);
  EXPECT_THAT(outside_.numbers(), ElementsAre(1, 2, 4, 5, 6, 7, 8));
  stop(running);
}

// What `audit new-chain` does between two runs of an agent.
TEST_F(CarryTest, AChainThatWasReplacedFirstAndWhole) {
  auto running = loop();
  seal(2);
  ASSERT_TRUE(outside_has(2));
  stop(running);
  seal(2);
  const auto old = journal_->chain().chain;
  journal_->renew_chain(3, [](const journal::Renewal&, core::EventBatch&) {});
  open_journal();
  const auto made = journal_->chain().chain;
  running = loop();
  ASSERT_TRUE(outside_has(5));
  seal(1);
  ASSERT_TRUE(outside_has(6));
  ASSERT_TRUE(cursor_reaches(2));
  stop(running);
  EXPECT_THAT(outside_.numbers(), ElementsAre(1, 2, 3, 4, 1, 2));
  const auto seals = outside_.locked(&Outside::seals);
  EXPECT_EQ(seals[3].chain, old);
  EXPECT_EQ(seals[4].chain, made);
  EXPECT_EQ(seals[4].prev, seals[2].hash);
  EXPECT_EQ(cursor(cursor_of(old)), 4u);
}

TEST_F(CarryTest, TheirCursorIsNoPlaceOfEvents) {
  journal_options_.seals.batch_events = 1;
  open_journal();
  store_decisions(0, 3);
  journal_->move_cursor(cursor_of(journal_->chain().chain), 1'000'000, {}, {});
  auto running = loop();  // nothing is above the head
  ASSERT_TRUE(eventually([&] { return cursor("exporter:main") == 3; }));
  stop(running);
  for (const auto& known : journal_->cursors()) EXPECT_EQ(known.skipped, 0u) << known.name;
}

class SealsToCarryTest : public CarryTest {
 protected:
  std::vector<std::uint64_t> next(SealsToCarry& seals, std::size_t limit = 1000) {
    std::vector<std::uint64_t> numbers;
    for (const auto& seal : seals.next(*journal_->reader(), limit)) numbers.push_back(seal.seq);
    return numbers;
  }
};

TEST_F(SealsToCarryTest, AreCutAtTheLimitAndTheSameUntilDone) {
  seal(5);
  SealsToCarry seals(*journal_, "main");
  EXPECT_TRUE(seals.waiting());
  EXPECT_THAT(next(seals, 2), ElementsAre(1, 2));
  EXPECT_THAT(next(seals, 2), ElementsAre(1, 2));
  seals.done(2);
  EXPECT_THAT(next(seals, 2), ElementsAre(3, 4));
  seals.done(3);
  EXPECT_THAT(next(seals, 2), ElementsAre(4, 5));
  seals.done(5);
  EXPECT_FALSE(seals.waiting());
  EXPECT_THAT(next(seals, 2), IsEmpty());
  EXPECT_EQ(seals.gone(), 0u);
}

TEST_F(SealsToCarryTest, OfAnEmptyJournalThereAreNone) {
  SealsToCarry seals(*journal_, "main");
  EXPECT_THAT(next(seals), IsEmpty());
  EXPECT_FALSE(seals.waiting());
}

TEST_F(SealsToCarryTest, WhatRetentionTookBeforeIsCounted) {
  journal_options_.max_age = std::chrono::hours(1);
  open_journal();
  seal(2);
  SealsToCarry before(*journal_, "main");
  EXPECT_THAT(next(before, 2), ElementsAre(1, 2));
  before.done(2);
  seal(4);
  clock_.advance(std::chrono::hours(2));
  seal(1);
  const auto reader = journal_->reader();
  const auto chain = journal_->chain().chain;
  ASSERT_TRUE(eventually([&] { return reader->seals_after(chain, 0, 1).front().seq == 6; }));
  EXPECT_THAT(next(before), ElementsAre(6, 7));
  EXPECT_EQ(before.gone(), 3u);
  SealsToCarry fresh(*journal_, "another");
  EXPECT_THAT(next(fresh), ElementsAre(6, 7));
  EXPECT_EQ(fresh.gone(), 0u) << "it never had a place among those that are gone";
}

TEST_F(SealsToCarryTest, WhereSealsWereLostToDamageTheChainIsCarriedOn) {
  seal(2);
  journal_->move_cursor(cursor_of(journal_->chain().chain), 9, {}, {});
  ASSERT_TRUE(cursor_reaches(9));
  SealsToCarry seals(*journal_, "main");
  EXPECT_THAT(next(seals), IsEmpty());
  seal(1);
  EXPECT_TRUE(seals.waiting());
  EXPECT_THAT(next(seals), ElementsAre(3));
}

}  // namespace
}  // namespace kcloud::delivery
