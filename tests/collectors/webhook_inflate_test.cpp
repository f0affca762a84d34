#include "collectors/webhook/inflate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <vector>

#include "tests/collectors/compress.h"

namespace kcloud::webhook {

using testing::gzip;
using ::testing::HasSubstr;
using testing::raw_deflate;
using testing::zlib;
using testing::zstd;
using testing::zstd_stream;

namespace {

struct Form {
  const char* name;
  Coding coding;
  std::function<std::string(std::string_view)> compress;
};

const std::vector<Form>& forms() {
  static const std::vector<Form> all = {
      {"gzip", Coding::kGzip, gzip},
      {"zlib", Coding::kDeflate, zlib},
      {"raw deflate", Coding::kDeflate, raw_deflate},
      {"zstd", Coding::kZstd, zstd},
      {"zstd stream", Coding::kZstd, [](std::string_view text) { return zstd_stream(text); }},
  };
  return all;
}

std::string words(std::size_t size) {
  std::mt19937 random(7);
  std::string text;
  while (text.size() < size) text += "\"key-" + std::to_string(random() % 5000) + "\":1,";
  text.resize(size);
  return text;
}

struct Outcome {
  int status = 0;  // 0: inflated
  std::string detail;
  std::string text;
};

Outcome undo(Inflater& inflater, Coding coding, std::string_view bytes, std::uint64_t limit) {
  std::string_view text;
  if (const auto problem = inflater.inflate(coding, bytes, limit, text)) {
    return {problem->status, problem->detail, ""};
  }
  return {0, "", std::string(text)};
}

}  // namespace

TEST(WebhookInflate, EveryCodingGivesTheTextBackAlsoFromAUsedInflater) {
  Inflater inflater;
  for (const std::size_t size : {0, 1, 1000, 300'000, 1'500'000}) {
    const std::string text = words(size);
    for (const Form& form : forms()) {
      const std::string bytes = form.compress(text);
      for (int round = 0; round < 3; ++round) {
        const Outcome outcome = undo(inflater, form.coding, bytes, text.size());
        EXPECT_EQ(outcome.status, 0) << form.name << size << outcome.detail;
        EXPECT_EQ(outcome.text == text, true) << form.name << size;
      }
    }
  }
}

TEST(WebhookInflate, MembersAndFramesAreJoined) {
  Inflater inflater;
  EXPECT_EQ(undo(inflater, Coding::kGzip, gzip("one ") + gzip("") + gzip("two"), 7).text,
            "one two");
  const std::string skippable("\x50\x2A\x4D\x18\x03\x00\x00\x00xyz", 11);
  EXPECT_EQ(undo(inflater, Coding::kZstd, zstd("one ") + skippable + zstd_stream("two"), 7).text,
            "one two");
  EXPECT_EQ(undo(inflater, Coding::kGzip, gzip("one ") + gzip("two"), 6).status, 413);
  EXPECT_EQ(undo(inflater, Coding::kZstd, zstd("one ") + zstd("two"), 6).status, 413);
  EXPECT_EQ(undo(inflater, Coding::kDeflate, zlib("one ") + zlib("two"), 100).status, 400);
}

TEST(WebhookInflate, TheBoundIsExact) {
  Inflater inflater;
  for (const std::size_t size : {1, 65'535, 65'536, 65'537, 1'000'000}) {
    const std::string text = words(size);
    for (const Form& form : forms()) {
      const std::string bytes = form.compress(text);
      EXPECT_EQ(undo(inflater, form.coding, bytes, size).status, 0) << form.name << size;
      EXPECT_EQ(undo(inflater, form.coding, bytes, size - 1).status, 413) << form.name << size;
    }
  }
}

TEST(WebhookInflate, BombsAre413AndStayWithinTheBound) {
  constexpr std::uint64_t kLimit = 1 << 20;
  const std::string zeros(32 << 20, '\0');
  std::vector<std::pair<std::string, std::pair<Coding, std::string>>> bombs;
  for (const Form& form : forms()) {
    bombs.push_back({form.name, {form.coding, form.compress(zeros)}});
  }
  std::string members;
  for (int i = 0; i < 2000; ++i) members += gzip(std::string_view(zeros).substr(0, 4096));
  bombs.push_back({"gzip members", {Coding::kGzip, members}});
  bombs.push_back({"zstd, wide window", {Coding::kZstd, zstd_stream(zeros, 23)}});
  for (const auto& [name, bomb] : bombs) {
    ASSERT_LT(bomb.second.size(), 200'000u) << name;
    Inflater inflater;
    const Outcome outcome = undo(inflater, bomb.first, bomb.second, kLimit);
    EXPECT_EQ(outcome.status, 413) << name;
    EXPECT_THAT(outcome.detail, HasSubstr("http.max_body_bytes")) << name;
    EXPECT_LE(inflater.capacity(), kLimit + 1) << name;
    EXPECT_EQ(undo(inflater, Coding::kGzip, gzip("well"), kLimit).text, "well") << name;
  }
}

TEST(WebhookInflate, AWindowBeyond8MiBIsRefusedHoweverSmallTheContent) {
  Inflater inflater;
  std::string bytes = zstd_stream(words(100), 23);
  EXPECT_EQ(undo(inflater, Coding::kZstd, bytes, 1000).status, 0);
  // Window descriptor behind magic and frame header descriptor (RFC 8878, 3.1.1.1.2): 2^exponent
  // KiB.
  for (const int log : {24, 27, 31, 41}) {
    bytes[5] = static_cast<char>((log - 10) << 3);
    const Outcome outcome = undo(inflater, Coding::kZstd, bytes, 1000);
    EXPECT_NE(outcome.status, 0) << log;
    if (log == 24) {
      EXPECT_EQ(outcome.status, 413);
      EXPECT_THAT(outcome.detail, HasSubstr("8 MiB"));
    }
  }
}

TEST(WebhookInflate, ADeclaredSizeIsNotBelieved) {
  Inflater inflater;
  const std::string good = zstd(words(1000));
  // Single segment, size in two bytes from 256 on (RFC 8878, 3.1.1.1.4).
  ASSERT_EQ(static_cast<unsigned char>(good[4]) >> 5, 0b011);
  std::string liar = good;
  liar[5] = '\xFF';
  liar[6] = '\xFF';
  EXPECT_EQ(undo(inflater, Coding::kZstd, liar, 1 << 20).status, 400);
  std::string huge = good.substr(0, 4);
  huge.push_back('\xE0');  // single segment, eight bytes
  huge.append("\x00\x00\x00\x00\x00\x01\x00\x00", 8).append(good.substr(7));
  EXPECT_NE(undo(inflater, Coding::kZstd, huge, 1 << 20).status, 0);
  EXPECT_LE(inflater.capacity(), 1u << 20);
}

TEST(WebhookInflate, TruncatedAnywhereIs400) {
  Inflater inflater;
  const std::string text = words(600);
  for (const Form& form : forms()) {
    const std::string good = form.compress(text);
    for (std::size_t size = 0; size < good.size(); ++size) {
      const Outcome outcome =
          undo(inflater, form.coding, std::string_view(good).substr(0, size), 10'000);
      EXPECT_EQ(outcome.status, 400) << form.name << " cut at " << size;
    }
  }
}

TEST(WebhookInflate, FlippedBitsNeverCrashAndCheckedFormsNoticeThem) {
  Inflater inflater;
  const std::string text = words(600);
  for (const Form& form : forms()) {
    const std::string good = form.compress(text);
    const std::string name = form.name;
    for (std::size_t i = 0; i < good.size() * 8; ++i) {
      std::string bad = good;
      bad[i / 8] = static_cast<char>(bad[i / 8] ^ (1 << i % 8));
      const Outcome outcome = undo(inflater, form.coding, bad, 10'000);
      const bool checked = name != "raw deflate" && name != "zstd";
      if (outcome.status == 0 && checked) {
        EXPECT_EQ(outcome.text, text) << name << " bit " << i;
      }
    }
  }
}

TEST(WebhookInflate, WhatIsNotThatCodingIs400) {
  Inflater inflater;
  for (const Form& form : forms()) {
    EXPECT_EQ(undo(inflater, form.coding, "", 100).status, 400) << form.name;
    EXPECT_EQ(undo(inflater, form.coding, "{\"event_type\":\"custom\"}", 100).status, 400)
        << form.name;
    EXPECT_EQ(undo(inflater, form.coding, form.compress("x") + "trailing", 100).status, 400)
        << form.name;
  }
  EXPECT_EQ(undo(inflater, Coding::kZstd, gzip("x"), 100).status, 400);
  EXPECT_EQ(undo(inflater, Coding::kGzip, zstd("x"), 100).status, 400);
}

TEST(WebhookInflate, MuchMemoryIsGivenBackBeforeTheNextRequest) {
  Inflater inflater;
  const std::string large(6 << 20, ' ');
  EXPECT_EQ(undo(inflater, Coding::kGzip, gzip(large), 8 << 20).status, 0);
  EXPECT_GT(inflater.capacity(), 1u << 20);
  EXPECT_EQ(undo(inflater, Coding::kGzip, gzip("small"), 8 << 20).status, 0);
  EXPECT_LE(inflater.capacity(), 1u << 20);
}

}  // namespace kcloud::webhook
