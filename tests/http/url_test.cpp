#include "agent/http/url.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "agent/http/head.h"

namespace kcloud::http {

TEST(Url, PercentDecodes) {
  EXPECT_EQ(percent_decode("a%2Fb%20c", false), "a/b c");
  EXPECT_EQ(percent_decode("a+b", false), "a+b");
  EXPECT_EQ(percent_decode("a+b", true), "a b");
  EXPECT_EQ(percent_decode("%EC%B5%9C", false), "최");
  for (const char* bad : {"%", "%2", "%zz", "a%4", "%00"}) {
    EXPECT_EQ(percent_decode(bad, false), std::nullopt) << bad;
  }
}

TEST(Url, ParsesQueries) {
  const auto parameters = parse_query("type=a&q=b%26c&flag&&limit=");
  ASSERT_TRUE(parameters);
  const Parameters want = {{"type", "a"}, {"q", "b&c"}, {"flag", ""}, {"limit", ""}};
  EXPECT_EQ(*parameters, want);
  EXPECT_EQ(parse_query("q=%f"), std::nullopt);
}

TEST(Url, Base64UrlReadsBackEveryLength) {
  std::string bytes;
  for (int size = 0; size < 40; ++size) {
    EXPECT_EQ(base64url_decode(base64url_encode(bytes)), bytes);
    bytes.push_back(static_cast<char>(size * 37));
  }
  for (const char* bad : {"a", "ab$=", "AB", "====="}) {
    EXPECT_EQ(base64url_decode(bad), std::nullopt) << bad;
  }
}

TEST(Url, ParsesListenAddresses) {
  EXPECT_EQ(parse_listen("127.0.0.1:8007").port, 8007);
  EXPECT_EQ(parse_listen("[::1]:0").host, "::1");
  EXPECT_EQ(parse_listen(":80").host, "");
  EXPECT_EQ(parse_listen("logger:65535").host, "logger");
  for (const char* bad : {"", "127.0.0.1", "host:", "host:x", "host:65536", "::1:80", "[::1:80",
                          "[]:80", "host:-1"}) {
    EXPECT_THROW(parse_listen(bad), std::invalid_argument) << bad;
  }
}

TEST(Head, WritesImfDates) { EXPECT_EQ(imf_date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT"); }

}  // namespace kcloud::http
