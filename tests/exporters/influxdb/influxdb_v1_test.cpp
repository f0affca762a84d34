// The exporter against a real InfluxDB 1.x, read back through /query.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exporters/influxdb/exporter.h"
#include "tests/exporters/influxdb/fixtures.h"
#include "tests/support/influxdb_server.h"

namespace kcloud::influxdb {
namespace {

using core::Delivery;
using test_support::InfluxDbServer;
using test_support::InfluxSeries;
using testing::add_event;
using ::testing::HasSubstr;
using testing::kNoon;
using Kind = Delivery::Kind;

class InfluxDbV1 : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = std::make_unique<InfluxDbServer>(); }
  static void TearDownTestSuite() { server_.reset(); }

  // A database of its own for every test.
  void SetUp() override {
    config_.url = server_->url();
    config_.database = ::testing::UnitTest::GetInstance()->current_test_info()->name();
    server_->create_database(config_.database);
  }

  Exporter exporter() const { return Exporter(config_, {{"agent_cluster", "seoul"}}); }
  std::vector<InfluxSeries> query(const std::string& influxql) const {
    return server_->query(config_.database, influxql);
  }
  std::size_t count(const std::string& measurement) const {
    const auto series = query("SELECT count(id) FROM " + measurement);
    return series.empty() ? 0 : std::stoul(*series.at(0).at(0, "count"));
  }

  static std::unique_ptr<InfluxDbServer> server_;
  Config config_;
  core::Catalogue catalogue_ = testing::make_catalogue();
  core::EventBatch batch_;
};

std::unique_ptr<InfluxDbServer> InfluxDbV1::server_;

// Delivers with halving, as the loop does; returns the keys of the rejected bodies.
std::vector<std::string> deliver_all(Exporter& exporter, std::span<const core::Event> events) {
  const auto delivery = exporter.deliver(events);
  std::vector<std::string> rejected;
  const auto take = [&rejected](std::vector<std::string> more) {
    rejected.insert(rejected.end(), more.begin(), more.end());
  };
  if (delivery.kind == Kind::kBisect && events.size() > 1) {
    take(deliver_all(exporter, events.first(events.size() / 2)));
    take(deliver_all(exporter, events.subspan(events.size() / 2)));
  } else if (delivery.kind == Kind::kBisect) {
    rejected.emplace_back(events[0].body);
  } else {
    EXPECT_EQ(delivery.kind, Kind::kDelivered) << delivery.reason;
    for (const auto& item : delivery.rejected) rejected.emplace_back(events[item.index].body);
  }
  return rejected;
}

TEST_F(InfluxDbV1, TagsFieldsAndTypesAreThoseOfTheCatalogue) {
  auto& event = add_event(batch_, catalogue_, "decision", "a", kNoon,
                          {{"scheduler", "kcloud-meta-scheduler"},
                           {"execution_time_ms", std::int64_t{245}},
                           {"power_watts", 1200.0}});
  event.cluster = "gpu-cluster-01";
  event.workload = "ml-training-job-123";
  event.reason = "최적 전력 효율성";
  auto sink = exporter();
  const auto delivery = sink.deliver(batch_.events);
  ASSERT_EQ(delivery.kind, Kind::kDelivered) << delivery.reason;
  EXPECT_GT(delivery.bytes, 100u);

  const auto series = query("SELECT * FROM decision GROUP BY *");
  ASSERT_EQ(series.size(), 1u);
  const std::map<std::string, std::string> tags{{"agent", "agent-1"},
                                                {"agent_cluster", "seoul"},
                                                {"cluster", "gpu-cluster-01"},
                                                {"collector", "webhook"},
                                                {"scheduler", "kcloud-meta-scheduler"},
                                                {"outcome", ""}};
  for (const auto& [key, value] : series[0].tags) EXPECT_EQ(value, tags.at(key)) << key;
  EXPECT_EQ(series[0].at(0, "reason"), "최적 전력 효율성");
  EXPECT_EQ(series[0].at(0, "workload"), "ml-training-job-123");
  EXPECT_EQ(series[0].at(0, "id"), core::to_string(event.id));
  EXPECT_EQ(series[0].at(0, "execution_time_ms"), "245");
  const auto nanos = std::stoll(*series[0].at(0, "time"));
  EXPECT_GE(nanos, kNoon);
  EXPECT_LT(nanos, kNoon + 1'000'000'000);

  std::map<std::string, std::string> types;
  const auto keys = query("SHOW FIELD KEYS FROM decision");
  for (std::size_t i = 0; i < keys.at(0).rows.size(); ++i)
    types[*keys[0].at(i, "fieldKey")] = *keys[0].at(i, "fieldType");
  EXPECT_EQ(types["execution_time_ms"], "integer");
  EXPECT_EQ(types["power_watts"], "float");
  EXPECT_EQ(types["workload"], "string");
}

TEST_F(InfluxDbV1, EventsOfOneSeriesAndInstantAreAPointEachHoweverOftenDelivered) {
  for (int i = 0; i < 500; ++i) {
    add_event(batch_, catalogue_, "decision", "s" + std::to_string(i), kNoon);
    add_event(batch_, catalogue_, "decision", "n" + std::to_string(i), kNoon + 123'456'789);
  }
  auto sink = exporter();
  EXPECT_EQ(sink.deliver(batch_.events).adjusted, 499u);
  EXPECT_EQ(count("decision"), 1000u);
  sink.deliver(std::span(batch_.events).subspan(300, 400));
  auto restarted = exporter();
  restarted.deliver(batch_.events);
  EXPECT_EQ(count("decision"), 1000u);
}

TEST_F(InfluxDbV1, TextsComeBackByteExact) {
  const std::vector<std::string> texts = {"최적 전력 효율성",
                                          "line\nbreak\r\n",
                                          "tab\tand \"quotes\" and 'single'",
                                          "back\\slash\\",
                                          "\\\"",
                                          "\\n",
                                          "a,b=c d",
                                          "nul\0byte",
                                          "\x7f\x01",
                                          "😀 \u2028 \ufeff",
                                          "",
                                          "# no comment",
                                          "x\" 1\nforeign,a=b f=1 1\ny \""};
  for (const auto& text : texts) {
    auto& event = add_event(batch_, catalogue_, "decision", text, kNoon);
    event.reason = batch_.keep(text);
  }
  auto sink = exporter();
  ASSERT_TRUE(deliver_all(sink, batch_.events).empty());
  const auto series = query("SELECT id, reason FROM decision").at(0);
  std::map<std::string, std::string> found;
  for (std::size_t i = 0; i < series.rows.size(); ++i)
    found[*series.at(i, "id")] = series.at(i, "reason").value_or("");
  for (const auto& event : batch_.events) EXPECT_EQ(found[core::to_string(event.id)], event.reason);
  EXPECT_EQ(query("SHOW MEASUREMENTS").at(0).rows.size(), 1u);
}

TEST_F(InfluxDbV1, OnePoisonedLineOfAThousandIsRejectedAndTheRestStored) {
  const std::string endless(70'000, 'x');
  for (int i = 0; i < 1000; ++i) {
    auto& event = add_event(batch_, catalogue_, "decision", std::to_string(i), kNoon);
    if (i == 617) event.cluster = endless;
  }
  auto sink = exporter();
  const auto delivery = sink.deliver(batch_.events);
  ASSERT_EQ(delivery.kind, Kind::kDelivered) << delivery.reason;
  ASSERT_EQ(delivery.rejected.size(), 1u);
  EXPECT_EQ(delivery.rejected[0].index, 617u);
  EXPECT_THAT(delivery.rejected[0].reason, HasSubstr("max key length exceeded"));
  EXPECT_EQ(count("decision"), 999u);
}

TEST_F(InfluxDbV1, AConflictWithAForeignWritersTypeCostsJustThatPoint) {
  // In the same shard: InfluxDB 1.x keeps field types per shard.
  ASSERT_EQ(
      server_->write(config_.database, "decision execution_time_ms=1.5 " + std::to_string(kNoon)),
      204);
  for (int i = 0; i < 100; ++i) {
    const bool bad = i == 42;
    add_event(batch_, catalogue_, "decision", std::to_string(i), kNoon,
              {{bad ? "execution_time_ms" : "power_watts",
                bad ? testing::Value(std::int64_t{5}) : testing::Value(5.0)}});
  }
  auto sink = exporter();
  const auto delivery = sink.deliver(batch_.events);
  EXPECT_EQ(delivery.kind, Kind::kBisect);
  EXPECT_THAT(delivery.suspects, ::testing::ElementsAre(42));
  EXPECT_THAT(delivery.reason, HasSubstr("already exists as type float"));
  EXPECT_THAT(deliver_all(sink, batch_.events), ::testing::ElementsAre("{\"key\":\"42\"}"));
  EXPECT_EQ(count("decision"), 99u);
}

TEST_F(InfluxDbV1, ARefusalThatWritesNothingIsBisectedToo) {
  // Points of one batch that disagree on a field no shard has seen yet fail all together.
  core::EventType integer;
  integer.name = "m";
  integer.fields.resize(1);
  integer.fields[0].name = "f";
  integer.fields[0].role = core::FieldRole::kMeasure;
  integer.fields[0].type = core::FieldType::kInteger;
  integer.fields[0].paths = {"f"};
  auto real = integer;
  real.fields[0].type = core::FieldType::kReal;
  const core::Catalogue integers({integer}, {});
  const core::Catalogue reals({real}, {});
  for (int i = 0; i < 8; ++i)
    add_event(batch_, i == 5 ? reals : integers, "m", std::to_string(i), kNoon,
              {{"f", std::int64_t{i}}});
  auto sink = exporter();
  EXPECT_EQ(sink.deliver(batch_.events).kind, Kind::kBisect);
  EXPECT_THAT(deliver_all(sink, batch_.events), ::testing::ElementsAre("{\"key\":\"5\"}"));
  EXPECT_EQ(count("m"), 7u);
}

TEST_F(InfluxDbV1, PointsOlderThanTheRetentionPolicyAreRejected) {
  query("CREATE RETENTION POLICY short ON \"" + config_.database + "\" DURATION 2h REPLICATION 1");
  config_.retention_policy = "short";
  add_event(batch_, catalogue_, "decision", "old", kNoon);
  const auto now = core::to_nanos(core::SystemClock().now());
  add_event(batch_, catalogue_, "decision", "new", now);
  auto sink = exporter();
  EXPECT_THAT(deliver_all(sink, batch_.events), ::testing::ElementsAre("{\"key\":\"old\"}"));
}

TEST_F(InfluxDbV1, MissingDatabaseAndRetentionPolicyHoldUntilTheyAreThere) {
  config_.database = "missing";
  add_event(batch_, catalogue_, "decision", "a", kNoon);
  auto sink = exporter();
  const auto held = sink.deliver(batch_.events);
  EXPECT_EQ(held.kind, Kind::kHold);
  EXPECT_THAT(held.reason, HasSubstr("database not found: \"missing\""));
  server_->create_database("missing");
  EXPECT_EQ(sink.deliver(batch_.events).kind, Kind::kDelivered);
  config_.retention_policy = "none";
  auto other = exporter();
  EXPECT_EQ(other.deliver(batch_.events).kind, Kind::kHold);
}

TEST_F(InfluxDbV1, WithoutCompression) {
  config_.compression = "none";
  add_event(batch_, catalogue_, "decision", "a", kNoon);
  auto sink = exporter();
  EXPECT_EQ(sink.deliver(batch_.events).kind, Kind::kDelivered);
  EXPECT_EQ(count("decision"), 1u);
}

TEST_F(InfluxDbV1, AServerWithoutTheV2ApiHolds) {
  config_.api = "v2";
  config_.bucket = "x";
  add_event(batch_, catalogue_, "decision", "a", kNoon);
  auto sink = exporter();
  const auto delivery = sink.deliver(batch_.events);
  EXPECT_EQ(delivery.kind, Kind::kHold);
  EXPECT_THAT(delivery.reason, HasSubstr("`api`"));
}

TEST(InfluxDbServerStates, CredentialsDecideBetweenHoldAndDelivery) {
  InfluxDbServer server({.auth = true});
  server.create_database("k");
  const auto catalogue = testing::make_catalogue();
  core::EventBatch batch;
  add_event(batch, catalogue, "decision", "a", kNoon);
  Config config;
  config.url = server.url();
  config.database = "k";
  const auto deliver = [&] { return Exporter(config, {}).deliver(batch.events); };
  EXPECT_EQ(deliver().kind, Kind::kHold);
  config.username = "admin";
  config.password.value = "wrong-pass";
  const auto refused = deliver();
  EXPECT_EQ(refused.kind, Kind::kHold);
  EXPECT_EQ(refused.reason.find("wrong-pass"), std::string::npos) << refused.reason;
  config.password.value = "secret";
  EXPECT_EQ(deliver().kind, Kind::kDelivered);
}

TEST(InfluxDbServerStates, ABodyTooLargeIsHalvedUntilItFits) {
  InfluxDbServer server({.max_body_bytes = 4'000});
  server.create_database("k");
  const auto catalogue = testing::make_catalogue();
  core::EventBatch batch;
  for (int i = 0; i < 100; ++i) add_event(batch, catalogue, "decision", std::to_string(i), kNoon);
  Config config;
  config.url = server.url();
  config.database = "k";
  config.compression = "none";
  Exporter exporter(config, {});
  EXPECT_EQ(exporter.deliver(batch.events).kind, Kind::kBisect);
  EXPECT_TRUE(deliver_all(exporter, batch.events).empty());
  EXPECT_EQ(server.query("k", "SELECT count(id) FROM decision").at(0).at(0, "count"), "100");
}

TEST(InfluxDbServerStates, AServerThatIsDownIsRetried) {
  InfluxDbServer server;
  server.create_database("k");
  const auto catalogue = testing::make_catalogue();
  core::EventBatch batch;
  add_event(batch, catalogue, "decision", "a", kNoon);
  Config config;
  config.url = server.url();
  config.database = "k";
  Exporter exporter(config, {});
  ASSERT_EQ(exporter.deliver(batch.events).kind, Kind::kDelivered);
  server.kill();
  EXPECT_EQ(exporter.deliver(batch.events).kind, Kind::kRetry);
  server.start();
  EXPECT_EQ(exporter.deliver(batch.events).kind, Kind::kDelivered);
}

core::Seal make_seal(std::uint64_t seq, std::uint8_t mark) {
  core::Seal seal;
  seal.seq = seq;
  seal.events = 3;
  seal.hash.fill(mark);
  seal.sealed = core::from_nanos(kNoon);
  return seal;
}

TEST_F(InfluxDbV1, SealsAreOnePointEachHoweverOftenTheyAreCarried) {
  std::vector<core::Seal> seals;
  for (std::uint64_t seq = 1; seq <= 900; ++seq) seals.push_back(make_seal(seq, 0xab));
  auto sink = exporter();
  for (int again = 0; again < 2; ++again) {
    const auto delivery = sink.carry_seals(seals);
    ASSERT_EQ(delivery.kind, Kind::kDelivered) << delivery.reason;
    EXPECT_THAT(delivery.rejected, ::testing::IsEmpty());
  }
  const auto found =
      query("SELECT seq, events, hash FROM audit_seal GROUP BY chain, agent_cluster");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].tags.at("chain"), "00000000-0000-0000-0000-000000000000");
  EXPECT_EQ(found[0].tags.at("agent_cluster"), "seoul");
  ASSERT_EQ(found[0].rows.size(), 900u);
  for (std::size_t i = 0; i < 900; ++i) EXPECT_EQ(*found[0].at(i, "seq"), std::to_string(i + 1));
  EXPECT_EQ(*found[0].at(0, "events"), "3");
  EXPECT_EQ(found[0].at(0, "hash")->substr(0, 4), "abab");

  const std::vector changed{make_seal(7, 0xac)};
  ASSERT_EQ(sink.carry_seals(changed).kind, Kind::kDelivered);
  EXPECT_EQ(query("SELECT hash FROM audit_seal WHERE seq = 7").at(0).rows.size(), 2u)
      << "it stands beside the first one";
}

}  // namespace
}  // namespace kcloud::influxdb
