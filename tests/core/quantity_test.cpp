#include "core/quantity.h"

#include <gtest/gtest.h>

#include <string>

namespace kcloud::core {
namespace {

struct Case {
  std::string text;
  Unit unit;
  std::optional<double> want;
};

TEST(Quantity, ReadsNumbersInTheFieldsUnit) {
  const Case cases[] = {
      {"42", Unit::kNone, 42},
      {" 42 ", Unit::kNone, 42},
      {"+1.5", Unit::kNone, 1.5},
      {"-3", Unit::kNone, -3},
      {".5", Unit::kScore, 0.5},
      {"1e3", Unit::kCount, 1000},
      {"1.5k", Unit::kCount, 1500},
      {"2M", Unit::kCurrency, 2e6},
      {"25%", Unit::kPercent, 25},
      {"25 %", Unit::kPercent, 25},
      {"25", Unit::kPercent, 25},
      {"32Gi", Unit::kBytes, 34359738368.0},
      {"32GiB", Unit::kBytes, 34359738368.0},
      {"1kB", Unit::kBytes, 1000},
      {"512B", Unit::kBytes, 512},
      {"1Pi", Unit::kBytes, 0x1p50},
      {"500m", Unit::kCores, 0.5},
      {"8", Unit::kCores, 8},
      {"1200W", Unit::kWatts, 1200},
      {"1.2kW", Unit::kWatts, 1200},
      {"3MW", Unit::kWatts, 3e6},
      {"250ms", Unit::kSeconds, 0.25},
      {"2s", Unit::kMilliseconds, 2000},
      {"90m", Unit::kHours, 1.5},
      {"2d", Unit::kHours, 48},
      {"245", Unit::kMilliseconds, 245},
  };
  for (const auto& c : cases) EXPECT_EQ(parse_quantity(c.text, c.unit), c.want) << c.text;
}

TEST(Quantity, RefusesWhatIsNoNumberOrHasAForeignSuffix) {
  const Case cases[] = {
      {"", Unit::kNone, {}},
      {"   ", Unit::kNone, {}},
      {"abc", Unit::kNone, {}},
      {"inf", Unit::kNone, {}},
      {"nan", Unit::kNone, {}},
      {"-inf", Unit::kNone, {}},
      {"+-1", Unit::kNone, {}},
      {"--1", Unit::kNone, {}},
      {"-", Unit::kNone, {}},
      {"1e400", Unit::kNone, {}},
      {"1e308P", Unit::kNone, {}},
      {"0x10", Unit::kNone, {}},
      {"25%", Unit::kNone, {}},
      {"25%", Unit::kBytes, {}},
      {"5s", Unit::kBytes, {}},
      {"5m", Unit::kCount, {}},
      {"5W", Unit::kPercent, {}},
      {"5mW", Unit::kWatts, {}},
      {"1,200", Unit::kCurrency, {}},
      {"12 34", Unit::kNone, {}},
      {"5K", Unit::kNone, {}},
      {"5kk", Unit::kNone, {}},
      {"1.2.3", Unit::kNone, {}},
      {"%", Unit::kPercent, {}},
      {std::string("5\0", 2), Unit::kNone, {}},
  };
  for (const auto& c : cases) EXPECT_EQ(parse_quantity(c.text, c.unit), c.want) << c.text;
}

}  // namespace
}  // namespace kcloud::core
