#include "rollups/cell.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace kcloud::rollups {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

Cell some_cell(unsigned seed) {
  std::mt19937 random(seed);
  Cell cell;
  cell.combinations = seed;
  for (const NameId name : {3U, 7U, 200U})
    for (int i = 0; i < 50; ++i) {
      ++cell.events;
      Numbers& numbers = cell.at(name, name != 7);
      const double value = std::uniform_real_distribution(-5.0, 1000.0)(random);
      numbers.add(value);
      if (name == 200) numbers.sketch.add(value);
    }
  return cell;
}

TEST(Cell, ComesBackAsItWas) {
  const Cell cell = some_cell(1);
  const std::string bytes = encode(cell);
  const auto back = decode(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(encode(*back), bytes);
  EXPECT_EQ(back->events, cell.events);
  EXPECT_EQ(back->find(3)->sum, cell.find(3)->sum);
  EXPECT_EQ(back->find(200)->sketch.bins(), cell.find(200)->sketch.bins());
}

TEST(Cell, IsReadInPart) {
  const auto part = decode(encode(some_cell(1)), {{5, true}, {7, false}, {200, false}});
  ASSERT_TRUE(part);
  ASSERT_THAT(part->measures, SizeIs(2));
  EXPECT_EQ(part->measures[0].name, 7U);
  EXPECT_EQ(part->measures[1].count, 50U);
  EXPECT_TRUE(part->measures[1].sketch.bins().empty());
}

TEST(Cell, AddsUp) {
  Cell sum = some_cell(1);
  sum.add(some_cell(2));
  EXPECT_EQ(sum.events, 300U);
  EXPECT_EQ(sum.combinations, 1U);
  EXPECT_EQ(sum.find(3)->count, 100U);
  EXPECT_EQ(sum.find(3)->min, std::min(some_cell(1).find(3)->min, some_cell(2).find(3)->min));
  EXPECT_EQ(sum.find(3)->max, std::max(some_cell(1).find(3)->max, some_cell(2).find(3)->max));
  EXPECT_DOUBLE_EQ(sum.find(7)->sum, some_cell(1).find(7)->sum + some_cell(2).find(7)->sum);
}

TEST(Cell, DamagedBytesAreNone) {
  const std::string bytes = encode(some_cell(1));
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(decode(std::string_view(bytes).substr(0, size))) << size;
  EXPECT_FALSE(decode(bytes + "x"));
  std::mt19937 random(7);
  for (int i = 0; i < 2000; ++i) {
    std::string damaged = bytes;
    damaged[random() % damaged.size()] = static_cast<char>(random());
    decode(damaged);  // whatever it gives, it ends
  }
}

}  // namespace
}  // namespace kcloud::rollups
