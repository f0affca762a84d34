#include <gtest/gtest.h>

#include "collectors/webhook/content.h"
#include "tests/collectors/gzip.h"

namespace kcloud::webhook {

using testing::gzip;

TEST(WebhookContent, KnowsTheTypesItTakes) {
  struct Case {
    const char* type;
    const char* encoding;
    int status;  // 0: taken
    bool lines;
    bool gzip;
  };
  const Case cases[] = {
      {"", "", 0, false, false},
      {"application/json", "", 0, false, false},
      {"application/json; charset=utf-8", "identity", 0, false, false},
      {"Application/JSON", "GZIP", 0, false, true},
      {"application/vnd.kcloud.event+json", "x-gzip", 0, false, true},
      {"application/x-ndjson", "", 0, true, false},
      {"application/ndjson", "", 0, true, false},
      {"application/jsonl", "", 0, true, false},
      {"application/json-lines;x=y", "gzip", 0, true, true},
      {"text/plain", "", 0, false, false},
      {"application/octet-stream", "", 0, false, false},
      {"application/x-www-form-urlencoded", "", 0, false, false},
      {"text/html", "", 415, false, false},
      {"multipart/form-data; boundary=x", "", 415, false, false},
      {"application/xml", "", 415, false, false},
      {"application/json", "br", 415, false, false},
      {"application/json", "zstd", 415, false, false},
      {"application/json", "gzip, gzip", 415, false, false},
      {"application/json", "deflate", 415, false, false},
  };
  for (const Case& test : cases) {
    const ContentCheck check = check_content(test.type, test.encoding);
    EXPECT_EQ(check.problem ? check.problem->status : 0, test.status)
        << test.type << " " << test.encoding;
    if (check.problem) continue;
    EXPECT_EQ(check.content.lines, test.lines) << test.type;
    EXPECT_EQ(check.content.gzip, test.gzip) << test.encoding;
  }
}

TEST(WebhookContent, FindsThePreferenceForStrictHandling) {
  EXPECT_TRUE(prefers_strict("handling=strict"));
  EXPECT_TRUE(prefers_strict("respond-async, Handling=Strict; foo"));
  EXPECT_TRUE(prefers_strict("handling=\"strict\""));
  EXPECT_FALSE(prefers_strict(""));
  EXPECT_FALSE(prefers_strict("handling=lenient"));
  EXPECT_FALSE(prefers_strict("x-handling=strict"));
}

TEST(WebhookContent, InflatesGzip) {
  std::string out;
  const std::string text(100'000, 'a');
  EXPECT_FALSE(gunzip(gzip(text), text.size(), out));
  EXPECT_EQ(out, text);
  EXPECT_FALSE(gunzip(gzip("one ") + gzip("two"), 100, out));
  EXPECT_EQ(out, "one two");
  EXPECT_FALSE(gunzip(gzip(""), 100, out));
  EXPECT_EQ(out, "");
}

TEST(WebhookContent, RefusesBrokenGzip) {
  const std::string good = gzip(std::string(5000, 'a'));
  std::string flipped = good;
  flipped[flipped.size() - 6] = static_cast<char>(flipped[flipped.size() - 6] ^ 1);
  for (const std::string& bad : {std::string(), std::string("{}"), good.substr(0, good.size() - 1),
                                 good.substr(0, 5), flipped, good + "trailing"}) {
    std::string out;
    const auto problem = gunzip(bad, 10'000, out);
    ASSERT_TRUE(problem) << bad.size();
    EXPECT_EQ(problem->status, 400);
  }
}

TEST(WebhookContent, AGzipBombIs413AndStaysSmall) {
  const std::string bomb = gzip(std::string(64 << 20, '\0'));
  ASSERT_LT(bomb.size(), 100'000u);
  std::string out;
  const auto problem = gunzip(bomb, 1 << 20, out);
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->status, 413);
  EXPECT_LE(out.capacity(), 2u << 20);
}

}  // namespace kcloud::webhook
