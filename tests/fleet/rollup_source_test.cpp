// When numbers would not be whole, there are none.
#include "agent/fleet/rollup_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exporters/postgres/exporter.h"
#include "tests/exporters/postgres/fixtures.h"

namespace kcloud::fleet {
namespace {

using ::testing::HasSubstr;
namespace pg = postgres::testing;

struct RollupSourceTest : ::testing::Test {
  RollupSourceTest() {
    pg::Chain chain(1, catalogue);
    for (int i = 0; i < 10; ++i) chain.add(std::to_string(i), i);
    chain.seal();
    postgres::Exporter exporter(pg::config_of(server), catalogue, "a");
    EXPECT_EQ(exporter.deliver_sealed(chain.sealed()).kind, core::Delivery::Kind::kDelivered);
  }

  // Events of the type in all hours, or what is said instead.
  std::string answer() {
    postgres::Connection connection(pg::config_of(server), -1);
    connection.script("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    rollups::Dictionary dictionary;
    try {
      RollupSource source(connection, dictionary);
      std::uint64_t events = 0;
      const auto part = rollups::part_of(source.name("decision"), rollups::Kind::kTotal);
      source.scan({rollups::Grain::kHour, part, 0, std::numeric_limits<std::int64_t>::max()},
                  [&](const rollups::CellKey&, std::string_view value) {
                    events += rollups::decode(value)->events;
                  });
      return std::to_string(events);
    } catch (const std::runtime_error& error) {
      return error.what();
    }
  }
  void run(const std::string& sql) { server.query("SET search_path = kcloud_audit; " + sql); }

  test_support::PostgresServer& server = pg::empty_server();
  std::shared_ptr<const core::Catalogue> catalogue = pg::make_catalogue();
};

TEST_F(RollupSourceTest, WhatIsPendingIsCounted) { EXPECT_EQ(answer(), "10"); }

TEST_F(RollupSourceTest, ADamagedDeltaIsSaid) {
  run("INSERT INTO rollup_pending (delta) VALUES ('\\x07')");
  EXPECT_THAT(answer(), HasSubstr("damaged"));
}

TEST_F(RollupSourceTest, TooMuchThatIsPendingIsSaid) {
  run("INSERT INTO rollup_pending (delta) SELECT convert_to(repeat('x', 1 << 20), 'UTF8') FROM "
      "generate_series(1, 33)");
  EXPECT_THAT(answer(), HasSubstr("33 MiB of sums wait"));
}

}  // namespace
}  // namespace kcloud::fleet
