#include "core/time.h"

#include <gtest/gtest.h>

namespace kcloud::core {
namespace {

std::string parsed(std::string_view text, std::string_view zone = "UTC") {
  const auto time = parse_time(text, Zone(zone));
  return time ? format_time(time->time) + (time->zone_assumed ? " assumed" : "") : "error";
}

TEST(Time, ReadsEveryFormThatPublishersWrite) {
  const struct {
    const char* text;
    const char* want;
  } cases[] = {
      {"2025-01-15T10:30:00Z", "2025-01-15T10:30:00Z"},
      {"2025-01-15t10:30:00z", "2025-01-15T10:30:00Z"},
      {"2025-01-15 10:30:00.5Z", "2025-01-15T10:30:00.500Z"},
      {"2025-01-15T10:30:00.123456789Z", "2025-01-15T10:30:00.123456789Z"},
      {"2025-01-15T10:30:00.1234567899Z", "2025-01-15T10:30:00.123456789Z"},
      {"2025-01-15T10:30:00,25+09:00", "2025-01-15T01:30:00.250Z"},
      {"2025-01-15T10:30:00+0900", "2025-01-15T01:30:00Z"},
      {"2025-01-15T10:30:00-05", "2025-01-15T15:30:00Z"},
      {"2025-01-15T10:30Z", "2025-01-15T10:30:00Z"},
      {"2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"},
      {"1736937000", "2025-01-15T10:30:00Z"},
      {"1736937000.25", "2025-01-15T10:30:00.250Z"},
      {"1736937000123", "2025-01-15T10:30:00.123Z"},
      {"1736937000123456", "2025-01-15T10:30:00.123456Z"},
      {"1736937000123456789", "2025-01-15T10:30:00.123456789Z"},
      {"2261-12-31T23:59:59Z", "2261-12-31T23:59:59Z"},
  };
  for (const auto& [text, want] : cases) EXPECT_EQ(parsed(text), want) << text;
}

TEST(Time, RefusesWhatIsNoInstant) {
  for (const char* text :
       {"", "yesterday", "2025-13-01T00:00:00Z", "2025-02-30T00:00:00Z", "2025-01-15T25:00:00Z",
        "2025-01-15T10:61:00Z", "2025-01-15T10:30:61Z", "2025-01-15T10:30:00.Z",
        "2025-01-15T10:30:00X", "2025-01-15T10:30:00+24:00", "300000-01-01T00:00:00Z",
        "2262-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "2025-01-15", "-5", "1e400",
        "9223372036854775808", "2025-01-15T10:30:00ZZ", "0000-00-00T00:00:00Z"}) {
    EXPECT_EQ(parsed(text), "error") << text;
  }
}

TEST(Time, AppliesTheZoneOnlyWhereTheTextNamesNone) {
  EXPECT_EQ(parsed("2025-01-15T10:30:00", "Asia/Seoul"), "2025-01-15T01:30:00Z assumed");
  EXPECT_EQ(parsed("2025-01-15T10:30:00.000001", "Asia/Seoul"),
            "2025-01-15T01:30:00.000001Z assumed");
  EXPECT_EQ(parsed("2025-01-15T10:30:00Z", "Asia/Seoul"), "2025-01-15T10:30:00Z");
}

TEST(Time, DaylightSavingGapsMoveForwardAndRepeatedHoursAreTheEarlier) {
  EXPECT_EQ(parsed("2025-03-09T02:30:00", "America/New_York"), "2025-03-09T07:30:00Z assumed");
  EXPECT_EQ(parsed("2025-11-02T01:30:00", "America/New_York"), "2025-11-02T05:30:00Z assumed");
}

TEST(Time, UnknownZoneNamesIt) { EXPECT_THROW(Zone("Asia/Soul"), std::invalid_argument); }

TEST(Time, EpochNumbersTellTheirUnitBySize) {
  EXPECT_EQ(format_time(*time_from_epoch(1736937000.5)), "2025-01-15T10:30:00.500Z");
  EXPECT_EQ(format_time(*time_from_epoch(std::int64_t{0})), "1970-01-01T00:00:00Z");
  EXPECT_FALSE(time_from_epoch(std::int64_t{-1}));
  EXPECT_FALSE(time_from_epoch(-0.5));
  EXPECT_FALSE(time_from_epoch(1e300));
}

TEST(Duration, JoinsUnits) {
  EXPECT_EQ(parse_duration("1h30m"), std::chrono::minutes(90));
  EXPECT_EQ(parse_duration("150ms"), std::chrono::milliseconds(150));
  EXPECT_EQ(parse_duration("2w"), std::chrono::hours(24 * 14));
  for (const char* text : {"", "5", "m", "-5m", "1y", "99999999999w", "1h30"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

}  // namespace
}  // namespace kcloud::core
