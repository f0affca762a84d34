#include "agent/cli/report_check.h"

#include "agent/cli/report.h"
#include "tests/report/fixture.h"

namespace kcloud::cli {
namespace {

using report::Format;

const std::pair<Format, const char*> kRows[] = {{Format::kJson, "{\"time\":"},
                                                {Format::kJsonLines, "{\"record\":\"event\""},
                                                {Format::kCsv, "event,"},
                                                {Format::kHtml, "<tr><td class=\"t\">"}};

TEST(ReportCheck, KnowsAWholeReportInAnyPieces) {
  for (const auto& [format, row] : kRows) {
    const auto made = report::write(report::head_of(format), {2, report::policy_row()});
    const auto want = core::to_hex(core::sha256(made.body));
    for (const std::size_t size : {1UL, 7UL, 1000UL, 1UL << 20}) {
      ReportCheck check(row);
      const auto all = made.all();
      for (std::size_t i = 0; i < all.size(); i += size)
        check.feed(std::string_view(all).substr(i, size));
      EXPECT_EQ(check.rows(), 2U);
      EXPECT_EQ(check.finish(), want);
    }
  }
}

TEST(ReportCheck, KnowsOneThatBrokeOffOrWasChanged) {
  const auto made = report::write(report::head_of(Format::kCsv), {report::policy_row()});
  auto changed = made.all();
  changed[changed.find("sre@")] = 'S';
  for (const auto& text :
       {std::string(), made.body, made.all().substr(0, made.all().size() - 1), changed}) {
    ReportCheck check("event,");
    check.feed(text);
    EXPECT_EQ(check.finish(), "");
  }
}

TEST(Report, FormatByTheFilesName) {
  for (const auto& [file, want] : {std::pair("-", "json"),
                                   {"a.json", "json"},
                                   {"a.jsonl", "jsonl"},
                                   {"a.ndjson.gz", "jsonl"},
                                   {"a.csv.zst", "csv"},
                                   {"a.html", "html"},
                                   {"csv", "json"}})
    EXPECT_EQ(report_format(file), want) << file;
}

}  // namespace
}  // namespace kcloud::cli
