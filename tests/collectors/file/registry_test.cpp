#include "collectors/file/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <stdexcept>

#include "tests/support/environment.h"

namespace kcloud::file {
namespace {

using testing::HasSubstr;

Checkpoint checkpoint(int number) {
  Checkpoint file;
  file.id = "00000000000000" + std::to_string(10 + number);
  file.base = "/var/log/a \"%\xFF\n한" + std::to_string(number);
  file.path = file.base + ".1";
  file.name = "name";
  file.key = {18446744073709551615ull, 42};
  file.head = head_of("beginning");
  file.place = place_at(123456789012ull, "what stands before", number % 2 == 1);
  file.size = 5;
  file.modified = 1736937000123456789;
  file.format = Format::kCri;
  file.finished = number % 2 == 0;
  file.gone = number;
  file.attention = 2 * number;
  return file;
}

TEST(Registry, RoundTrip) {
  const std::vector<Checkpoint> files{checkpoint(1), checkpoint(2), checkpoint(3)};
  const Registry read = decode(encode(files));
  EXPECT_TRUE(read.found);
  EXPECT_EQ(read.problem, "");
  EXPECT_EQ(read.files, files);
  EXPECT_TRUE(decode(encode(std::vector<Checkpoint>{})).files.empty());
}

TEST(Registry, EveryCutIsNoticedAndTheWholeEntriesStay) {
  const std::vector<Checkpoint> files{checkpoint(1), checkpoint(2)};
  const std::string text = encode(files);
  for (std::size_t size = 0; size + 2 < text.size(); ++size) {
    const Registry read = decode(text.substr(0, size));
    if (size > 0) {
      EXPECT_NE(read.problem, "") << size;
    }
    ASSERT_LE(read.files.size(), 2u);
    for (std::size_t i = 0; i < read.files.size(); ++i) EXPECT_EQ(read.files[i], files[i]);
  }
}

TEST(Registry, DamageNeverCrashes) {
  const std::string text = encode(std::vector<Checkpoint>{checkpoint(1), checkpoint(2)});
  std::minstd_rand random(7);
  for (int i = 0; i < 3000; ++i) {
    std::string damaged = text;
    damaged[random() % damaged.size()] = static_cast<char>(random());
    EXPECT_LE(decode(damaged).files.size(), 4u);
  }
}

TEST(Registry, AnotherVersionIsReported) {
  EXPECT_THAT(decode("{\"version\":2,\"files\":[\n]}\n").problem, HasSubstr("version 1"));
}

TEST(Registry, OnDisk) {
  const test_support::TemporaryDirectory directory;
  const std::string folder = directory.path() + "/collectors/files";
  EXPECT_FALSE(load_registry(folder).found);
  save_registry(folder, {checkpoint(1)});
  save_registry(folder, {checkpoint(2), checkpoint(3)});
  EXPECT_EQ(load_registry(folder).files.size(), 2u);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
  std::ofstream(folder + "/registry.json") << "rubbish";
  const Registry damaged = load_registry(folder);
  EXPECT_TRUE(damaged.found);
  EXPECT_THAT(damaged.problem, HasSubstr(folder + "/registry.json: line 1"));
  EXPECT_TRUE(std::filesystem::exists(folder + "/registry.json.damaged"));
  std::ofstream(directory.path() + "/file") << "x";
  EXPECT_THROW(save_registry(directory.path() + "/file/below", {}), std::runtime_error);
}

}  // namespace
}  // namespace kcloud::file
