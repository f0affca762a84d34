// ByteSink and ByteSource against each other, and against damage.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "agent/cli/byte_sink.h"
#include "agent/cli/byte_source.h"

namespace kcloud::cli {
namespace {

class ByteStream : public ::testing::Test {
 protected:
  ByteStream() {
    std::string name = (std::filesystem::temp_directory_path() / "kcloud-bytes-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    std::minstd_rand random(7);
    while (content_.size() < 3'000'000) {
      content_ += "{\"n\":" + std::to_string(random() % 1000) + "}\n";
    }
  }
  ~ByteStream() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  std::string make(const std::string& name) const {
    ByteSink sink(path(name), compression_of(name));
    for (std::size_t at = 0; at < content_.size(); at += 70'001) {
      sink.write(std::string_view(content_).substr(at, 70'001));
    }
    sink.finish();
    return path(name);
  }
  static std::string raw(const std::string& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  static void put(const std::string& file, std::string_view bytes) {
    std::ofstream(file, std::ios::binary) << bytes;
  }
  // What can be read, and the error behind it.
  static std::pair<std::string, std::string> read(const std::string& file, std::uint64_t skip = 0) {
    std::string got;
    try {
      ByteSource source(file);
      if (!source.skip(skip)) return {"", "shorter"};
      std::string block(100'003, '\0');
      while (true) {
        std::size_t size = 0;
        const auto state = source.read(block.data(), block.size(), size);
        got.append(block, 0, size);
        if (state == ByteSource::State::kEnd) return {got, ""};
      }
    } catch (const InputError& error) {
      return {got, error.what()};
    }
  }

  std::string folder_;
  std::string content_;
};

TEST_F(ByteStream, WhatIsWrittenIsRead) {
  for (const char* name : {"a.jsonl", "a.gz", "a.zst"}) {
    const std::string file = make(name);
    EXPECT_EQ(read(file).first, content_) << name;
    EXPECT_EQ(read(file, 1'234'567).first, content_.substr(1'234'567)) << name;
    EXPECT_EQ(read(file, content_.size()), std::pair(std::string(), std::string())) << name;
    EXPECT_EQ(read(file, content_.size() + 1).second, "shorter") << name;
  }
  EXPECT_LT(std::filesystem::file_size(path("a.gz")), content_.size() / 2);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 3);
}

TEST_F(ByteStream, MembersBehindEachOtherAreOneContent) {
  for (const char* name : {"a.gz", "a.zst"}) {
    const std::string one = raw(make(name));
    put(path("two"), one + one);
    EXPECT_EQ(read(path("two")).first, content_ + content_) << name;
  }
}

TEST_F(ByteStream, ACutFileGivesWhatItHasAndSaysWhereItEnds) {
  for (const char* name : {"a.gz", "a.zst"}) {
    const std::string whole = raw(make(name));
    for (const std::size_t size : {whole.size() / 2, whole.size() - 1, std::size_t{5}}) {
      put(path("cut"), whole.substr(0, size));
      const auto [got, error] = read(path("cut"));
      EXPECT_EQ(got, content_.substr(0, got.size()));
      EXPECT_NE(error.find("cut short: the file ends at byte " + std::to_string(size)),
                std::string::npos)
          << name << ": " << error;
      if (size > 5) {
        EXPECT_GT(got.size(), content_.size() / 4);
      }
    }
  }
}

TEST_F(ByteStream, DamageIsToldWithItsPlace) {
  for (const char* name : {"a.gz", "a.zst"}) {
    std::string bytes = raw(make(name));
    for (std::size_t i = 0; i < 64; ++i) bytes[bytes.size() / 2 + i] = '\x5A';
    put(path("bad"), bytes);
    EXPECT_NE(read(path("bad")).second.find("damaged at about byte"), std::string::npos) << name;
  }
}

TEST_F(ByteStream, WhatIsNoFileIsRefused) {
  EXPECT_NE(read(folder_).second.find("is a directory"), std::string::npos);
  EXPECT_NE(read(path("missing")).second.find("No such file"), std::string::npos);
  put(path("empty"), "");
  EXPECT_EQ(read(path("empty")), std::pair(std::string(), std::string()));
}

TEST_F(ByteStream, AFileThatWasNotFinishedIsNotThere) {
  put(path("old"), "old");
  {
    ByteSink sink(path("old"), Compression::kNone);
    sink.write("new");
  }
  EXPECT_EQ(raw(path("old")), "old");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
  EXPECT_THROW(ByteSink(path("no/such/place"), Compression::kNone), OutputError);
}

}  // namespace
}  // namespace kcloud::cli
