// Nothing acknowledged is lost: power cuts, full disks, failing fsyncs (rows 1b and 5 of
// docs/testing.md).
#include <gmock/gmock.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <set>

#include "agent/journal/journal.h"
#include "agent/journal/reader.h"
#include "agent/journal/verify.h"
#include "tests/journal/event_maker.h"
#include "tests/journal/fault_vfs.h"

namespace kcloud::journal {
namespace {

using core::CommitStatus;
using test::EventSpec;
using test::FaultVfs;
using Operation = FaultVfs::Operation;

bool soak() { return std::getenv("KCLOUD_SOAK") != nullptr; }

std::set<std::string> stored_ids(const std::string& directory, std::size_t& events) {
  test::ManualClock clock;
  Options options;
  options.directory = directory;
  Journal journal(options, clock);
  std::set<std::string> ids;
  const auto reader = journal.reader();
  core::EventBatch batch;
  std::uint64_t after = 0;
  while (true) {
    batch.clear();
    const std::uint64_t upto = reader->read_after(after, 1000, 16 << 20, batch);
    if (upto == after) break;
    after = upto;
    for (const auto& event : batch.events) ids.insert(to_string(event.id));
    events += batch.events.size();
  }
  const auto chain = verify_chains(*reader, {}).back();
  EXPECT_TRUE(chain.ok()) << "batch " << chain.findings[0].batch << ": "
                          << chain.findings[0].problem;
  return ids;
}

std::vector<EventSpec> specs(const std::string& prefix, std::size_t count, core::Time time) {
  std::vector<EventSpec> out;
  for (std::size_t i = 0; i < count; ++i) {
    EventSpec spec;
    spec.key = prefix + "/" + std::to_string(i);
    spec.time = time;
    spec.body = "{\"key\":\"" + spec.key + "\",\"filler\":\"" + std::string(600, 'x') + "\"}";
    out.push_back(spec);
  }
  return out;
}

// Row 1b: at random points the power is cut; every event acknowledged before that point is there
// afterwards.
TEST(Durability, PowerCutsLoseNothingAcknowledged) {
  const int points = soak() ? 200 : 60;
  std::mt19937 random(20250115);
  FaultVfs vfs("power-cut");
  test::TemporaryDirectory live;
  test::TemporaryDirectory images;
  test::ManualClock clock;
  struct Point {
    std::string directory;
    std::size_t acked;
  };
  std::vector<std::string> acked;  // grows before anybody is told
  std::atomic<std::size_t> acked_count{0};
  std::vector<Point> taken;
  std::atomic<int> taken_count{0};
  std::mt19937 points_random(42);
  std::uint64_t next_point = 40;
  vfs.set_observer([&](std::uint64_t operations) {
    if (operations < next_point || taken_count == points) return;
    next_point = operations + 1 + points_random() % 60;
    Point point{images.path() + "/" + std::to_string(taken.size()), acked_count.load()};
    std::filesystem::create_directory(point.directory);
    vfs.write_image_locked(point.directory, taken.size() % 2 == 1, points_random);
    taken.push_back(point);
    taken_count = static_cast<int>(taken.size());
  });
  acked.reserve(1'000'000);
  {
    Options options;
    options.directory = live.path();
    options.vfs = "power-cut";
    options.wal_bytes = 256 << 10;  // many checkpoints
    options.seals.batch_events = 20;
    Journal journal(options, clock);
    for (int round = 0; taken_count < points && round < 100'000; ++round) {
      auto intake =
          test::intake(specs(std::to_string(round), 1 + random() % 30, clock.now()), clock.now());
      ASSERT_EQ(core::accept_and_wait(journal, intake), CommitStatus::kCommitted);
      for (const auto& event : intake->batch.events) acked.push_back(to_string(event.id));
      acked_count = acked.size();
      clock.advance(std::chrono::milliseconds(7));
    }
  }
  vfs.set_observer({});
  ASSERT_EQ(taken.size(), static_cast<std::size_t>(points));
  for (const auto& point : taken) {
    std::size_t events = 0;
    const auto ids = stored_ids(point.directory, events);
    EXPECT_EQ(ids.size(), events) << "duplicates in " << point.directory;
    std::size_t lost = 0;
    for (std::size_t i = 0; i < point.acked; ++i) lost += ids.count(acked[i]) == 0;
    EXPECT_EQ(lost, 0U) << "of " << point.acked << " acknowledged";
    std::filesystem::remove_all(point.directory);
  }
}

// Row 5: the n-th write or sync fails, for every n. No acknowledgement is wrong, and intake
// recovers.
class FailingDisk : public testing::TestWithParam<std::pair<Operation, int>> {};

TEST_P(FailingDisk, AtEveryOperation) {
  const auto [operation, code] = GetParam();
  const std::uint64_t step = soak() ? 1 : 7;
  std::uint64_t total = 1;
  for (std::uint64_t failing = 1; failing <= total; failing += step) {
    const std::string name = "failing-disk";
    FaultVfs vfs(name);
    test::TemporaryDirectory live;
    test::TemporaryDirectory image;
    test::ManualClock clock;
    std::vector<std::string> acked;
    int failed = 0;
    {
      Options options;
      options.directory = live.path();
      options.vfs = name;
      options.wal_bytes = 128 << 10;
      options.reopen_interval = std::chrono::milliseconds(1);
      Journal journal(options, clock);
      const std::uint64_t before = operation == Operation::kWrite ? vfs.writes() : vfs.syncs();
      vfs.set_judge([&, op = operation, error = code](Operation kind, std::uint64_t number) {
        return kind == op && number == before + failing ? error : SQLITE_OK;
      });
      for (int round = 0; round < 25; ++round) {
        const auto wanted = specs(std::to_string(round), 20, clock.now());
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
        while (true) {
          auto intake = test::intake(wanted, clock.now());
          const auto status = core::accept_and_wait(journal, intake);
          if (status == CommitStatus::kCommitted) {
            for (const auto& event : intake->batch.events) acked.push_back(to_string(event.id));
            break;
          }
          ++failed;
          ASSERT_EQ(status, CommitStatus::kFailed);
          ASSERT_LT(std::chrono::steady_clock::now(), deadline)
              << "does not recover from failure " << failing;
          journal.wait_beyond(journal.head(), std::chrono::milliseconds(2), {});
        }
      }
      std::mt19937 random(1);
      vfs.set_judge({});
      total = (operation == Operation::kWrite ? vfs.writes() : vfs.syncs()) - before;
      vfs.write_image(image.path(), false, random);
    }
    std::size_t events = 0;
    const auto ids = stored_ids(image.path(), events);
    for (const auto& id : acked)
      ASSERT_TRUE(ids.count(id) == 1) << "acknowledged, then lost: failure " << failing;
    EXPECT_EQ(ids.size(), events);
  }
}

std::string fault_name(const testing::TestParamInfo<std::pair<Operation, int>>& test) {
  if (test.param.first == Operation::kSync) return "FsyncFails";
  return test.param.second == SQLITE_FULL ? "DiskFull" : "WriteFails";
}

INSTANTIATE_TEST_SUITE_P(Durability, FailingDisk,
                         testing::Values(std::pair(Operation::kWrite, SQLITE_FULL),
                                         std::pair(Operation::kWrite, SQLITE_IOERR_WRITE),
                                         std::pair(Operation::kSync, SQLITE_IOERR_FSYNC)),
                         fault_name);

TEST(Durability, AFullDiskIsSaidAndForgottenWhenSpaceReturns) {
  FaultVfs vfs("full-disk");
  test::TemporaryDirectory live;
  test::ManualClock clock;
  Options options;
  options.directory = live.path();
  options.vfs = "full-disk";
  options.reopen_interval = std::chrono::milliseconds(10);
  Journal journal(options, clock);
  vfs.set_judge([](Operation operation, std::uint64_t) {
    return operation == Operation::kWrite ? SQLITE_FULL : SQLITE_OK;
  });
  auto intake = test::intake(specs("a", 10, clock.now()), clock.now());
  EXPECT_EQ(core::accept_and_wait(journal, intake), CommitStatus::kFailed);
  EXPECT_EQ(journal.stats().state, State::kRecovering);
  EXPECT_THAT(journal.stats().last_error, testing::HasSubstr("full"));
  vfs.set_judge({});
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  auto status = CommitStatus::kFailed;
  while (status != CommitStatus::kCommitted && std::chrono::steady_clock::now() < deadline) {
    auto again = test::intake(specs("a", 10, clock.now()), clock.now());
    status = core::accept_and_wait(journal, again);
    journal.wait_beyond(journal.head(), std::chrono::milliseconds(5), {});
  }
  EXPECT_EQ(status, CommitStatus::kCommitted);
  EXPECT_EQ(journal.head(), 10U);
}

}  // namespace
}  // namespace kcloud::journal
