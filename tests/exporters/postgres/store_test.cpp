// What is stored, by a real server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <thread>

#include "exporters/postgres/exporter.h"
#include "tests/exporters/postgres/fixtures.h"

namespace kcloud::postgres {
namespace {

using core::Delivery;
using testing::Chain;
using ::testing::HasSubstr;

struct PostgresStore : ::testing::Test {
  test_support::PostgresServer& server = testing::empty_server();
  std::shared_ptr<const core::Catalogue> catalogue = testing::make_catalogue();
  std::string ask(const std::string& sql) {
    return server.query("SET search_path = kcloud_audit; " + sql);
  }
  std::string rows() { return ask("SELECT count(*), count(DISTINCT event_id) FROM audit_event"); }
};

TEST_F(PostgresStore, EachBatchIsStoredOnceHoweverOftenItIsDelivered) {
  Chain chain(1, catalogue);
  for (int batch = 0; batch < 5; ++batch) {
    for (int i = 0; i < 100; ++i) chain.add(std::to_string(batch * 100 + i), i);
    chain.seal();
  }
  chain.seal();  // a heartbeat
  Exporter exporter(testing::config_of(server), catalogue, "a");
  EXPECT_EQ(exporter.sealed_head(chain.seals[0].chain).seq, 0u);
  for (int i = 0; i < 2; ++i) {
    const auto delivery = exporter.deliver_sealed(chain.sealed());
    ASSERT_EQ(delivery.kind, Delivery::Kind::kDelivered) << delivery.reason;
  }
  EXPECT_EQ(rows(), "500|500");
  const auto head = exporter.sealed_head(chain.seals[0].chain);
  EXPECT_EQ(head.seq, 6u);
  EXPECT_EQ(head.hash, chain.seals.back().hash);
  EXPECT_EQ(ask("SELECT sum(count) FROM event_rollup WHERE field = ''"), "500");
  EXPECT_EQ(ask("SELECT sum(sum) FROM event_rollup WHERE field = 'cost'"), "750");
  EXPECT_EQ(ask("SELECT count(*) FROM events_decision WHERE decision__cost = 1.5 AND attempts = 2 "
                "AND scheduler = 'gpu' AND body LIKE '{\"key\":%' AND column_errors IS NULL"),
            "500");
  EXPECT_EQ(ask("SELECT sum(length(event_ids)), sum(length(leaves)), sum(length(event_days)) FROM "
                "audit_batch"),
            "8000|16000|1000");
}

TEST_F(PostgresStore, AnotherChainsDayIsNoted) {
  Chain first(1, catalogue), second(2, catalogue);
  first.add("x");
  first.seal(testing::today() - 1);
  second.add("x");
  second.seal();
  Exporter exporter(testing::config_of(server), catalogue, "a");
  ASSERT_EQ(exporter.deliver_sealed(first.sealed()).kind, Delivery::Kind::kDelivered);
  ASSERT_EQ(exporter.deliver_sealed(second.sealed()).kind, Delivery::Kind::kDelivered);
  EXPECT_EQ(rows(), "1|1");
  EXPECT_EQ(ask("SELECT event_days FROM audit_batch ORDER BY chain_id"), "\\x0000\n\\xffff");
}

TEST_F(PostgresStore, AgentsThatStoreTheSameEventsAtOnceNeitherDoubleNorDeadlock) {
  std::vector<std::string> keys;
  keys.reserve(5000);
  for (int i = 0; i < 5000; ++i) keys.push_back(std::to_string(i));
  std::vector<std::jthread> agents;
  std::atomic<int> refused{0};
  for (std::uint8_t agent = 1; agent <= 2; ++agent)
    agents.emplace_back([&, agent, keys]() mutable {
      std::ranges::shuffle(keys, std::mt19937(agent));
      Chain chain(agent, catalogue);
      Exporter exporter(testing::config_of(server), catalogue, "a");
      for (std::size_t i = 0; i < keys.size(); ++i) {
        chain.add(keys[i]);
        if (i % 500 != 499) continue;
        chain.seal();
        if (exporter.deliver_sealed(chain.sealed(chain.seals.size() - 1)).kind !=
            Delivery::Kind::kDelivered)
          ++refused;
      }
    });
  agents.clear();
  EXPECT_EQ(refused, 0);
  EXPECT_EQ(rows(), "5000|5000");
  EXPECT_EQ(ask("SELECT sum(count) FROM event_rollup WHERE field = ''"), "5000");
  EXPECT_EQ(server.query("SELECT deadlocks FROM pg_stat_database WHERE datname = 'postgres'"), "0");
}

TEST_F(PostgresStore, ARowThatCannotBeStoredAsItIsKeepsItsBodyAndTheOthers) {
  Chain chain(1, catalogue);
  for (int i = 0; i < 999; ++i) chain.add(std::to_string(i));
  const std::string_view nul("a\0b", 3);
  const std::string longest(5000, 'w');
  auto& poison = chain.add("poison");
  poison.source = nul;
  poison.reason = "\xED\xA0\x80";  // a lone surrogate
  poison.workload = longest;
  poison.body = R"({"note":"\u0000 \ud800","cost":1e400,"time":"+300000-01-01T00:00:00Z"})";
  auto fields = chain.batch.allocate_fields(poison.fields.size());
  fields[4] = {.kind = core::FieldValue::Kind::kText, .text = nul};
  poison.fields = fields;
  chain.seal();
  Exporter exporter(testing::config_of(server), catalogue, "a");
  const auto delivery = exporter.deliver_sealed(chain.sealed());
  ASSERT_EQ(delivery.kind, Delivery::Kind::kDelivered) << delivery.reason;
  EXPECT_EQ(rows(), "1000|1000");
  EXPECT_EQ(ask("SELECT body, source IS NULL, note IS NULL FROM audit_event WHERE column_errors IS "
                "NOT NULL"),
            std::string(poison.body) + "|t|t");
  EXPECT_THAT(ask("SELECT column_errors FROM audit_event WHERE column_errors IS NOT NULL"),
              HasSubstr("source: not storable as text, bytes 610062"));
}

TEST_F(PostgresStore, AValueTheServerAloneRefusesCostsItsRowTheTypedColumns) {
  Exporter(testing::config_of(server), catalogue, "a").sealed_head({});
  ask("ALTER TABLE audit_event ADD CHECK (1 / (length(scheduler) - 1) < 1000)");
  Chain chain(1, catalogue);
  for (int i = 0; i < 10; ++i) chain.add(std::to_string(i));
  auto fields = chain.batch.allocate_fields(5);
  fields[0] = {.kind = core::FieldValue::Kind::kText, .text = "x"};
  chain.batch.events[4].fields = fields;
  chain.seal();
  Exporter exporter(testing::config_of(server), catalogue, "a");
  const auto delivery = exporter.deliver_sealed(chain.sealed());
  ASSERT_EQ(delivery.kind, Delivery::Kind::kDelivered) << delivery.reason;
  EXPECT_EQ(rows(), "10|10");
  EXPECT_EQ(
      ask("SELECT body FROM audit_event WHERE column_errors IS NOT NULL AND scheduler IS NULL"),
      "{\"key\":\"4\"}");
}

TEST_F(PostgresStore, AClonedDataDirectoryIsNamed) {
  Chain one(1, catalogue), other(1, catalogue);
  one.add("x");
  one.seal();
  other.add("y");
  other.seal();
  Exporter exporter(testing::config_of(server), catalogue, "a");
  ASSERT_EQ(exporter.deliver_sealed(one.sealed()).kind, Delivery::Kind::kDelivered);
  const auto delivery = exporter.deliver_sealed(other.sealed());
  EXPECT_EQ(delivery.kind, Delivery::Kind::kHold);
  EXPECT_THAT(delivery.reason, HasSubstr("cloned"));
  EXPECT_EQ(rows(), "1|1");
}

TEST_F(PostgresStore, AFieldNewInTheCatalogueGetsAColumn) {
  Exporter(testing::config_of(server), catalogue, "a").sealed_head({});
  const auto larger = testing::make_catalogue("gpus");
  Exporter exporter(testing::config_of(server), larger, "a");
  Chain chain(1, larger);
  auto& event = chain.add("x");
  auto fields = chain.batch.allocate_fields(6);
  fields[5] = {.kind = core::FieldValue::Kind::kInteger, .integer = 8};
  event.fields = fields;
  chain.seal();
  ASSERT_EQ(exporter.deliver_sealed(chain.sealed()).kind, Delivery::Kind::kDelivered);
  EXPECT_EQ(ask("SELECT gpus FROM events_decision"), "8");
}

TEST_F(PostgresStore, AMissingPartitionIsMadeOnTheNextTry) {
  Exporter exporter(testing::config_of(server), catalogue, "a");
  Chain chain(1, catalogue);
  chain.add("x");
  chain.seal();
  ASSERT_EQ(exporter.deliver_sealed(chain.sealed()).kind, Delivery::Kind::kDelivered);
  ask("DO $$ DECLARE n text; BEGIN FOR n IN SELECT inhrelid::regclass FROM pg_inherits WHERE "
      "inhparent = 'audit_event'::regclass LOOP EXECUTE 'DROP TABLE ' || n; END LOOP; END $$");
  chain.add("y");
  chain.seal();
  EXPECT_EQ(exporter.deliver_sealed(chain.sealed(1)).kind, Delivery::Kind::kRetry);
  EXPECT_EQ(exporter.deliver_sealed(chain.sealed(1)).kind, Delivery::Kind::kDelivered);
  EXPECT_EQ(rows(), "1|1");
}

TEST_F(PostgresStore, RetentionDropsWholeDaysAndNotesThem) {
  Chain chain(1, catalogue);
  chain.add("old", 24 * 60 * 100);
  chain.add("late", 24 * 60 * 100 + 1);
  chain.batch.events.pop_back();
  chain.seal(testing::today() - 100);
  chain.add("new");
  chain.seal();
  auto config = testing::config_of(server);
  config.retention_days = 90;
  Exporter exporter(config, catalogue, "keeper");
  ASSERT_EQ(exporter.deliver_sealed(chain.sealed()).kind, Delivery::Kind::kDelivered);
  EXPECT_EQ(rows(), "1|1");
  EXPECT_EQ(ask("SELECT rows, agent FROM audit_retention"), "1|keeper");
  EXPECT_EQ(ask("SELECT count(*) FROM audit_seen"), "1");
  EXPECT_EQ(ask("SELECT count(*) FROM audit_batch"), "2");
}

TEST_F(PostgresStore, ARestartOfTheServerLosesNothing) {
  Exporter exporter(testing::config_of(server), catalogue, "a");
  Chain chain(1, catalogue);
  chain.add("x");
  chain.seal();
  ASSERT_EQ(exporter.deliver_sealed(chain.sealed()).kind, Delivery::Kind::kDelivered);
  server.kill();
  chain.add("y");
  chain.seal();
  EXPECT_EQ(exporter.deliver_sealed(chain.sealed()).kind, Delivery::Kind::kRetry);
  server.start();
  EXPECT_EQ(exporter.deliver_sealed(chain.sealed()).kind, Delivery::Kind::kDelivered);
  EXPECT_EQ(rows(), "2|2");
}

TEST_F(PostgresStore, AStopEndsAnAttemptThatWaits) {
  Exporter exporter(testing::config_of(server), catalogue, "a");
  Chain chain(1, catalogue);
  chain.add("x");
  chain.seal();
  exporter.sealed_head(chain.seals[0].chain);
  server.query("ALTER TABLE kcloud_audit.audit_batch ADD CHECK (pg_sleep(20) IS NOT NULL)");
  std::jthread stopper([&] {
    test_support::eventually([&] {
      return server.query("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") !=
             "0";
    });
    exporter.interrupt();
  });
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(exporter.deliver_sealed(chain.sealed()).kind, Delivery::Kind::kRetry);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST_F(PostgresStore, AProbeWritesAndLeavesNothing) {
  Exporter exporter(testing::config_of(server), catalogue, "a");
  EXPECT_EQ(exporter.probe()[2].outcome, core::ProbeStep::Outcome::kSkipped);
  exporter.sealed_head({});
  for (const auto& step : exporter.probe())
    EXPECT_EQ(step.outcome, core::ProbeStep::Outcome::kPassed) << step.what << ": " << step.detail;
  EXPECT_EQ(ask("SELECT (SELECT count(*) FROM audit_event) + (SELECT count(*) FROM audit_batch)"),
            "0");
}

// As of a data directory that was copied behind its second batch: the same events up to there.
TEST_F(PostgresStore, AChainThatFollowsAnotherSharesItsRows) {
  Chain old(1, catalogue);
  Chain made(2, catalogue);
  for (int batch = 0; batch < 3; ++batch) {
    old.add("old" + std::to_string(batch));
    old.seal();
  }
  Exporter exporter(testing::config_of(server), catalogue, "a");
  ASSERT_EQ(exporter.deliver_sealed(old.sealed()).kind, Delivery::Kind::kDelivered);
  EXPECT_EQ(exporter.sealed_hash(old.seals[0].chain, 2), old.seals[1].hash);
  EXPECT_EQ(exporter.sealed_hash(old.seals[0].chain, 4), std::nullopt);
  made.add("old2");  // behind the last common batch, in the database through the other one
  made.add("made");
  made.seal();
  core::Sha256Hasher hasher;
  made.seals[0].prev = old.seals[1].hash;
  made.seals[0].hash = core::seal_hash(hasher, made.seals[0]);
  ASSERT_EQ(exporter.deliver_sealed(made.sealed()).kind, Delivery::Kind::kDelivered);
  EXPECT_EQ(exporter.sealed_head(made.seals[0].chain).seq, 1u);
  EXPECT_EQ(rows(), "4|4");
  EXPECT_EQ(ask("SELECT b.seq FROM audit_batch a JOIN audit_batch b ON a.prev_hash = b.hash AND "
                "a.chain_id <> b.chain_id"),
            "2");
}

}  // namespace
}  // namespace kcloud::postgres
