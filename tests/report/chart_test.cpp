#include "agent/report/chart.h"

#include <gmock/gmock.h>

namespace kcloud::report {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Chart, GroupsDigits) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(1234567), "1,234,567");
}

TEST(Chart, DrawsNothingOfNothing) {
  std::string out;
  append_columns(out, {});
  append_bars(out, {});
  EXPECT_EQ(out, "");
}

TEST(Chart, ColumnsHaveAnAxisThatTheHighestFits) {
  std::string out;
  append_columns(out, {{"<a>", "a", 35}, {"b", "b", 0}});
  EXPECT_THAT(out, HasSubstr(">40</text>"));
  EXPECT_THAT(out, HasSubstr(">20</text>"));
  EXPECT_THAT(out, HasSubstr("&lt;a&gt;"));
  EXPECT_THAT(out, HasSubstr("<title>a: 35</title>"));
  EXPECT_THAT(out, Not(HasSubstr("<title>b")));
}

TEST(Chart, BarsEscapeTheirLabels) {
  std::string out;
  append_bars(out, {{"<b>", "</svg><b>", 3}});
  EXPECT_THAT(out, HasSubstr("&lt;b&gt;"));
  EXPECT_THAT(out, HasSubstr("&lt;/svg&gt;&lt;b&gt;: 3"));
}

}  // namespace
}  // namespace kcloud::report
