#include "agent/api/event_query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/config.h"

namespace kcloud::api {

using ::testing::HasSubstr;

namespace {

const core::Time kNow = core::from_nanos(1'736'937'000'000'000'000);  // 2025-01-15T10:30:00Z

EventQuery parse(std::string_view query, QueryKind kind = QueryKind::kList) {
  static const auto catalogue = config::default_config({}).catalogue;
  return parse_event_query(*http::parse_query(query), kind, kNow, core::Zone("Asia/Seoul"),
                           *catalogue);
}

}  // namespace

TEST(EventQuery, ReadsTimes) {
  struct Case {
    const char* text;
    const char* want;  // empty: refused
  };
  const Case cases[] = {
      {"now", "2025-01-15T10:30:00Z"},
      {"-24h", "2025-01-14T10:30:00Z"},
      {"now-1h", "2025-01-15T09:30:00Z"},
      {"now+5m", "2025-01-15T10:35:00Z"},
      {"+5m", "2025-01-15T10:35:00Z"},
      {" 5m", "2025-01-15T10:35:00Z"},
      {"-1h30m", "2025-01-15T09:00:00Z"},
      {"2025-01-01T00:00:00Z", "2025-01-01T00:00:00Z"},
      {"2025-01-01T09:00:00+09:00", "2025-01-01T00:00:00Z"},
      {"2025-01-01T09:00:00 09:00", "2025-01-01T00:00:00Z"},
      {"2025-01-01T09:00:00", "2025-01-01T00:00:00Z"},
      {"1735689600", "2025-01-01T00:00:00Z"},
      {"1735689600000", "2025-01-01T00:00:00Z"},
      {"-100000d", "1970-01-01T00:00:00Z"},
      {"", ""},
      {"yesterday", ""},
      {"-", ""},
      {"now-", ""},
      {"-24x", ""},
      {"2025-13-01T00:00:00Z", ""},
      {"+106751d", ""},
  };
  for (const Case& test : cases) {
    const auto time = parse_query_time(test.text, kNow, core::Zone("Asia/Seoul"));
    EXPECT_EQ(time ? core::format_time(*time) : "", test.want) << test.text;
  }
}

TEST(EventQuery, ReadsEveryParameter) {
  const EventQuery parsed = parse(
      "type=scheduling&workload=a%2Fb&cluster=c&source=s&severity=HIGH&q=x+y&since=-24h&until=now"
      "&received_since=-1h&received_until=now&limit=7&order=asc&format=csv");
  ASSERT_EQ(parsed.error, "");
  const journal::Query& query = parsed.query;
  EXPECT_EQ(query.type, "scheduling_decision");
  EXPECT_EQ(query.workload, "a/b");
  EXPECT_EQ(query.cluster, "c");
  EXPECT_EQ(query.source, "s");
  EXPECT_EQ(query.severity, "high");
  EXPECT_EQ(query.text, "x y");
  EXPECT_EQ(*query.since, kNow - std::chrono::hours(24));
  EXPECT_EQ(*query.until, kNow);
  EXPECT_EQ(*query.received_since, kNow - std::chrono::hours(1));
  EXPECT_EQ(*query.received_until, kNow);
  EXPECT_EQ(query.limit, 7u);
  EXPECT_EQ(query.order, journal::Order::kOldestFirst);
  EXPECT_EQ(parsed.format, Format::kCsv);
}

TEST(EventQuery, DefaultsAreTheNewestHundredAsJson) {
  const EventQuery parsed = parse("");
  EXPECT_EQ(parsed.query.limit, 100u);
  EXPECT_EQ(parsed.query.order, journal::Order::kNewestFirst);
  EXPECT_EQ(parsed.format, Format::kJson);
  EXPECT_EQ(parse("type=my_own_type").query.type, "my_own_type");
}

TEST(EventQuery, SaysWhatIsWrong) {
  const std::string cursor = encode_cursor({kNow, core::EventId{}}, journal::Order::kOldestFirst);
  struct Case {
    std::string query;
    QueryKind kind;
    const char* want;
  };
  const Case cases[] = {
      {"typ=x", QueryKind::kList, "unknown parameter `typ`; there are type, workload"},
      {"typ=x", QueryKind::kList, "cursor and format"},
      {"type=x", QueryKind::kListOfType, "unknown parameter `type`"},
      {"workload=x", QueryKind::kListOfWorkload, "unknown parameter `workload`"},
      {"limit=5", QueryKind::kStream, "unknown parameter `limit`"},
      {"last_event_id=5", QueryKind::kList, "unknown parameter `last_event_id`"},
      {"limit=0", QueryKind::kList, "expected 1 to 1000"},
      {"limit=1001", QueryKind::kList, "expected 1 to 1000"},
      {"limit=-1", QueryKind::kList, "expected 1 to 1000"},
      {"limit=10x", QueryKind::kList, "expected 1 to 1000"},
      {"limit=99999999999999999999", QueryKind::kList, "expected 1 to 1000"},
      {"order=up", QueryKind::kList, "expected asc or desc"},
      {"format=xml", QueryKind::kList, "expected json, ndjson or csv"},
      {"since=soon", QueryKind::kList, "`since` is `soon`"},
      {"since=now&until=-1h", QueryKind::kList, "ends before it begins"},
      {"received_since=now&received_until=-1h", QueryKind::kList, "ends before it begins"},
      {"type=a&type=b", QueryKind::kList, "given twice"},
      {"type=", QueryKind::kList, "`type` is empty"},
      {"q=" + std::string(2000, 'x'), QueryKind::kList, "too long"},
      {"cursor=abc", QueryKind::kList, "`cursor` is none"},
      {"cursor=" + cursor + "&order=desc", QueryKind::kList, "differs from the cursor"},
  };
  for (const Case& test : cases) {
    EXPECT_THAT(parse(test.query, test.kind).error, HasSubstr(test.want)) << test.query;
  }
}

TEST(EventQuery, CursorsReadBackWithTheirOrder) {
  core::EventId id;
  id.bytes.fill(0xAB);
  for (const auto order : {journal::Order::kNewestFirst, journal::Order::kOldestFirst}) {
    const auto cursor = decode_cursor(encode_cursor({kNow, id}, order));
    ASSERT_TRUE(cursor);
    EXPECT_EQ(cursor->key.time, kNow);
    EXPECT_EQ(cursor->key.id, id);
    EXPECT_EQ(cursor->order, order);
  }
  const EventQuery parsed =
      parse("cursor=" + encode_cursor({kNow, id}, journal::Order::kOldestFirst));
  EXPECT_EQ(parsed.query.order, journal::Order::kOldestFirst);
  ASSERT_TRUE(parsed.query.after);
  EXPECT_EQ(parsed.query.after->id, id);
}

TEST(EventQuery, PositionsReadBack) {
  const auto position = parse_position(format_position("0a1b2c3d", 42));
  ASSERT_TRUE(position);
  EXPECT_EQ(position->epoch, "0a1b2c3d");
  EXPECT_EQ(position->seq, 42u);
  for (const char* bad : {"", "42", "-42", "a-", "a-x", "a--1", "a-1x"}) {
    EXPECT_FALSE(parse_position(bad)) << bad;
  }
}

}  // namespace kcloud::api
