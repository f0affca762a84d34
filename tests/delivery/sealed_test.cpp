// Sinks that keep the seals beside the events: what they get, after failures and beside copies.
#include <gmock/gmock.h>

#include <map>
#include <mutex>

#include "agent/delivery/delivery.h"
#include "core/chain_check.h"
#include "tests/delivery/journal_fixture.h"

namespace kcloud::delivery {
namespace {

using core::Delivery;
using std::chrono::milliseconds;
using test_support::eventually;
using ::testing::HasSubstr;

// Keeps batches as a database would: all of a delivery, or nothing.
struct Ledger {
  mutable std::mutex mutex;
  std::vector<core::Seal> seals;
  std::vector<std::vector<core::Sha256>> leaves;  // of each batch
  std::size_t largest = 0;                        // events of one delivery
  int fail_before = 0;                            // so many deliveries fail and store nothing
  int lose_answer = 0;                            // so many store all and fail all the same

  std::size_t batches() const {
    const std::scoped_lock lock(mutex);
    return seals.size();
  }
  std::size_t events() const {
    const std::scoped_lock lock(mutex);
    std::size_t sum = 0;
    for (const auto& batch : leaves) sum += batch.size();
    return sum;
  }
  std::vector<std::string> problems() const {
    const std::scoped_lock lock(mutex);
    core::ChainChecker checker(seals.empty() ? core::ChainId{} : seals[0].chain, {});
    std::vector<std::string> all;
    for (std::size_t i = 0; i < seals.size(); ++i)
      for (auto& problem : checker.check(seals[i], leaves[i])) all.push_back(std::move(problem));
    return all;
  }
};

class LedgerExporter final : public core::Exporter {
 public:
  explicit LedgerExporter(Ledger& ledger) : ledger_(ledger) {}

  Delivery deliver(std::span<const core::Event>) override { return Delivery::hold("not for this"); }
  bool keeps_seals() const override { return true; }

  core::SealedHead sealed_head(const core::ChainId& chain) override {
    const std::scoped_lock lock(ledger_.mutex);
    core::SealedHead head;
    for (const auto& seal : ledger_.seals)
      if (seal.chain == chain) head = {seal.seq, seal.hash};
    return head;
  }

  std::optional<core::Sha256> sealed_hash(const core::ChainId& chain, std::uint64_t seq) override {
    const std::scoped_lock lock(ledger_.mutex);
    for (const auto& seal : ledger_.seals)
      if (seal.chain == chain && seal.seq == seq) return seal.hash;
    return std::nullopt;
  }

  Delivery deliver_sealed(const core::SealedBatches& batches) override {
    const std::scoped_lock lock(ledger_.mutex);
    if (ledger_.fail_before > 0 && ledger_.fail_before-- > 0) return Delivery::retry("cut before");
    core::Sha256Hasher hasher;
    auto event = batches.events.begin();
    ledger_.largest = std::max(ledger_.largest, batches.events.size());
    for (const auto& seal : batches.seals) {
      std::vector<core::Sha256> leaves;
      for (; event != batches.events.end() && event->seq <= seal.journal_end; ++event) {
        leaves.push_back(core::leaf_hash(hasher, *event));
      }
      ledger_.seals.push_back(seal);
      ledger_.leaves.push_back(std::move(leaves));
    }
    if (ledger_.lose_answer > 0 && ledger_.lose_answer-- > 0) return Delivery::retry("cut behind");
    return Delivery::delivered();
  }

 private:
  Ledger& ledger_;
};

class SealedTest : public testing::JournalFixture {
 protected:
  SealedTest() {
    journal_options_.seals = {true, 10, milliseconds(500), std::chrono::hours(1000)};
    options_.name = "ledger";
    options_.delivery.batch_events = 25;
    options_.delivery.backoff_initial = milliseconds(1);
    options_.delivery.backoff_max = milliseconds(5);
    options_.seed = 1;
  }

  std::unique_ptr<Loop> loop() {
    auto made = std::make_unique<Loop>(options_, *journal_, *catalogue_,
                                       std::make_unique<LedgerExporter>(ledger_), clock_);
    made->start();
    return made;
  }
  static void stop(Loop& loop) {
    loop.request_stop();
    loop.join(milliseconds(5000));
  }

  Ledger ledger_;
  Options options_;
};

TEST_F(SealedTest, WholeBatchesInOrderAndNothingThatIsNotSealed) {
  const auto running = loop();
  for (int i = 0; i < 6; ++i) store_decisions(10 * i, 10);
  store_decisions(60, 3);
  EXPECT_TRUE(eventually([&] { return ledger_.events() == 60; }));
  EXPECT_TRUE(eventually([&] { return cursor("exporter:ledger") == 60; }));
  stop(*running);
  EXPECT_EQ(ledger_.batches(), 6u);
  EXPECT_LE(ledger_.largest, 25u);
  EXPECT_TRUE(ledger_.problems().empty());
  EXPECT_EQ(running->counters().delivered.load(), 60u);
  EXPECT_EQ(running->status().lag_events, 3u);
}

TEST_F(SealedTest, ABatchLargerThanADeliveryGoesAlone) {
  store_decisions(0, 40);
  const auto running = loop();
  EXPECT_TRUE(eventually([&] { return ledger_.events() == 40; }));
  EXPECT_EQ(ledger_.batches(), 1u);
}

TEST_F(SealedTest, FailuresAndLostAnswersNeitherLoseNorDouble) {
  ledger_.fail_before = 3;
  ledger_.lose_answer = 3;
  const auto running = loop();
  for (int i = 0; i < 20; ++i) store_decisions(10 * i, 10);
  EXPECT_TRUE(eventually([&] { return ledger_.events() >= 200; }));
  EXPECT_TRUE(eventually([&] { return cursor("exporter:ledger") == 200; }));
  EXPECT_EQ(ledger_.events(), 200u);
  EXPECT_TRUE(ledger_.problems().empty());
}

TEST_F(SealedTest, HeartbeatsArriveToo) {
  journal_options_.seals.heartbeat = std::chrono::seconds(10);
  open_journal();
  const auto running = loop();
  store_decisions(0, 10);
  EXPECT_TRUE(eventually([&] { return ledger_.batches() == 1; }));
  clock_.advance(std::chrono::seconds(10));
  EXPECT_TRUE(eventually([&] { return ledger_.batches() == 2; }));
  EXPECT_TRUE(ledger_.problems().empty());
}

TEST_F(SealedTest, ASinkThatLostItsDataGetsAllThatIsKept) {
  auto running = loop();
  for (int i = 0; i < 5; ++i) store_decisions(10 * i, 10);
  EXPECT_TRUE(eventually([&] { return ledger_.events() == 50; }));
  stop(*running);
  {
    const std::scoped_lock lock(ledger_.mutex);
    ledger_.seals.resize(2);
    ledger_.leaves.resize(2);
  }
  running = loop();
  EXPECT_TRUE(eventually([&] { return ledger_.events() == 50; }));
  EXPECT_TRUE(ledger_.problems().empty());
}

TEST_F(SealedTest, ACopyOfADirectoryThatWentOnIsSaidAndDeliversNothing) {
  auto running = loop();
  store_decisions(0, 10);
  EXPECT_TRUE(eventually([&] { return ledger_.events() == 10; }));
  stop(*running);
  core::Seal other;
  {
    const std::scoped_lock lock(ledger_.mutex);
    other = ledger_.seals.back();
    other.seq = 2;
    other.hash[0] ^= 1;
    ledger_.seals.push_back(other);
    ledger_.leaves.emplace_back();
  }
  running = loop();
  store_decisions(10, 10);
  EXPECT_TRUE(eventually([&] { return running->status().phase == Phase::kHolding; }));
  EXPECT_THAT(running->status().last_error, HasSubstr("this data directory is a copy"));
  stop(*running);
  EXPECT_EQ(ledger_.batches(), 2u);
  EXPECT_EQ(running->status().phase, Phase::kStopped);
}

// What `audit new-chain` does between two runs of an agent.
TEST_F(SealedTest, ANewChainDeliversWhatIsBehindTheLastCommonBatch) {
  auto running = loop();
  for (int i = 0; i < 3; ++i) store_decisions(10 * i, 10);
  EXPECT_TRUE(eventually([&] { return ledger_.events() == 30; }));
  stop(*running);
  running.reset();
  {
    const std::scoped_lock lock(ledger_.mutex);
    ledger_.seals.back().hash[0] ^= 1;  // another batch 3
  }
  store_decisions(30, 10);
  running = loop();
  EXPECT_TRUE(eventually([&] { return running->status().phase == Phase::kHolding; }));
  EXPECT_THAT(running->status().last_error, HasSubstr("batch 2 is the last they share"));
  stop(*running);
  running.reset();
  const auto old = journal_->chain().chain;
  journal_->renew_chain(2, [](const journal::Renewal&, core::EventBatch&) {});
  open_journal();
  running = loop();
  EXPECT_TRUE(eventually([&] { return ledger_.events() == 50; }));
  stop(*running);
  const std::scoped_lock lock(ledger_.mutex);
  ASSERT_GE(ledger_.seals.size(), 4u);
  EXPECT_NE(ledger_.seals[3].chain, old);
  EXPECT_EQ(ledger_.seals[3].seq, 1u);
  EXPECT_EQ(ledger_.seals[3].prev, ledger_.seals[1].hash);
}

TEST_F(SealedTest, AnEmptySinkGetsTheOldChainUpToTheCommonBatchAndThenTheNewOne) {
  for (int i = 0; i < 4; ++i) store_decisions(10 * i, 10);
  const auto old = journal_->chain().chain;
  journal_->renew_chain(2, [](const journal::Renewal&, core::EventBatch&) {});
  open_journal();
  const auto running = loop();
  EXPECT_TRUE(eventually([&] { return ledger_.events() == 40; }));
  stop(*running);
  const std::scoped_lock lock(ledger_.mutex);
  EXPECT_EQ(std::ranges::count(ledger_.seals, old, &core::Seal::chain), 2);
  EXPECT_EQ(ledger_.seals[1].hash, ledger_.seals[2].prev);
}

}  // namespace
}  // namespace kcloud::delivery
