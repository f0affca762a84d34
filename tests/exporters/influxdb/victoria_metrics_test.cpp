// The v2 write API against a real server that speaks it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exporters/influxdb/exporter.h"
#include "tests/exporters/influxdb/fixtures.h"
#include "tests/support/victoria_metrics_server.h"

namespace kcloud::influxdb {
namespace {

using ::testing::HasSubstr;

TEST(InfluxDbV2, VictoriaMetricsStoresTheNumbersUnderTheirTags) {
  test_support::VictoriaMetricsServer server;
  const auto catalogue = testing::make_catalogue();
  core::EventBatch batch;
  auto& event = testing::add_event(
      batch, catalogue, "decision", "a", testing::kNoon,
      {{"execution_time_ms", std::int64_t{245}}, {"power_watts", 1200.5}, {"scheduler", "최적"}});
  event.cluster = "gpu cluster,01";
  Config config;
  config.url = server.url();
  config.api = "v2";
  config.organization = "kcloud";
  config.bucket = "events";
  config.token.value = "any";
  Exporter exporter(config, {{"agent_cluster", "seoul"}});
  const auto delivery = exporter.deliver(batch.events);
  ASSERT_EQ(delivery.kind, core::Delivery::Kind::kDelivered) << delivery.reason;

  std::string stored;
  ASSERT_TRUE(test_support::eventually([&] {
    stored = server.export_all("{__name__=~\"decision_.*\"}");
    return stored.find("decision_power_watts") != std::string::npos;
  }));
  EXPECT_THAT(stored, HasSubstr("\"cluster\":\"gpu cluster,01\""));
  EXPECT_THAT(stored, HasSubstr("\"scheduler\":\"최적\""));
  EXPECT_THAT(stored, HasSubstr("\"agent_cluster\":\"seoul\""));
  EXPECT_THAT(stored, HasSubstr("\"values\":[1200.5]"));
  EXPECT_THAT(stored, HasSubstr("\"values\":[245]"));
}

}  // namespace
}  // namespace kcloud::influxdb
