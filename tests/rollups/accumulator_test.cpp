#include "rollups/accumulator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "config/config.h"
#include "core/decode.h"

namespace kcloud::rollups {
namespace {

using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

struct Less {
  bool operator()(const CellKey& a, const CellKey& b) const {
    return std::tie(a.grain, a.part, a.bucket, a.series) <
           std::tie(b.grain, b.part, b.bucket, b.series);
  }
};
using Kept = std::map<CellKey, std::string, Less>;

class AccumulatorTest : public ::testing::Test {
 protected:
  AccumulatorTest() {
    config::Problems problems;
    catalogue = config::load_catalogue({}, config::Environment::system(), problems);
    plan = std::make_shared<const Plan>(catalogue, std::vector<Judged>());
  }

  // Decisions of `hours` from a fixed time on, a tenth of them late.
  core::EventBatch decisions(int count, int hours, int clusters, unsigned seed = 1) {
    core::EventBatch batch;
    core::Decoder decoder(*catalogue, {.max_age = std::chrono::hours(24 * 36'500)});
    std::mt19937 random(seed);
    std::vector<core::FieldError> errors;
    std::vector<std::string_view> warnings;
    for (int i = 0; i < count; ++i) {
      const bool late = random() % 10 == 0;
      const auto time = begin + std::chrono::seconds(late ? static_cast<int>(random() % 3600)
                                                          : i * hours * 3600 / count);
      const std::string json =
          R"({"event_type":"scheduling_decision","timestamp":")" + core::format_time(time) +
          R"(","workload":{"id":"w)" + std::to_string(i) + R"("},"selected_cluster":"c)" +
          std::to_string(random() % static_cast<unsigned>(clusters)) + R"(","execution_time_ms":)" +
          std::to_string(random() % 100'000 / 7.0) + "}";
      core::TransportHints hints;
      hints.received = begin + std::chrono::seconds(i * hours * 3600 / count);
      EXPECT_TRUE(decoder.decode(json, hints, batch, errors, warnings));
      batch.events.back().received = hints.received;
    }
    return batch;
  }

  // What is kept when it is taken after every `most` events and loaded anew.
  Kept kept(const core::EventBatch& batch, std::size_t most, const Limits& limits = {}) {
    Kept all;
    Dictionary dictionary;
    Accumulator sums(
        plan, dictionary,
        [&](const CellKey& key) {
          const auto found = all.find(key);
          return found == all.end() ? std::string() : found->second;
        },
        limits);
    const auto take = [&] {
      auto changes = sums.take();
      for (const auto& ended : changes.minutes_ended)
        std::erase_if(all, [&](const auto& one) {
          return one.first.grain == Grain::kMinute && one.first.part == ended.part &&
                 one.first.bucket / kHourSeconds * kHourSeconds == ended.bucket;
        });
      for (auto& [key, value] : changes.cells) all[key] = std::move(value);
      sums.forget();
    };
    std::size_t since = 0;
    for (const auto& event : batch.events) {
      sums.add(event);
      if (++since % most == 0) take();
    }
    take();
    others = sums.others();
    return all;
  }

  static std::vector<Cell> cells(const Kept& all, Grain grain, Kind kind) {
    std::vector<Cell> out;
    for (const auto& [key, value] : all)
      if (key.grain == grain && kind_of(key.part) == kind) out.push_back(*decode(value));
    return out;
  }
  static std::uint64_t events(const std::vector<Cell>& cells) {
    std::uint64_t sum = 0;
    for (const auto& cell : cells) sum += cell.events;
    return sum;
  }

  const core::Time begin = core::parse_time("2026-01-15T10:00:00Z", core::Zone())->time;
  std::shared_ptr<const core::Catalogue> catalogue;
  std::shared_ptr<const Plan> plan;
  std::uint64_t others = 0;
};

TEST_F(AccumulatorTest, TheSameEventsGiveTheSameBytesHoweverTheyAreTaken) {
  const auto batch = decisions(5000, 5, 4);
  const auto at_once = kept(batch, 5000);
  EXPECT_EQ(kept(batch, 1), at_once);
  EXPECT_EQ(kept(batch, 137), at_once);
  EXPECT_EQ(events(cells(at_once, Grain::kHour, Kind::kTotal)), 5000U);
  EXPECT_EQ(events(cells(at_once, Grain::kHour, Kind::kTags)), 5000U);
  EXPECT_EQ(events(cells(at_once, Grain::kMinute, Kind::kTags)), 5000U);
  EXPECT_THAT(cells(at_once, Grain::kHour, Kind::kTotal), SizeIs(5));
}

TEST_F(AccumulatorTest, CombinationsPastTheLimitBecomeOther) {
  const auto batch = decisions(3000, 2, 100);
  const auto all = kept(batch, 100, {.combinations = 10});
  EXPECT_GT(others, 2000U);
  EXPECT_EQ(events(cells(all, Grain::kHour, Kind::kTags)), 3000U);
  for (const auto& total : cells(all, Grain::kHour, Kind::kTotal))
    EXPECT_EQ(total.combinations, 10U);
  EXPECT_THAT(cells(all, Grain::kHour, Kind::kTags), SizeIs(2 * 11));
  EXPECT_EQ(all, kept(batch, 1, {.combinations = 10}));
}

TEST_F(AccumulatorTest, AnHourThatAnEventComesToADayLateHasNoMinutes) {
  auto batch = decisions(1000, 1, 2);
  const auto before = kept(batch, 100);
  EXPECT_THAT(cells(before, Grain::kMinute, Kind::kTags), Not(IsEmpty()));
  auto& last = batch.events.back();
  last.received = last.time + std::chrono::hours(25);
  const auto after = kept(batch, 100);
  EXPECT_THAT(cells(after, Grain::kMinute, Kind::kTags), IsEmpty());
  EXPECT_EQ(events(cells(after, Grain::kHour, Kind::kTags)), 1000U);
}

}  // namespace
}  // namespace kcloud::rollups
