#include "collectors/file/line_format.h"

#include <gtest/gtest.h>

namespace kcloud::file {
namespace {

TEST(Cri, ReadsTimeStreamAndTag) {
  const auto record = parse_cri("2016-10-06T00:17:09.669794202Z stdout F {\"a\": 1}");
  ASSERT_TRUE(record);
  EXPECT_EQ(core::format_time(record->time), "2016-10-06T00:17:09.669794202Z");
  EXPECT_FALSE(record->from_stderr);
  EXPECT_FALSE(record->partial);
  EXPECT_EQ(record->text, "{\"a\": 1}");
}

TEST(Cri, Table) {
  struct Case {
    const char* line;
    bool good, from_stderr, partial;
    const char* text;
  };
  const Case cases[] = {
      {"2016-10-06T00:17:09Z stderr P part ", true, true, true, "part "},
      {"2016-10-06T09:17:09.1+09:00 stdout F", true, false, false, ""},
      {"2016-10-06T00:17:09Z stdout F ", true, false, false, ""},
      {"2016-10-06T00:17:09Z stdout P:tag:more x", true, false, true, "x"},
      {"2016-10-06T00:17:09Z stdout F  two blanks", true, false, false, " two blanks"},
      {"2016-10-06T00:17:09Z stdin F x", false, false, false, ""},
      {"2016-10-06T00:17:09Z stdout X x", false, false, false, ""},
      {"2016-10-06T00:17:09Z stdout", false, false, false, ""},
      {"2016-10-06 00:17:09Z stdout F x", false, false, false, ""},
      {"20161006000000000000000 stdout F x", false, false, false, ""},
      {"{\"event_type\": \"alert\"}", false, false, false, ""},
      {"", false, false, false, ""},
      {"   ", false, false, false, ""}};
  for (const auto& one : cases) {
    const auto record = parse_cri(one.line);
    ASSERT_EQ(record.has_value(), one.good) << one.line;
    if (!record) continue;
    EXPECT_EQ(record->from_stderr, one.from_stderr) << one.line;
    EXPECT_EQ(record->partial, one.partial) << one.line;
    EXPECT_EQ(record->text, one.text) << one.line;
  }
}

TEST(Docker, Table) {
  struct Case {
    const char* line;
    bool good, partial;
    const char* text;
  };
  const std::string end = R"(,"stream":"stdout","time":"2019-01-01T11:00:00.5Z"})";
  const Case cases[] = {
      {R"({"log":"plain\n")", true, false, "plain"},
      {R"({"log":"part")", true, true, "part"},
      {R"({"log":"{\"a\":\"\\u00e9\\n\"}\n")", true, false, R"({"a":"\u00e9\n"})"},
      {R"({"log":"\u003ctag\u003e \ud55c\uae00 \ud83d\ude00\t\/\n")", true, false,
       "<tag> 한글 😀\t/"},
      {R"({"log":"\ud83d half\n")", true, false, "\xEF\xBF\xBD half"},
      {R"({"log":"\n")", true, false, ""},
      {R"({"log":"")", true, true, ""},
      {R"({"log":"bad \q\n")", false, false, ""},
      {R"({"log":"bad \u12\n")", false, false, ""},
      {R"({"log":7)", false, false, ""},
      {R"({"attrs":{"a":["}"],"b":"{"},"log":"x\n","n":12)", true, false, "x"},
      {R"({"log":"x\n" "y":1)", false, false, ""}};
  for (const auto& one : cases) {
    std::string memory;
    const std::string line = one.line + end;
    const auto record = parse_docker(line, memory);
    ASSERT_EQ(record.has_value(), one.good) << one.line;
    if (!record) continue;
    EXPECT_EQ(record->partial, one.partial) << one.line;
    EXPECT_EQ(record->text, one.text) << one.line;
    EXPECT_EQ(core::format_time(record->time), "2019-01-01T11:00:00.500Z");
  }
}

TEST(Docker, EveryCutIsRefusedOrWhole) {
  const std::string line =
      R"({"log":"a\u003c\n","stream":"stderr","attrs":{"k":[1,"]"]},"time":"2019-01-01T11:00:00Z"})";
  std::string memory;
  for (std::size_t size = 0; size < line.size(); ++size)
    EXPECT_FALSE(parse_docker(line.substr(0, size), memory)) << size;
  const auto record = parse_docker(line, memory);
  ASSERT_TRUE(record);
  EXPECT_TRUE(record->from_stderr);
  EXPECT_FALSE(parse_docker(line + "x", memory));
  EXPECT_TRUE(parse_docker(line + " ", memory).has_value());
}

TEST(Detect, ByTheFirstLine) {
  std::string memory;
  EXPECT_EQ(detect("2016-10-06T00:17:09Z stdout F x", memory), Format::kCri);
  EXPECT_EQ(detect(R"({"log":"x\n","stream":"stdout","time":"2016-10-06T00:17:09Z"})", memory),
            Format::kDocker);
  EXPECT_EQ(detect(R"({"log":"{}","date":"2016-10-06T00:17:09Z"})", memory), Format::kJson);
  EXPECT_EQ(detect(R"({"event_type":"alert"})", memory), Format::kJson);
  EXPECT_EQ(detect("starting", memory), Format::kJson);
}

TEST(LooksLikeObject, Table) {
  EXPECT_TRUE(looks_like_object(R"({"a":1})"));
  EXPECT_TRUE(looks_like_object("  { \"a\" broken"));
  EXPECT_TRUE(looks_like_object("{}"));
  for (const char* line : {"", "{", "{foo} started", "[1]", "text {\"a\":1}", "\"{\\\"a\\\"}\""})
    EXPECT_FALSE(looks_like_object(line)) << line;
}

TEST(FormatNames, RoundTrip) {
  for (const Format format : {Format::kJson, Format::kCri, Format::kDocker})
    EXPECT_EQ(parse_format(to_string(format)), format);
  EXPECT_EQ(parse_format("auto"), Format::kUnknown);
}

}  // namespace
}  // namespace kcloud::file
