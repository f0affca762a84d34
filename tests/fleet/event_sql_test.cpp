#include "agent/fleet/event_sql.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kcloud::fleet {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

core::Time at(std::int64_t nanos) { return core::from_nanos(1'736'937'000'000'000'000 + nanos); }

TEST(EventSql, WithoutFiltersThereIsNothingButTheOrder) {
  const auto newest = select_page({});
  EXPECT_THAT(newest.text, HasSubstr("audit_event ORDER BY time DESC, time_ns DESC, event_id DESC "
                                     "LIMIT $1"));
  EXPECT_EQ(newest.parameters.size(), 2u);
  journal::Query query;
  query.order = journal::Order::kOldestFirst;
  EXPECT_THAT(select_page(query).text,
              HasSubstr("audit_event ORDER BY time, time_ns, event_id LIMIT $1"));
}

TEST(EventSql, OnlyBoundsWithinAMicrosecondLookAtNanoseconds) {
  journal::Query query;
  query.since = at(1'000);
  query.until = at(5'000);
  EXPECT_THAT(select_page(query).text, HasSubstr("WHERE time >= $1 AND time < $2 ORDER BY"));
  query.since = at(1'001);
  query.until = at(5'001);
  EXPECT_THAT(select_page(query).text, HasSubstr("WHERE time >= $1 AND time_ns >= $2 AND time <= "
                                                 "$3 AND time_ns < $4 ORDER BY"));
}

TEST(EventSql, APlaceToContinueFromIsOneComparisonThatBeginsWithTheTime) {
  journal::Query query;
  query.after = journal::PageKey{at(1), {}};
  EXPECT_THAT(select_page(query).text, HasSubstr("WHERE (time, time_ns, event_id) < ($1, $2, $3)"));
  query.order = journal::Order::kOldestFirst;
  EXPECT_THAT(select_page(query).text, HasSubstr("WHERE (time, time_ns, event_id) > ($1, $2, $3)"));
}

TEST(EventSql, TextsAreParametersAndThoseThatNoColumnHoldsFindNothing) {
  journal::Query query;
  query.type = "x' OR true --";
  query.text = "GPU 메모리";
  const auto both = select_page(query);
  EXPECT_THAT(both.text, Not(HasSubstr("OR true")));
  EXPECT_EQ(both.parameters[0].value, query.type);
  EXPECT_EQ(both.parameters[1].value, "gpu 메모리");
  query.type = std::string("a\0b", 3);
  EXPECT_THAT(select_page(query).text, HasSubstr("WHERE false AND"));
}

TEST(EventSql, HugeLimitsDoNotOverflow) {
  journal::Query query;
  query.limit = static_cast<std::size_t>(-1);
  query.max_bytes = static_cast<std::size_t>(-1);
  for (const auto& parameter : select_page(query).parameters)
    EXPECT_GT(postgres::read_bigint(parameter.value), 0);
}

}  // namespace
}  // namespace kcloud::fleet
