#include <gmock/gmock.h>

#include <algorithm>

#include "core/json.h"
#include "tests/report/fixture.h"

namespace kcloud::report {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr Format kAll[] = {Format::kJson, Format::kJsonLines, Format::kCsv, Format::kHtml};

constexpr std::string_view kRow =
    R"json("time":"2025-01-15T10:30:00.500Z","type":"policy_change","action":"updated",)json"
    R"json("target":"power-saving","actor":"sre@example.org","cluster":"전주-클러스터",)json"
    R"json("workload":null,"source":"policy-api","reason":"최적 전력 효율성","outcome":null,)json"
    R"json("before":{"cap":900},"after":{"cap":"750W, 야간"},)json"
    R"json("id":"00000000-0000-0000-0000-000000000000","agent":"agent-1"})json";

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = text.find('\n', begin);
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

TEST(Writers, TheLastLineAloneHasTheHashOfAllBeforeIt) {
  for (const auto format : kAll) {
    for (const auto& rows : {std::vector<Row>{}, std::vector<Row>{policy_row(), policy_row()}}) {
      const auto made = write(head_of(format), rows);
      EXPECT_TRUE(made.body.ends_with('\n'));
      EXPECT_EQ(std::ranges::count(made.last, '\n'), 1);
      EXPECT_TRUE(made.last.ends_with('\n'));
      EXPECT_THAT(made.last, HasSubstr(core::to_hex(core::sha256(made.body))));
    }
  }
}

TEST(Writers, JsonLinesGolden) {
  const auto lines = lines_of(write(head_of(Format::kJsonLines), {policy_row()}).all());
  ASSERT_EQ(lines.size(), 5U);
  EXPECT_EQ(
      lines[0],
      R"json({"record":"head","report":"audit","made":"2025-01-16T00:00:00Z","by":"auditor",)json"
      R"json("agent":"agent-1","version":"0.1.0","event":"01946a2e-89c0-8000-8000-000000000001",)json"
      R"json("position":"0a1b2c3d-42","period":{"since":"2025-01-14T15:00:00Z",)json"
      R"json("until":"2025-01-15T15:00:00Z","zone":"Asia/Seoul"},"filter":{}})json");
  EXPECT_EQ(lines[1], R"json({"record":"event",)json" + std::string(kRow));
  EXPECT_EQ(lines[2],
            R"json({"record":"summary","rows":1,"types":{"policy_change":1},"actors":{},)json"
            R"json("outcomes":{},"agents":{},"gaps":{"count":0,"seconds":0,"list":[]},)json"
            R"json("dead_letters":{},"duplicates":0,"conflicts":0,"retention":{)json"
            R"json("max_age_seconds":0,"oldest_received":null,"removed_by_age":0,)json"
            R"json("removed_by_size":0}})json");
  EXPECT_EQ(
      lines[3],
      R"json({"record":"integrity","verdict":"none","chains":[],"checkpoints":{"count":0,)json"
      R"json("verified":0,"forged":0,"key_id":null},"verify":null})json");
  EXPECT_THAT(lines[4], StartsWith(R"json({"record":"sha256","sha256":")json"));
}

TEST(Writers, JsonIsOneDocumentWithARowALine) {
  const auto made = write(head_of(Format::kJson), {policy_row(), policy_row()});
  const auto lines = lines_of(made.all());
  ASSERT_EQ(lines.size(), 5U);
  EXPECT_EQ(lines[1], "{" + std::string(kRow));
  EXPECT_EQ(lines[2], ",{" + std::string(kRow));
  std::string names;
  for (const auto& [name, value] : core::json_members(made.all())) names += name + " ";
  EXPECT_EQ(names, "head rows summary integrity sha256 ");
  EXPECT_EQ(core::json_items(core::json_text_at(made.all(), "rows")).size(), 2U);
}

TEST(Writers, CsvGolden) {
  const auto lines = lines_of(write(head_of(Format::kCsv), {policy_row()}).all());
  EXPECT_EQ(lines[0],
            "record,time,type,action,target,actor,cluster,workload,source,reason,outcome,before,"
            "after,id,agent,name,value\r");
  EXPECT_EQ(lines[1], "head,,,,,,,,,,,,,,,report,audit\r");
  EXPECT_THAT(lines[8], StartsWith("head,,,,,,,,,,,,,,,period,\"{\"\"since\"\":"));
  EXPECT_EQ(
      lines[10],
      "event,2025-01-15T10:30:00.500Z,policy_change,updated,power-saving,sre@example.org,"
      "전주-클러스터,,policy-api,최적 전력 효율성,,\"{\"\"cap\"\":900}\",\"{\"\"cap\"\":\"\"750W, "
      "야간\"\"}\",00000000-0000-0000-0000-000000000000,agent-1,,\r");
  EXPECT_THAT(lines.back(), StartsWith("end,,,,,,,,,,,,,,,sha256,"));
}

TEST(Writers, CsvNeutralisesFormulas) {
  for (const std::string_view text : {"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"}) {
    auto row = policy_row();
    row.actor = row.reason = text;
    row.after = {text, false};
    const auto made = write(head_of(Format::kCsv), {row});
    EXPECT_THAT(made.body, HasSubstr(",\"'" + std::string(text) + "\","));
    EXPECT_THAT(made.body, Not(HasSubstr("," + std::string(text))));
  }
  auto head = head_of(Format::kCsv);
  head.by = "=cmd|' /C calc'!A0";
  EXPECT_THAT(write(head, {}).body, HasSubstr(",by,\"'=cmd|' /C calc'!A0\"\r\n"));
}

TEST(Writers, HtmlEscapesWhatEventsSay) {
  const std::string hostile = "</td></table><script>alert(1)</script>\"' onload=x &amp; \x01";
  Row row;
  row.time = at("2025-01-15T10:30:00Z");
  row.type = row.action = row.target = row.actor = row.cluster = row.workload = row.source =
      row.reason = row.outcome = row.agent = hostile;
  row.before = row.after = {hostile, false};
  auto head = head_of(Format::kHtml);
  head.by = head.agent = head.version = hostile;
  head.request.type = head.request.actor = hostile;
  Integrity integrity;
  integrity.command = integrity.key_id = hostile;
  integrity.chains.emplace_back().findings.push_back({7, hostile});
  const auto page = write(head, {row}, integrity).all();
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(HasSubstr("\x01")));
  EXPECT_THAT(page, Not(HasSubstr("onload=x &amp; ")));
  EXPECT_THAT(page,
              HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39; onload=x &amp;amp;"));
}

TEST(Writers, HtmlKeepsKoreanByteForByte) {
  const auto page = write(head_of(Format::kHtml, Language::kKorean), {policy_row()}).all();
  for (const char* text :
       {"<html lang=\"ko\">", "감사 보고서", "최적 전력 효율성", "전주-클러스터", "정책 변경",
        "2025-01-15 00:00:00 – 2025-01-16 00:00:00 (시간대 Asia/Seoul)", "2025-01-15 19:30:00.500",
        "750W, 야간", "변경 전 → 변경 후"})
    EXPECT_THAT(page, HasSubstr(text));
}

TEST(Writers, HtmlListsSoManyRowsAndSaysSo) {
  auto long_row = policy_row();
  const std::string text(2000, 'x');
  long_row.reason = text;
  const auto page = write(head_of(Format::kHtml), std::vector<Row>(10'001, long_row)).all();
  EXPECT_THAT(page, HasSubstr("the first 10,000 of 10,001 events"));
  EXPECT_THAT(page, HasSubstr("shortened"));
  EXPECT_LT(page.size(), 15U << 20);
}

TEST(Writers, TheVerdictIsInAllOfThem) {
  Integrity integrity;
  auto& chain = integrity.chains.emplace_back();
  chain.chain.emplace();
  chain.first = chain.last.emplace();
  EXPECT_EQ(integrity.verdict(), "ok");
  EXPECT_THAT(write(head_of(Format::kHtml), {}, integrity).body, HasSubstr("Intact"));
  chain.findings.push_back({17, "its events are not those that were sealed"});
  for (const auto format : kAll)
    EXPECT_THAT(write(head_of(format), {}, integrity).body,
                HasSubstr("its events are not those that were sealed"));
  EXPECT_THAT(write(head_of(Format::kHtml), {}, integrity).body, HasSubstr("DAMAGED"));
  chain.findings.clear();
  integrity.forged = 1;
  EXPECT_EQ(integrity.verdict(), "damaged");
}

// Of the database of all agents: two days dropped, the first kept later than the period begins.
Kept fleet_kept() {
  Kept kept;
  kept.oldest = at("2025-01-15T00:00:00Z");
  auto& dropped = kept.dropped.emplace();
  dropped.days = 1;
  dropped.rows = 1234;
  dropped.list.push_back(
      {at("2025-01-14T00:00:00Z"), at("2025-01-15T01:00:00Z"), 1234, "node-<2>"});
  return kept;
}

TEST(Writers, WhatIsNotKnownOfTheFleetIsNull) {
  auto head = head_of(Format::kJsonLines);
  head.backend = Backend::kPostgres;
  Integrity integrity;
  integrity.undelivered = 3;
  const auto lines = lines_of(write(head, {}, integrity, fleet_kept()).all());
  EXPECT_THAT(lines[0], HasSubstr(R"json("position":null,"backend":"postgres","period")json"));
  EXPECT_THAT(
      lines[1],
      HasSubstr(R"json("dead_letters":null,"duplicates":null,"conflicts":null,"retention":{)json"
                R"json("max_age_seconds":null,"oldest_received":"2025-01-15T00:00:00Z",)json"
                R"json("removed_by_age":null,"removed_by_size":null,"dropped":{"days":1,)json"
                R"json("rows":1234,"list":[{"day":"2025-01-14","rows":1234,)json"
                R"json("at":"2025-01-15T01:00:00Z","agent":"node-<2>"}]}}})json"));
  EXPECT_THAT(lines[2], HasSubstr(R"json("undelivered":3,)json"));
}

TEST(Writers, WhatIsNotKnownOfTheFleetIsSaid) {
  for (const auto& [format, language, text] :
       {std::tuple(Format::kCsv, Language::kEnglish, "dead_letters,Not known here: kept by each"),
        {Format::kHtml, Language::kEnglish, "Not known here: kept by each agent; ask it."},
        {Format::kHtml, Language::kEnglish, "The oldest day kept is 2025-01-15."},
        {Format::kHtml, Language::kEnglish, "dropped: 1, with 1,234 events"},
        {Format::kHtml, Language::kEnglish, "by node-&lt;2&gt;"},
        {Format::kHtml, Language::kKorean, "여기서는 알 수 없습니다."},
        {Format::kHtml, Language::kKorean, "모든 에이전트의 데이터베이스"}}) {
    auto head = head_of(format, language);
    head.backend = Backend::kPostgres;
    const auto page = write(head, {}, {}, fleet_kept()).all();
    EXPECT_THAT(page, HasSubstr(text));
    EXPECT_THAT(page, Not(HasSubstr(head.epoch + "-")));
  }
}

}  // namespace
}  // namespace kcloud::report
