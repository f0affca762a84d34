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
          std::to_string(whole_numbers ? random() % 100'000 * 1.0 : random() % 100'000 / 7.0) + "}";
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
    series = dictionary.take_series();
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

  // Deltas of `most` events each, added up.
  Kept added_up(const core::EventBatch& batch, std::size_t most, const Limits& limits = {}) {
    Kept all;
    Dictionary dictionary;
    Accumulator sums(
        plan, dictionary, [](const CellKey&) { return std::string(); }, limits);
    for (std::size_t from = 0; from < batch.events.size(); from += most) {
      Dictionary own;
      Accumulator part(plan, own, [](const CellKey&) { return std::string(); });
      for (std::size_t i = from; i < std::min(from + most, batch.events.size()); ++i)
        part.add(batch.events[i]);
      auto changes = part.take();
      const Delta delta{own.take_names(), own.take_series(), std::move(changes.cells),
                        std::move(changes.minutes_begun)};
      const auto read = decode_delta(encode(delta));
      EXPECT_TRUE(read && whole(*read));
      sums.add(*read);
    }
    auto changes = sums.take();
    for (auto& [key, value] : changes.cells) all[key] = std::move(value);
    others = sums.others();
    series = dictionary.take_series();
    return all;
  }

  // By what stands for the series' number.
  std::map<std::string, std::string> spelled(const Kept& all) const {
    std::map<std::string, std::string> out;
    for (const auto& [key, value] : all) {
      std::string tags = std::to_string(key.series);
      for (const auto& one : series)
        if (kind_of(key.part) == Kind::kTags && one.id == key.series) tags = one.tags;
      out[std::to_string(static_cast<int>(key.grain)) + "/" + std::to_string(key.part) + "/" +
          std::to_string(key.bucket) + "/" + tags] = value;
    }
    return out;
  }

  bool whole_numbers = false;              // measures are: their sums do not go by the order
  std::vector<Dictionary::Series> series;  // of the last one
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

TEST_F(AccumulatorTest, DeltasAddUpToWhatTheEventsGive) {
  whole_numbers = true;
  auto batch = decisions(5000, 5, 4);
  // One hour has no minutes, wherever in its deltas the late event is.
  batch.events[2500].received = batch.events[2500].time + std::chrono::hours(25);
  const auto expected = spelled(kept(batch, 5000));
  for (const std::size_t most : {1, 7, 333, 5000})
    EXPECT_EQ(spelled(added_up(batch, most)), expected);
}

TEST_F(AccumulatorTest, CombinationsPastTheLimitBecomeOtherInDeltasToo) {
  const auto batch = decisions(3000, 2, 100);
  const auto all = added_up(batch, 100, {.combinations = 10});
  EXPECT_GT(others, 2000U);
  EXPECT_EQ(events(cells(all, Grain::kHour, Kind::kTags)), 3000U);
  EXPECT_EQ(events(cells(all, Grain::kMinute, Kind::kTags)), 3000U);
  EXPECT_THAT(cells(all, Grain::kHour, Kind::kTags), SizeIs(2 * 11));
}

TEST_F(AccumulatorTest, ADamagedDeltaIsFound) {
  const auto batch = decisions(50, 1, 2);
  Dictionary own;
  Accumulator part(plan, own, [](const CellKey&) { return std::string(); });
  for (const auto& event : batch.events) part.add(event);
  auto changes = part.take();
  Delta delta{own.take_names(), own.take_series(), std::move(changes.cells), {}};
  const auto bytes = encode(delta);
  EXPECT_FALSE(decode_delta(bytes.substr(0, bytes.size() - 1)));
  EXPECT_FALSE(decode_delta(bytes + "x"));
  for (auto& cell : delta.cells) cell.value.pop_back();
  EXPECT_FALSE(whole(delta));
  Dictionary dictionary;
  Accumulator sums(plan, dictionary, [](const CellKey&) { return std::string(); });
  EXPECT_THROW(sums.add(delta), std::runtime_error);
}

TEST_F(AccumulatorTest, SeriesPastTheLimitAreKnownAgain) {
  const auto batch = decisions(2000, 2, 50);
  const auto all = kept(batch, 2000, {.series = 10});
  // Taken and forgotten after each event: those that were there before the limit still are.
  EXPECT_EQ(kept(batch, 1, {.series = 10}), all);
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
