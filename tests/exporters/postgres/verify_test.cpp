// Verification of what a real server holds; the tamper suite is
// tests/system/audit_postgres_test.py.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/sha256.h"
#include "exporters/postgres/exporter.h"
#include "exporters/postgres/verify.h"
#include "tests/exporters/postgres/fixtures.h"

namespace kcloud::postgres {
namespace {

using testing::Chain;
using ::testing::HasSubstr;

struct PostgresVerify : ::testing::Test {
  test_support::PostgresServer& server = testing::empty_server();
  std::shared_ptr<const core::Catalogue> catalogue = testing::make_catalogue();

  std::vector<core::ChainReport> verify(const core::VerifyOptions& options = {}) {
    return verify_database(testing::config_of(server), *catalogue, {}, options);
  }
  void deliver(const Chain& chain) {
    Exporter exporter(testing::config_of(server), catalogue, "a");
    ASSERT_EQ(exporter.deliver_sealed(chain.sealed()).kind, core::Delivery::Kind::kDelivered);
  }
};

TEST_F(PostgresVerify, TextsThatTheServerCannotHoldAreReadFromTheirNotes) {
  Chain chain(1, catalogue);
  const std::string type(2'500, 't');
  for (const auto& [key, source, body] :
       {std::tuple("a", std::string_view("a\0b", 3), std::string_view("{}")),
        std::tuple("b", std::string_view("\xff"), std::string_view("\0\xfe", 2))}) {
    auto& event = chain.add(key);
    event.type = nullptr;
    event.fields = {};
    event.type_name = type;
    event.source = source;
    event.body = body;
    event.body_hash = core::Sha256Hasher().hash(body);
  }
  chain.seal();
  deliver(chain);
  EXPECT_EQ(server.query("SELECT count(*) FROM kcloud_audit.audit_event WHERE type IS NULL AND "
                         "source IS NULL"),
            "2");
  const auto reports = verify();
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_TRUE(reports[0].ok()) << reports[0].findings.front().problem;
  EXPECT_EQ(reports[0].events, 2u);
}

TEST_F(PostgresVerify, OnlyBatchesOfTheAskedTimeAreReadEventByEvent) {
  Chain chain(1, catalogue);
  for (int batch = 0; batch < 3; ++batch) {
    chain.add(std::to_string(batch)).fields = {};
    chain.seal();
    chain.seals.back().sealed = core::Time(std::chrono::hours(24 * (20'000 + batch)));
  }
  deliver(chain);
  server.query("UPDATE kcloud_audit.audit_event SET body = '{}'");
  core::VerifyOptions options;
  options.from = chain.seals[1].sealed;
  options.to = chain.seals[2].sealed;
  const auto reports = verify(options);
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].events, 1u);
  EXPECT_EQ(reports[0].unread, 2u);
  for (const auto& finding : reports[0].findings) EXPECT_EQ(finding.batch, 2u) << finding.problem;
  EXPECT_THAT(reports[0].findings,
              ::testing::Contains(::testing::Field(&core::ChainFinding::problem,
                                                   HasSubstr("its row is not what was sealed"))));
}

TEST_F(PostgresVerify, ADayDroppedTooEarlyIsAFinding) {
  Chain chain(1, catalogue);
  chain.add("x").fields = {};
  chain.seal();
  deliver(chain);
  server.query(
      "INSERT INTO kcloud_audit.audit_retention (day, rows, agent) VALUES (current_date, 1, 'x'); "
      "DELETE FROM kcloud_audit.audit_event");
  const auto reports = verify();
  ASSERT_EQ(reports.size(), 2u);
  EXPECT_TRUE(reports[0].ok());
  EXPECT_FALSE(reports[1].chain);
  EXPECT_THAT(reports[1].findings[0].problem, HasSubstr("dropped before it was 30 days old"));
}

}  // namespace
}  // namespace kcloud::postgres
