#include "agent/api/report_query.h"

#include <gmock/gmock.h>

#include "config/config.h"
#include "tests/report/fixture.h"

namespace kcloud::api {
namespace {

using report::at;
using report::Format;
using report::Language;
using testing::HasSubstr;

const core::Time kNow = at("2025-01-31T12:00:00Z");

ReportQuery parse(const std::string& query, std::string_view accept = "",
                  std::string_view language = "") {
  return parse_report_query(*http::parse_query(query), accept, language, kNow, "Asia/Seoul",
                            *config::default_config({}).catalogue);
}

TEST(ReportQuery, IsOfTheLastThirtyDaysByDefault) {
  const auto parsed = parse("");
  EXPECT_EQ(parsed.error, "");
  EXPECT_EQ(parsed.request.since, at("2025-01-01T12:00:00Z"));
  EXPECT_EQ(parsed.request.until, kNow);
  EXPECT_EQ(parsed.request.zone.name(), "Asia/Seoul");
  EXPECT_EQ(parsed.request.format, Format::kJson);
  EXPECT_EQ(parsed.request.language, Language::kEnglish);
}

TEST(ReportQuery, ReadsAllOfThem) {
  const auto parsed = parse(
      "until=2025-01-20T00:00:00&since=2025-01-10T00:00:00&zone=America/New_York&type=policy&"
      "cluster=c&workload=w&actor=%EA%B9%80&format=csv&lang=ko");
  ASSERT_EQ(parsed.error, "");
  EXPECT_EQ(parsed.request.since, at("2025-01-10T05:00:00Z"));
  EXPECT_EQ(parsed.request.until, at("2025-01-20T05:00:00Z"));
  EXPECT_EQ(parsed.request.type, "policy_change");
  EXPECT_EQ(parsed.request.cluster, "c");
  EXPECT_EQ(parsed.request.workload, "w");
  EXPECT_EQ(parsed.request.actor, "김");
  EXPECT_EQ(parsed.request.format, Format::kCsv);
  EXPECT_EQ(parsed.request.language, Language::kKorean);
  EXPECT_EQ(parse("time_range=24h").request.since, kNow - std::chrono::hours(24));
}

TEST(ReportQuery, AsksForTheFormatByHeaderToo) {
  struct Case {
    const char* accept;
    Format want;
  };
  for (const auto& [accept, want] : {Case{"text/html", Format::kHtml},
                                     {"text/csv;q=0.5, application/x-ndjson", Format::kJsonLines},
                                     {"application/jsonl", Format::kJsonLines},
                                     {"text/csv, text/html", Format::kCsv},
                                     {"text/*", Format::kCsv},
                                     {"*/*", Format::kJson},
                                     {"image/png, */*;q=0.1", Format::kJson},
                                     {"text/html,application/xhtml+xml,*/*;q=0.8", Format::kHtml}})
    EXPECT_EQ(parse("", accept).request.format, want) << accept;
  EXPECT_EQ(parse("format=csv", "text/html").request.format, Format::kCsv);
  const auto parsed = parse("", "image/png");
  EXPECT_EQ(parsed.status, 406);
  EXPECT_THAT(parsed.error, HasSubstr("text/csv and text/html"));
  EXPECT_EQ(parse("", "text/csv;q=0").status, 406);
  EXPECT_EQ(parse("", "", "ko-KR,ko;q=0.9").request.language, Language::kKorean);
  EXPECT_EQ(parse("lang=en", "", "ko-KR").request.language, Language::kEnglish);
}

TEST(ReportQuery, SaysWhatIsAllowed) {
  struct Case {
    const char* query;
    const char* told;
  };
  for (const auto& [query, told] :
       {Case{"limit=5", "unknown parameter `limit`; there are time_range, since, until, zone"},
        {"since=noon", "`since` is `noon`; expected RFC 3339"},
        {"until=", "`until` is ``; expected RFC 3339"},
        {"since=2025-01-02T00:00:00Z&until=2025-01-01T00:00:00Z", "is not before `until`"},
        {"since=1971-01-01T00:00:00Z", "longer than 3660d"},
        {"since=now", "is not before `until`"},
        {"time_range=0s", "a time from 1m to 3660d"},
        {"time_range=4000d", "a time from 1m to 3660d"},
        {"time_range=1d&since=-1h", "goes without `since` and `until`"},
        {"zone=", "an IANA time zone such as Asia/Seoul"},
        {"zone=Seoul", "an IANA time zone such as Asia/Seoul"},
        {"format=pdf", "json, jsonl, csv or html"},
        {"lang=de", "ko or en"},
        {"actor=", "1 to 1024 bytes"},
        {"type=a&type=b", "`type` is given twice"}}) {
    const auto parsed = parse(query);
    EXPECT_THAT(parsed.error, HasSubstr(told)) << query;
    EXPECT_EQ(parsed.status, 400);
  }
}

}  // namespace
}  // namespace kcloud::api
