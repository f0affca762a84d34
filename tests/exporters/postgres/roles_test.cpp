// What the roles may do, by a real server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exporters/postgres/exporter.h"
#include "tests/exporters/postgres/fixtures.h"

namespace kcloud::postgres {
namespace {

using core::Delivery;
using ::testing::HasSubstr;

std::string refusal(test_support::PostgresServer& server, const std::string& sql) {
  try {
    server.query("SET search_path = kcloud_audit; " + sql, "kl_writer");
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "allowed";
}

TEST(PostgresRoles, AWriterStoresAndChangesNothing) {
  auto& server = testing::empty_server();
  server.query("CREATE ROLE kl_writer LOGIN");
  server.query("CREATE ROLE kl_reader LOGIN");
  const auto catalogue = testing::make_catalogue();
  auto config = testing::config_of(server);
  config.writer_role = "kl_writer";
  config.reader_role = "kl_reader";
  for (int i = 0; i < 2; ++i) Exporter(config, catalogue, "owner").sealed_head({});
  testing::Chain chain(1, catalogue);
  chain.add("x", 24 * 60 * 400);
  chain.seal();
  Exporter writer(testing::config_of(server, 0, "kl_writer"), catalogue, "a");
  const auto delivery = writer.deliver_sealed(chain.sealed());
  ASSERT_EQ(delivery.kind, Delivery::Kind::kDelivered) << delivery.reason;
  for (const std::string table : {"audit_event", "audit_seen", "audit_batch"}) {
    EXPECT_THAT(refusal(server, "DELETE FROM " + table), HasSubstr("42501")) << table;
    EXPECT_THAT(refusal(server, "TRUNCATE " + table), HasSubstr("42501")) << table;
  }
  EXPECT_THAT(refusal(server, "UPDATE audit_event SET body = ''"), HasSubstr("42501"));
  EXPECT_THAT(refusal(server, "UPDATE audit_batch SET hash = ''"), HasSubstr("42501"));
  EXPECT_THAT(refusal(server, "SELECT audit_retain(0, '')"), HasSubstr("below 30"));
  EXPECT_THAT(refusal(server, "CREATE TABLE x (y int)"), HasSubstr("42501"));
  EXPECT_EQ(server.query("SELECT count(*) FROM kcloud_audit.events_decision", "kl_reader"), "1");
}

TEST(PostgresRoles, WithoutASchemaAndTheRightToMakeItItHolds) {
  auto& server = testing::empty_server();
  server.query("DROP ROLE IF EXISTS kl_nobody; CREATE ROLE kl_nobody LOGIN");
  const auto catalogue = testing::make_catalogue();
  testing::Chain chain(1, catalogue);
  chain.seal();
  Exporter exporter(testing::config_of(server, 0, "kl_nobody"), catalogue, "a");
  EXPECT_EQ(exporter.deliver_sealed(chain.sealed()).kind, Delivery::Kind::kHold);
  auto config = testing::config_of(server);
  config.migrate = false;
  EXPECT_THAT(Exporter(config, catalogue, "a").deliver_sealed(chain.sealed()).reason,
              HasSubstr("version 0, expected 2"));
}

}  // namespace
}  // namespace kcloud::postgres
