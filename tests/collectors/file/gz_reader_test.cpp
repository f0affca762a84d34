#include "collectors/file/gz_reader.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>

#include "collectors/file/descriptor.h"
#include "tests/support/environment.h"

namespace kcloud::file {
namespace {

void append_member(const std::string& path, const std::string& text) {
  gzFile file = ::gzopen(path.c_str(), "ab");
  ::gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  ::gzclose(file);
}

std::string numbered(std::size_t lines) {
  std::string text;
  for (std::size_t i = 0; i < lines; ++i) text += "line " + std::to_string(i * 7919 % 10007) + "\n";
  return text;
}

class GzFile : public testing::Test {
 protected:
  Descriptor open() const { return Descriptor(::open(path.c_str(), O_RDONLY)); }

  test_support::TemporaryDirectory directory;
  const std::string path = directory.path() + "/a.gz";
};

TEST_F(GzFile, ReadsFromAnyOffsetInAnyStep) {
  const std::string text = numbered(20'000);
  append_member(path, text.substr(0, 1000));
  append_member(path, text.substr(1000));
  const Descriptor file = open();
  for (const std::size_t step : {1000ul, 4096ul, 300'000ul}) {
    GzReader reader(file.get());
    std::string got;
    bool end = false;
    while (!end) {
      const auto result = reader.read(got.size(), step);
      ASSERT_FALSE(result.broken);
      got += result.text;
      end = result.end;
    }
    EXPECT_EQ(got, text);
  }
  GzReader reader(file.get());
  for (const std::size_t offset : {text.size() - 5, 5ul, text.size() / 2, text.size()})
    EXPECT_EQ(reader.read(offset, 10).text, text.substr(offset, 10));
  EXPECT_TRUE(reader.read(text.size(), 10).end);
  EXPECT_TRUE(reader.read(text.size() + 100, 10).text.empty());
  EXPECT_EQ(gz_size(file.get()), text.size() - 1000);
}

TEST_F(GzFile, ALongWayIsGoneInSeveralCalls) {
  const std::string text(40 << 20, 'x');
  append_member(path, text + "end");
  const Descriptor file = open();
  GzReader reader(file.get());
  int calls = 1;
  auto result = reader.read(text.size(), 100);
  for (; result.behind; ++calls) result = reader.read(text.size(), 100);
  EXPECT_EQ(result.text, "end");
  EXPECT_TRUE(result.end);
  EXPECT_GT(calls, 1);
}

TEST_F(GzFile, DamageGivesWhatCanBeRead) {
  const std::string text = numbered(20'000);
  append_member(path, text);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  const Descriptor file = open();
  GzReader reader(file.get());
  const auto result = reader.read(0, text.size());
  EXPECT_TRUE(result.broken);
  EXPECT_GT(result.text.size(), 1000u);
  EXPECT_EQ(result.text, text.substr(0, result.text.size()));
  std::ofstream(path) << "this is no gzip file at all";
  const Descriptor plain = open();
  const auto rubbish = GzReader(plain.get()).read(0, 100);
  EXPECT_TRUE(rubbish.broken);
}

}  // namespace
}  // namespace kcloud::file
