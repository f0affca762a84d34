#include "agent/cli/tail.h"

#include <gtest/gtest.h>

namespace kcloud::cli {
namespace {

TEST(Tail, AsksForNothingWithoutFilters) { EXPECT_EQ(query_string({}), ""); }

TEST(Tail, EncodesFilters) {
  TailOptions options;
  options.workload = "team/a job";
  options.q = "전력";
  EXPECT_EQ(query_string(options, {{"limit", "5"}, {"cursor", ""}}),
            "?workload=team%2Fa%20job&q=%EC%A0%84%EB%A0%A5&limit=5");
}

TEST(Tail, TakesTheEventsOutOfAPageAsTheyWereSent) {
  EXPECT_EQ(events_of_page(R"({"events":[{"cost":15.60,"t":"],\"next\":"}],"next":null})"),
            R"([{"cost":15.60,"t":"],\"next\":"}])");
  EXPECT_EQ(events_of_page(R"({"events":[],"next":null})"), "[]");
  EXPECT_EQ(events_of_page("no page"), "");
}

}  // namespace
}  // namespace kcloud::cli
