#include "exporters/http_client/gzip.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <random>

namespace kcloud::http_client {
namespace {

std::string gunzip(const std::string& compressed) {
  z_stream stream{};
  inflateInit2(&stream, 15 + 16);
  std::string out;
  char buffer[65536];
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
  stream.avail_in = static_cast<uInt>(compressed.size());
  int code = Z_OK;
  while (code == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer);
    stream.avail_out = sizeof buffer;
    code = inflate(&stream, Z_NO_FLUSH);
    out.append(buffer, sizeof buffer - stream.avail_out);
  }
  inflateEnd(&stream);
  EXPECT_EQ(code, Z_STREAM_END);
  return out;
}

TEST(Gzip, WhatGoesInComesOutAgainAndAgain) {
  std::mt19937 random(1);
  std::string noise(100'000, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  Gzip gzip;
  std::string compressed;
  for (const auto& text : {std::string(), std::string("a"), std::string(1 << 20, 'x'), noise}) {
    gzip.compress(text, compressed);
    EXPECT_EQ(gunzip(compressed), text);
  }
}

TEST(Gzip, LinesShrink) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "decision,cluster=gpu-01 power_watts=" + std::to_string(i);
  std::string compressed;
  Gzip().compress(text, compressed);
  EXPECT_LT(compressed.size() * 5, text.size());
}

}  // namespace
}  // namespace kcloud::http_client
