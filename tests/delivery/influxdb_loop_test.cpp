// The whole way from the journal to a real InfluxDB and back through /query.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/delivery/delivery.h"
#include "exporters/influxdb/exporter.h"
#include "tests/delivery/journal_fixture.h"
#include "tests/support/influxdb_server.h"

namespace kcloud::delivery {
namespace {

using std::chrono::milliseconds;
using test_support::eventually;
using test_support::InfluxDbServer;

class InfluxDbLoop : public testing::JournalFixture {
 protected:
  void SetUp() override {
    JournalFixture::SetUp();
    server_.create_database("kcloud");
    options_.name = "influx";
    options_.delivery.batch_events = 200;
    options_.delivery.batch_wait = milliseconds(5);
    options_.delivery.backoff_initial = milliseconds(5);
    options_.delivery.backoff_max = milliseconds(50);
    options_.delivery.hold_interval = milliseconds(20);
  }

  std::unique_ptr<Loop> start() {
    influxdb::Config config;
    config.url = server_.url();
    config.timeout = milliseconds(2'000);
    auto loop = std::make_unique<Loop>(
        options_, *journal_, *catalogue_,
        std::make_unique<influxdb::Exporter>(
            config, std::map<std::string, std::string>{{"agent_cluster", "seoul"}}),
        clock_);
    loop->start();
    return loop;
  }
  std::string count(const std::string& measurement) {
    const auto series = server_.query("kcloud", "SELECT count(id) FROM " + measurement);
    return series.empty() ? "0" : *series.at(0).at(0, "count");
  }

  InfluxDbServer server_;
  Options options_;
};

TEST_F(InfluxDbLoop, EveryEventIsOnePointThroughKillsAndRestarts) {
  auto loop = start();
  for (int round = 0; round < 5; ++round) {
    store_decisions(round * 1000, 500);
    if (round % 2 == 0) server_.kill();
    store_decisions(round * 1000 + 500, 500);
    ASSERT_TRUE(
        eventually([&] { return round % 2 != 0 || loop->status().phase == Phase::kRetrying; }));
    if (round % 2 == 0) server_.start();
    if (round == 3) {
      loop.reset();
      loop = start();
    }
  }
  ASSERT_TRUE(eventually([&] { return loop->status().cursor == 5000; }));
  EXPECT_EQ(count("scheduling_decision"), "5000");
  EXPECT_TRUE(journal_->reader()->dead_letters({.limit = 10}).empty());
}

TEST_F(InfluxDbLoop, PoisonedEventsAreDeadLettersAndTheRestIsStored) {
  ASSERT_EQ(server_.write("kcloud", "scheduling_decision power_watts=1i 1736937000000000000"), 204);
  store_decisions(0, 500);
  for (const char* power : {"1200", "1300"})
    store({R"({"event_type":"scheduling_decision","timestamp":"2025-01-15T10:30:00Z",)"
           R"("scheduler":"meta","workload":{"id":"w"},"execution_time_ms":1,)"
           R"("decision":{"selected_cluster":"gpu-01","reason":"x",)"
           R"("cost_calculation":{"estimated_power_watts":)" +
           std::string(power) + "}}}"});
  store_decisions(500, 500);
  auto loop = start();
  ASSERT_TRUE(eventually([&] { return loop->status().cursor == 1002; }));
  EXPECT_EQ(count("scheduling_decision"), "1000");
  const auto letters = journal_->reader()->dead_letters({.limit = 10});
  ASSERT_EQ(letters.size(), 2u);
  EXPECT_EQ(letters[1].letter.position, "501");
  EXPECT_EQ(letters[0].letter.position, "502");
  EXPECT_THAT(letters[0].letter.detail, ::testing::HasSubstr("field type conflict"));
}

TEST_F(InfluxDbLoop, AMissingDatabaseHoldsUntilItIsMade) {
  server_.query("", "DROP DATABASE kcloud");
  store_decisions(0, 10);
  auto loop = start();
  ASSERT_TRUE(eventually([&] { return loop->status().phase == Phase::kHolding; }));
  EXPECT_THAT(loop->status().last_error, ::testing::HasSubstr("CREATE DATABASE"));
  server_.create_database("kcloud");
  ASSERT_TRUE(eventually([&] { return loop->status().cursor == 10; }));
  EXPECT_EQ(count("scheduling_decision"), "10");
}

}  // namespace
}  // namespace kcloud::delivery
