#include <gtest/gtest.h>

#include "collectors/webhook/content.h"

namespace kcloud::webhook {

TEST(WebhookContent, KnowsTheTypesItTakes) {
  struct Case {
    const char* type;
    const char* encoding;
    int status;  // 0: taken
    bool lines;
    Coding coding;
    Mode mode;
  };
  const Case cases[] = {
      {"", "", 0, false, Coding::kIdentity, Mode::kPlain},
      {"application/json", "", 0, false, Coding::kIdentity, Mode::kPlain},
      {"application/json; charset=utf-8", "identity", 0, false, Coding::kIdentity, Mode::kPlain},
      {"Application/JSON", "GZIP", 0, false, Coding::kGzip, Mode::kPlain},
      {"application/json", " Zstd ", 0, false, Coding::kZstd, Mode::kPlain},
      {"application/json", "deflate", 0, false, Coding::kDeflate, Mode::kPlain},
      {"application/vnd.kcloud.event+json", "x-gzip", 0, false, Coding::kGzip, Mode::kPlain},
      {"application/x-ndjson", "", 0, true, Coding::kIdentity, Mode::kPlain},
      {"application/ndjson", "", 0, true, Coding::kIdentity, Mode::kPlain},
      {"application/jsonl", "", 0, true, Coding::kIdentity, Mode::kPlain},
      {"application/json-lines;x=y", "gzip", 0, true, Coding::kGzip, Mode::kPlain},
      {"text/plain", "", 0, false, Coding::kIdentity, Mode::kPlain},
      {"application/octet-stream", "", 0, false, Coding::kIdentity, Mode::kPlain},
      {"application/x-www-form-urlencoded", "", 0, false, Coding::kIdentity, Mode::kPlain},
      {"application/cloudevents+json", "", 0, false, Coding::kIdentity, Mode::kStructured},
      {"application/CloudEvents+JSON; charset=UTF-8", "zstd", 0, false, Coding::kZstd,
       Mode::kStructured},
      {"application/cloudevents-batch+json", "", 0, false, Coding::kIdentity, Mode::kBatched},
      {"text/html", "", 415},
      {"multipart/form-data; boundary=x", "", 415},
      {"application/xml", "", 415},
      {"application/cloudevents", "", 415},
      {"application/cloudevents+xml", "", 415},
      {"application/cloudevents+avro", "", 415},
      {"application/cloudevents+protobuf", "", 415},
      {"application/cloudevents-batch+xml", "", 415},
      {"application/cloudevents-stream+json", "", 415},
      {"application/json", "br", 415},
      {"application/json", "compress", 415},
      {"application/json", "gzip, gzip", 415},
      {"application/json", "gzip,identity", 415},
  };
  for (const Case& test : cases) {
    const ContentCheck check = check_content(test.type, test.encoding);
    EXPECT_EQ(check.problem ? check.problem->status : 0, test.status)
        << test.type << " " << test.encoding;
    if (check.problem) continue;
    EXPECT_EQ(check.content.lines, test.lines) << test.type;
    EXPECT_EQ(check.content.coding, test.coding) << test.encoding;
    EXPECT_EQ(check.content.mode, test.mode) << test.type;
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

}  // namespace kcloud::webhook
