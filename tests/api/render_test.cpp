#include "agent/api/render.h"
#include "core/csv.h"

#include <gtest/gtest.h>

namespace kcloud::api {

TEST(Render, CsvCellsAreQuotedAndNoFormulas) {
  struct Case {
    const char* text;
    const char* want;
  };
  const Case cases[] = {
      {"plain", "plain"},
      {"", ""},
      {"최적 전력", "최적 전력"},
      {"a,b", "\"a,b\""},
      {"say \"hi\"", "\"say \"\"hi\"\"\""},
      {"two\nlines", "\"two\nlines\""},
      {"=1+1", "\"'=1+1\""},
      {"+cmd", "\"'+cmd\""},
      {"-2", "\"'-2\""},
      {"@SUM(A1)", "\"'@SUM(A1)\""},
      {"\tx", "\"'\tx\""},
      {"a=b", "a=b"},
  };
  for (const Case& test : cases) {
    std::string out;
    core::append_csv_cell(out, test.text);
    EXPECT_EQ(out, test.want);
  }
}

}  // namespace kcloud::api
