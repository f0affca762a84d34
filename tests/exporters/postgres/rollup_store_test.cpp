// What agents add up together, by a real server.
#include "exporters/postgres/rollup_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "exporters/postgres/exporter.h"
#include "exporters/postgres/migrations.h"
#include "rollups/cell.h"
#include "tests/exporters/postgres/fixtures.h"

namespace kcloud::postgres {
namespace {

using core::Delivery;
using rollups::Grain;
using rollups::Kind;
using testing::Chain;
using ::testing::HasSubstr;

struct PostgresRollups : ::testing::Test {
  test_support::PostgresServer& server = testing::empty_server();
  std::shared_ptr<const core::Catalogue> catalogue = testing::make_catalogue();
  std::shared_ptr<const rollups::Plan> plan =
      std::make_shared<const rollups::Plan>(catalogue, std::vector<rollups::Judged>(), true);
  RollupStore store{plan, "Asia/Seoul"};

  std::string ask(const std::string& sql) {
    return server.query("SET search_path = kcloud_audit; " + sql);
  }
  std::unique_ptr<Connection> connect() {
    return std::make_unique<Connection>(testing::config_of(server), -1);
  }
  void deliver(const Chain& chain) {
    Exporter exporter(testing::config_of(server), catalogue, "a");
    const auto delivery = exporter.deliver_sealed(chain.sealed());
    ASSERT_EQ(delivery.kind, Delivery::Kind::kDelivered) << delivery.reason;
  }
  void fold() {
    const auto connection = connect();
    while (store.fold(*connection)) continue;
    store.forget();
  }
  // Events in the cells of a grain and kind.
  std::uint64_t events(Grain grain, Kind kind) {
    const auto connection = connect();
    rollups::Dictionary dictionary;
    load_names(*connection, dictionary);
    std::uint64_t sum = 0;
    scan_cells(*connection, grain, rollups::part_of(dictionary.find_name("decision"), kind), 0,
               std::numeric_limits<std::int64_t>::max(),
               [&](const rollups::CellKey&, std::string_view value) {
                 sum += rollups::decode(value)->events;
               });
    return sum;
  }
};

TEST_F(PostgresRollups, WhatSeveralAgentsDeliverAtOnceCountsOnce) {
  constexpr int kAgents = 4;
  std::vector<std::unique_ptr<Chain>> chains;
  for (std::uint8_t agent = 0; agent < kAgents; ++agent) {
    auto chain = std::make_unique<Chain>(agent + 1, catalogue);
    // A third of them others have too.
    for (int i = 0; i < 300; ++i) {
      chain->add(i % 3 == 0 ? std::to_string(i) : std::to_string(agent) + "/" + std::to_string(i),
                 i / 10);
      if (i % 50 == 49) chain->seal();
    }
    chains.push_back(std::move(chain));
  }
  {
    std::vector<std::jthread> agents;
    for (const auto& chain : chains)
      agents.emplace_back([&] {
        Exporter exporter(testing::config_of(server), catalogue, "a");
        for (std::size_t seal = 0; seal < chain->seals.size(); ++seal)
          EXPECT_EQ(exporter.deliver_sealed(chain->sealed(seal)).kind, Delivery::Kind::kDelivered);
      });
  }
  fold();
  EXPECT_EQ(ask("SELECT count(*) FROM audit_event"), "900");
  EXPECT_EQ(events(Grain::kHour, Kind::kTotal), 900U);
  EXPECT_EQ(events(Grain::kHour, Kind::kTags), 900U);
  EXPECT_EQ(events(Grain::kMinute, Kind::kTags), 900U);
  EXPECT_EQ(ask("SELECT count(*) FROM rollup_pending"), "0");
  EXPECT_EQ(ask("SELECT value FROM rollup_state WHERE name = 'zone'"), "UTC");
}

TEST_F(PostgresRollups, ADamagedDeltaIsLeftOutAndSaid) {
  Chain chain(1, catalogue);
  chain.add("x");
  chain.seal();
  deliver(chain);
  ask("INSERT INTO rollup_pending (delta) VALUES ('\\x0102'), ('')");
  fold();
  EXPECT_EQ(events(Grain::kHour, Kind::kTotal), 1U);
  EXPECT_EQ(ask("SELECT count(*) FROM rollup_pending"), "0");
  EXPECT_THAT(ask("SELECT value FROM rollup_state WHERE name = 'incomplete'"),
              HasSubstr("damaged"));
}

TEST_F(PostgresRollups, WhatARebuildSeesPendingIsAddedAndNothingIsSaid) {
  Chain chain(1, catalogue);
  chain.add("x");
  chain.seal();
  deliver(chain);
  const auto connection = connect();
  RollupStore::lock(*connection);  // no exporter adds anything up meanwhile
  chain.add("y");
  chain.seal();
  deliver(chain);
  EXPECT_EQ(ask("SELECT count(*) FROM rollup_pending"), "1");
  connection->script("BEGIN ISOLATION LEVEL REPEATABLE READ");
  store.fold_seen(*connection);
  connection->script("COMMIT");
  RollupStore::unlock(*connection);
  EXPECT_EQ(events(Grain::kHour, Kind::kTotal), 2U);
  EXPECT_EQ(ask("SELECT count(*) FROM rollup_pending"), "0");
  EXPECT_EQ(ask("SELECT count(*) FROM rollup_state WHERE name = 'incomplete'"), "0");
}

TEST_F(PostgresRollups, ADamagedCellIsLeftOutAndSaid) {
  Chain chain(1, catalogue);
  for (int i = 0; i < 3; ++i) chain.add(std::to_string(i));
  chain.seal();
  deliver(chain);
  fold();
  ask("UPDATE rollup_cell SET value = '\\xff' WHERE grain = 1");
  chain.add("late");
  chain.seal();
  deliver(chain);
  fold();
  EXPECT_EQ(events(Grain::kHour, Kind::kTotal), 1U);
  EXPECT_THAT(ask("SELECT value FROM rollup_state WHERE name = 'incomplete'"),
              HasSubstr("damaged"));
}

TEST_F(PostgresRollups, DaysAreMadeOnceTheyAreOverAndAnewWhenAnEventComesLate) {
  Chain chain(1, catalogue);
  for (int i = 0; i < 100; ++i) chain.add(std::to_string(i), 60 * i);
  chain.seal();
  deliver(chain);
  const auto now = core::SystemClock().now();
  const auto look_after = [&](core::Time at) {
    RollupStore fresh(plan, "UTC");  // one that has not just done it
    const auto connection = connect();
    fresh.upkeep(*connection, at, std::chrono::days(730));
  };
  look_after(now);
  const auto before = events(Grain::kDay, Kind::kTags);
  EXPECT_GE(before, 70U);
  EXPECT_LT(before, 100U + 1);
  look_after(now + std::chrono::hours(48));
  EXPECT_EQ(events(Grain::kDay, Kind::kTags), 100U);
  EXPECT_EQ(events(Grain::kMinute, Kind::kTags), 0U);  // by then too old
  chain.add("late", 60 * 50);
  chain.seal();
  deliver(chain);
  look_after(now + std::chrono::hours(48));
  EXPECT_EQ(events(Grain::kDay, Kind::kTags), 101U);
  {
    RollupStore fresh(plan, "UTC");
    const auto connection = connect();
    fresh.upkeep(*connection, now + std::chrono::days(800), std::chrono::days(730));
  }
  EXPECT_EQ(ask("SELECT count(*) FROM rollup_cell"), "0");
}

TEST_F(PostgresRollups, ADatabaseFromBeforeThereWereRollupsSaysThatTheyAreNotWhole) {
  auto connection = connect();
  connection->script("CREATE SCHEMA kcloud_audit");
  connection->script(
      "CREATE TABLE audit_schema (version integer PRIMARY KEY, applied_at timestamptz NOT NULL "
      "DEFAULT now())");
  for (const auto part : migrations()[0]) connection->script(std::string(part));
  connection->script("INSERT INTO audit_schema (version) VALUES (1)");
  connection->script(
      "SELECT audit_make_partitions(current_date, current_date); INSERT INTO audit_event "
      "(ingest_day, event_id, time, time_ns) VALUES (current_date, gen_random_uuid(), now(), 0)");
  connection.reset();
  Chain chain(1, catalogue);
  chain.add("x");
  chain.seal();
  deliver(chain);
  EXPECT_EQ(ask("SELECT max(version) FROM audit_schema"), "2");
  EXPECT_EQ(ask("SELECT count(*) FROM rollup_state WHERE name = 'incomplete'"), "1");
  EXPECT_THAT(ask("SELECT indexdef FROM pg_indexes WHERE indexname = 'audit_event_time_idx'"),
              HasSubstr("btree"));
}

}  // namespace
}  // namespace kcloud::postgres
