#include "exporters/influxdb/tie_breaker.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace kcloud::influxdb {
namespace {

constexpr std::int64_t kSecond = 1'736'942'400'000'000'000;

core::EventId id_of(int number, std::int64_t nanos = kSecond) {
  return core::make_event_id(core::from_nanos(nanos),
                             core::key_digest("test", std::to_string(number)));
}

TEST(TieBreaker, FillsOnlyTheDigitsBelowTheTimesOwnResolution) {
  const struct {
    std::int64_t time;
    std::int64_t resolution;
  } cases[] = {{kSecond, 1'000'000'000},
               {kSecond + 123'000'000, 1'000'000},
               {kSecond + 123'456'000, 1'000},
               {kSecond + 123'456'789, 1}};
  for (const auto& [time, resolution] : cases) {
    const auto nanos = spread(core::from_nanos(time), id_of(1));
    EXPECT_GE(nanos, time);
    EXPECT_LT(nanos, time + resolution);
    EXPECT_EQ(nanos, spread(core::from_nanos(time), id_of(1)));
  }
  EXPECT_NE(spread(core::from_nanos(kSecond), id_of(1)),
            spread(core::from_nanos(kSecond), id_of(2)));
}

TEST(TieBreaker, EqualTimesOfASeriesMoveOnByOneNanosecond) {
  TieBreaker ties;
  const auto time = core::from_nanos(kSecond + 1);
  for (int i = 0; i < 5; ++i) {
    const auto place = ties.assign(7, time, id_of(i));
    EXPECT_EQ(place.nanos, kSecond + 1 + i);
    EXPECT_EQ(place.moved, i != 0);
  }
  EXPECT_EQ(ties.assign(8, time, id_of(9)).nanos, kSecond + 1) << "another series is free";
}

TEST(TieBreaker, AnEventDeliveredAgainKeepsItsPoint) {
  TieBreaker ties;
  const auto pass = [&] {
    std::vector<std::int64_t> places;
    for (int i = 0; i < 2000; ++i)
      places.push_back(ties.assign(7, core::from_nanos(kSecond + 1 + i / 500), id_of(i)).nanos);
    return places;
  };
  const auto places = pass();
  EXPECT_EQ(std::set<std::int64_t>(places.begin(), places.end()).size(), 2000u);
  EXPECT_EQ(pass(), places);
  std::vector<std::int64_t> backwards(2000);
  for (int i = 1999; i >= 0; --i)
    backwards[static_cast<std::size_t>(i)] =
        ties.assign(7, core::from_nanos(kSecond + 1 + i / 500), id_of(i)).nanos;
  EXPECT_EQ(backwards, places) << "whatever part of the batch is tried again";
}

TEST(TieBreaker, ABatchRedeliveredAfterARestartTakesTheSamePlaces) {
  const auto places = [] {
    TieBreaker ties;
    std::vector<std::int64_t> made;
    for (int i = 0; i < 100; ++i)
      made.push_back(ties.assign(7, core::from_nanos(kSecond + 1), id_of(i)).nanos);
    return made;
  };
  EXPECT_EQ(places(), places());
}

TEST(TieBreaker, ManyEventsStampedAlikeCostNoMoreThanOthers) {
  TieBreaker ties;
  std::set<std::int64_t> places;
  constexpr int kEvents = 60'000;
  for (int i = 0; i < kEvents; ++i)
    places.insert(ties.assign(7, core::from_nanos(kSecond + 1), id_of(i)).nanos);
  EXPECT_EQ(places.size(), static_cast<std::size_t>(kEvents));
}

TEST(TieBreaker, ForgetsBeyondItsWindow) {
  TieBreaker ties;
  const auto time = core::from_nanos(kSecond + 1);
  ties.assign(7, time, id_of(0));
  for (std::size_t i = 1; i <= TieBreaker::kWindow; ++i)
    ties.assign(i + 100, time, id_of(static_cast<int>(i)));
  EXPECT_FALSE(ties.assign(7, time, id_of(-1)).moved);
}

}  // namespace
}  // namespace kcloud::influxdb
