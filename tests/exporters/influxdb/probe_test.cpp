// `check --online` at real servers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "exporters/influxdb/exporter.h"
#include "tests/support/influxdb_server.h"
#include "tests/support/victoria_metrics_server.h"

namespace kcloud::influxdb {
namespace {

using Outcome = core::ProbeStep::Outcome;
using ::testing::HasSubstr;
using ::testing::Not;

struct InfluxDbProbe : ::testing::Test {
  test_support::InfluxDbServer server{{.auth = true}};
  Config config;

  InfluxDbProbe() {
    server.create_database("kcloud");
    server.query("", "CREATE USER writer WITH PASSWORD 'pw-of-writer'");
    server.query("", "GRANT WRITE ON kcloud TO writer");
    config.url = server.url();
    config.username = "admin";
    config.password.value = "secret";
  }

  std::map<std::string, core::ProbeStep> probe() {
    std::map<std::string, core::ProbeStep> steps;
    for (auto& step : Exporter(config, {}).probe()) {
      EXPECT_THAT(step.detail, Not(HasSubstr(config.password.value)));
      steps[step.what] = step;
    }
    EXPECT_EQ(steps.size(), 6u);
    return steps;
  }
  void expect_stop(const std::string& at, const std::string& detail) {
    bool behind = false;
    for (auto& step : Exporter(config, {}).probe()) {
      if (step.what == at) {
        EXPECT_EQ(step.outcome, Outcome::kFailed);
        EXPECT_THAT(step.detail, HasSubstr(detail));
        EXPECT_THAT(step.detail, Not(HasSubstr(config.password.value)));
      } else {
        EXPECT_EQ(step.outcome == Outcome::kSkipped && step.detail == "not reached", behind)
            << step.what << ": " << step.detail;
      }
      behind = behind || step.what == at;
    }
    EXPECT_TRUE(behind);
  }
};

TEST_F(InfluxDbProbe, WritesReadsAndRemovesItsPoint) {
  for (const char* compression : {"gzip", "none"}) {
    config.compression = compression;
    for (const auto& [what, step] : probe())
      EXPECT_EQ(step.outcome, Outcome::kPassed) << what << ": " << step.detail;
  }
  EXPECT_TRUE(server.query("kcloud", "SELECT * FROM kcloud_probe").empty());
}

TEST_F(InfluxDbProbe, WhatALoginMayNotDoIsSkipped) {
  config.username = "writer";
  config.password.value = "pw-of-writer";
  auto steps = probe();
  EXPECT_EQ(steps["write"].outcome, Outcome::kPassed) << steps["write"].detail;
  EXPECT_EQ(steps["read"].outcome, Outcome::kSkipped) << steps["read"].detail;
  for (const auto& [what, step] : steps) EXPECT_NE(step.outcome, Outcome::kFailed) << what;
}

TEST_F(InfluxDbProbe, AWrongPasswordFailsTheLogin) {
  config.password.value = "wrong-password";
  expect_stop("login", "401 authorization failed (check `username`/`password` or `token`)");
}

TEST_F(InfluxDbProbe, AMissingDatabaseFailsTheWrite) {
  config.database = "nowhere";
  EXPECT_EQ(probe()["database"].outcome, Outcome::kSkipped);
  EXPECT_THAT(probe()["write"].detail, HasSubstr("database not found: \"nowhere\" (create it"));
  EXPECT_EQ(probe()["write"].outcome, Outcome::kFailed);
  config.database = "kcloud";
  config.retention_policy = "gone";
  EXPECT_THAT(probe()["write"].detail, HasSubstr("(check `retention_policy`)"));
}

TEST_F(InfluxDbProbe, AClosedPortFailsTheConnection) {
  server.kill();
  expect_stop("connect", "Couldn't connect to server");
}

TEST(InfluxDbV2Probe, OfAServerWithoutFluxTheWriteIsWhatPasses) {
  test_support::VictoriaMetricsServer server;
  Config config;
  config.url = server.url();
  config.api = "v2";
  config.organization = "kcloud";
  config.bucket = "events";
  config.token.value = "any-token";
  std::map<std::string, core::ProbeStep> steps;
  for (auto& step : Exporter(config, {}).probe()) {
    EXPECT_NE(step.outcome, Outcome::kFailed) << step.what << ": " << step.detail;
    steps[step.what] = step;
  }
  EXPECT_EQ(steps["connect"].outcome, Outcome::kPassed);
  EXPECT_EQ(steps["write"].outcome, Outcome::kPassed);
  EXPECT_EQ(steps["read"].outcome, Outcome::kSkipped) << steps["read"].detail;
  EXPECT_TRUE(test_support::eventually([&] {
    return server.export_all("{__name__=~\"kcloud_probe_.*\"}").find("kcloud_probe_value") !=
           std::string::npos;
  }));
}

}  // namespace
}  // namespace kcloud::influxdb
