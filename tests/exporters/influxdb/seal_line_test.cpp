#include "exporters/influxdb/seal_line.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/exporters/influxdb/fixtures.h"

namespace kcloud::influxdb {
namespace {

using testing::kNoon;

core::Seal make_seal(std::uint64_t seq, std::int64_t sealed = kNoon) {
  core::Seal seal;
  for (std::uint8_t i = 0; i < 16; ++i) seal.chain[i] = i;
  seal.seq = seq;
  seal.events = 1000;
  seal.total_events = 41'234;
  seal.journal_end = 41'240;
  seal.root.fill(0xab);
  seal.prev.fill(0x01);
  seal.hash[1] = 7;
  seal.hash[31] = 0xff;
  seal.sealed = core::from_nanos(sealed);
  return seal;
}

std::string repeated(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

std::string line(const std::map<std::string, std::string>& tags, const core::Seal& seal) {
  std::string out;
  SealEncoder(tags).append(seal, out);
  return out;
}

TEST(SealLine, IsAPointOfItsChain) {
  EXPECT_EQ(line({{"agent", "node-1"}, {"agent_cluster", "seoul"}, {"site", "a b"}},
                 make_seal(42, kNoon + 123'456'789)),
            "audit_seal,agent=node-1,agent_cluster=seoul,"
            "chain=00010203-0405-0607-0809-0a0b0c0d0e0f,site=a\\ b "
            "seq=42i,events=1000i,total_events=41234i,journal_end=41240i,root=\"" +
                repeated("ab", 32) + "\",prev=\"" + repeated("01", 32) + "\",hash=\"0007" +
                repeated("00", 29) + "ff\" 1736942400123042007\n");
}

TEST(SealLine, ItsOwnNamesWinOverConfiguredTags) {
  const auto text = line({{"chain", "x"}, {"hash", "x"}, {"time", "x"}, {"empty", ""}}, {});
  EXPECT_TRUE(
      text.starts_with("audit_seal,chain=00000000-0000-0000-0000-000000000000,time_=x seq="))
      << text;
}

TEST(SealLine, EachSealOfAMillisecondIsAPointOfItsOwnAndTheSameAgain) {
  std::set<std::int64_t> times;
  for (std::uint64_t seq = 1; seq <= 1000; ++seq) times.insert(seal_nanos(make_seal(seq)));
  EXPECT_EQ(times.size(), 1000u);
  for (const auto time : times) EXPECT_EQ(time / 1'000'000, kNoon / 1'000'000);
  EXPECT_EQ(seal_nanos(make_seal(7)), seal_nanos(make_seal(7)));
}

TEST(SealLine, OneThatWasChangedStandsBesideTheFirst) {
  auto changed = make_seal(7);
  changed.hash[1] = 8;
  EXPECT_NE(seal_nanos(changed), seal_nanos(make_seal(7)));
}

TEST(SealLine, TheDayStaysThatOfTheSeal) {
  constexpr std::int64_t kDay = 86'400'000'000'000;
  auto seal = make_seal(999, kNoon / kDay * kDay + kDay - 1);
  seal.hash.fill(0xff);
  EXPECT_EQ(seal_nanos(seal) / kDay, kNoon / kDay);
}

}  // namespace
}  // namespace kcloud::influxdb
