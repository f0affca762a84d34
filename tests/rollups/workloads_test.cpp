#include "rollups/workloads.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "core/hash.h"

namespace kcloud::rollups {
namespace {

std::uint64_t hash(int number) { return core::hash_of("workload-" + std::to_string(number)); }

TEST(Workloads, CountExactlyAndKeepTheNewest) {
  Workloads workloads;
  workloads.add(hash(1), {10, 1, 5.0, true});
  workloads.add(hash(1), {30, 1, 7.0, true});
  workloads.add(hash(1), {20, 1, 9.0, true});
  workloads.add(hash(1), {40, 1, 0, false});  // was there, but saved nothing
  workloads.add(hash(2), {10, 1, 1.0, true});
  workloads.add(hash(2), {10, 2, 2.0, true});  // at the same time: the greater id
  EXPECT_TRUE(workloads.exact());
  EXPECT_EQ(workloads.count(), 2);
  EXPECT_EQ(workloads.sum(), 9.0);
}

TEST(Workloads, AreTheSameInAnyOrderAndInParts) {
  std::vector<int> numbers(60'000);
  for (int i = 0; i < 60'000; ++i) numbers[static_cast<std::size_t>(i)] = i;
  const auto add = [](Workloads& to, int i) { to.add(hash(i), {i % 977, 1, i * 0.5, true}); };
  Workloads whole;
  for (const int i : numbers) add(whole, i);
  std::ranges::shuffle(numbers, std::mt19937(3));
  Workloads parts[3];
  for (std::size_t i = 0; i < numbers.size(); ++i) add(parts[i % 3], numbers[i]);
  Workloads sum;
  for (auto& part : parts)
    for (const auto& chunk : part.encode())
      if (sum.add(chunk) == Workloads::Added::kLast) break;
  EXPECT_EQ(sum.encode(), whole.encode());
  EXPECT_FALSE(whole.exact());
  EXPECT_NEAR(whole.count(), 60'000, 60'000 * 0.03);
  EXPECT_NEAR(whole.sum(), 0.5 * 60'000.0 * 59'999 / 2, 0.5 * 60'000.0 * 59'999 / 2 * 0.03);
}

TEST(Workloads, DamagedBytesAreNone) {
  Workloads workloads;
  for (int i = 0; i < 20; ++i) workloads.add(hash(i), {i, 1, 1.0, i % 2 == 0});
  const std::string bytes = workloads.encode().front();
  EXPECT_EQ(Workloads().add(bytes), Workloads::Added::kLast);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_EQ(Workloads().add(std::string_view(bytes).substr(0, size)), Workloads::Added::kDamaged)
        << size;
}

}  // namespace
}  // namespace kcloud::rollups
