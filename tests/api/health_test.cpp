#include "agent/api/health.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

namespace kcloud::api {

using ::testing::HasSubstr;

namespace {

ExporterHealth exporter(delivery::Phase phase, double lag_seconds = 0) {
  ExporterHealth health;
  health.name = "main";
  health.type = "influxdb";
  health.status.phase = phase;
  health.status.lag_seconds = lag_seconds;
  return health;
}

}  // namespace

TEST(Health, LevelFollowsTheParts) {
  struct Case {
    const char* name;
    journal::State state;
    std::uint64_t lost;
    std::vector<ExporterHealth> exporters;
    Level level;
    int status;
  };
  using delivery::Phase;
  using journal::State;
  const Case cases[] = {
      {"no exporter", State::kOpen, 0, {}, Level::kHealthy, 200},
      {"idle", State::kOpen, 0, {exporter(Phase::kIdle)}, Level::kHealthy, 200},
      {"delivering", State::kOpen, 0, {exporter(Phase::kDelivering, 5)}, Level::kHealthy, 200},
      {"behind", State::kOpen, 0, {exporter(Phase::kDelivering, 61)}, Level::kDegraded, 200},
      {"retrying", State::kOpen, 0, {exporter(Phase::kRetrying)}, Level::kDegraded, 200},
      {"holding", State::kOpen, 0, {exporter(Phase::kHolding)}, Level::kDegraded, 200},
      {"one of two",
       State::kOpen,
       0,
       {exporter(Phase::kIdle), exporter(Phase::kStopped)},
       Level::kDegraded,
       200},
      {"damage", State::kOpen, 3, {}, Level::kDegraded, 200},
      {"disk", State::kRecovering, 0, {exporter(Phase::kIdle)}, Level::kUnhealthy, 503},
      {"closed", State::kClosed, 0, {}, Level::kUnhealthy, 503},
  };
  for (const Case& test : cases) {
    HealthInput input;
    input.journal.state = test.state;
    input.report.lost_events = test.lost;
    input.exporters = test.exporters;
    const Health health = assemble_health(input);
    EXPECT_EQ(health.level, test.level) << test.name;
    EXPECT_EQ(health.http_status, test.status) << test.name;
  }
}

TEST(Health, AFullJournalIsUnhealthy) {
  HealthInput input;
  input.journal.full = true;
  const Health health = assemble_health(input);
  EXPECT_EQ(health.http_status, 503);
  EXPECT_THAT(health.body, HasSubstr("\"full\":true"));
}

TEST(Health, ACertificateThatEndsSoonOrCannotBeRenewedIsDegraded) {
  constexpr core::Time kNow{std::chrono::hours(24 * 20'000)};
  struct Case {
    const char* name;
    int hours_left;
    const char* error;
    Level level;
    const char* says;
  };
  const Case cases[] = {
      {"good", 24 * 14, "", Level::kHealthy, "\"days_left\":14,"},
      {"soon", 24 * 14 - 1, "", Level::kDegraded, "\"days_left\":13,"},
      {"over", -1, "", Level::kDegraded, "\"days_left\":-1,"},
      {"waits", 24 * 90, "key: wrong", Level::kDegraded, "\"last_error\":\"key: wrong\""},
  };
  for (const Case& test : cases) {
    HealthInput input;
    input.now = kNow;
    input.tls = http::TlsStatus{kNow + std::chrono::hours(test.hours_left), test.error};
    const Health health = assemble_health(input);
    EXPECT_EQ(tls_level(*input.tls, kNow), test.level) << test.name;
    EXPECT_THAT(health.body, HasSubstr(test.says)) << test.name;
  }
  EXPECT_EQ(assemble_health({}).body.find("\"tls\""), std::string::npos);
}

TEST(Health, SaysWhatEveryComponentSays) {
  HealthInput input;
  input.version = "0.1.0";
  input.epoch = "0a1b2c3d";
  input.journal.head = 12;
  input.journal.last_error = "disk \"full\"";
  ExporterHealth main = exporter(delivery::Phase::kRetrying, 12.5);
  main.status.lag_events = 4;
  main.status.last_error = "connection refused";
  main.status.carried_to = 42;
  input.exporters = {main};
  input.cursors = {{"exporter:main", 8, {}, 0},
                   {"exporter:old", 3, {}, 0},
                   {"sealer", 1, {}, 0},
                   {"seals:old:0f7b1c0e-4d0c-4d0f-9f6a-2b7c9f1a5e33", 1, {}, 0}};
  const Health health = assemble_health(input);

  simdjson::dom::parser parser;
  const auto json = parser.parse(health.body);
  EXPECT_EQ(std::string_view(json["status"]), "degraded");
  EXPECT_EQ(std::string_view(json["service"]), "logger");
  EXPECT_EQ(std::string_view(json["version"]), "0.1.0");
  const auto components = json["components"];
  EXPECT_EQ(std::uint64_t(components["journal"]["head"]), 12u);
  EXPECT_EQ(std::string_view(components["journal"]["last_error"]), "disk \"full\"");
  EXPECT_EQ(std::string_view(components["webhook"]["status"]), "healthy");
  const auto shown = components["exporter:main"];
  EXPECT_EQ(std::string_view(shown["status"]), "degraded");
  EXPECT_EQ(std::uint64_t(shown["lag_events"]), 4u);
  EXPECT_EQ(double(shown["lag_seconds"]), 12.5);
  EXPECT_EQ(std::uint64_t(shown["carried_to"]), 42u);
  EXPECT_EQ(std::string_view(shown["last_error"]), "connection refused");
  EXPECT_TRUE(shown["last_success_time"].is_null());
  simdjson::dom::array orphans = json["cursors_without_exporter"];
  ASSERT_EQ(orphans.size(), 1u);
  EXPECT_EQ(std::string_view(orphans.at(0)["name"]), "exporter:old");
}

TEST(Health, TextsOfErrorsAreForReaders) {
  HealthInput input;
  input.journal.last_error = "disk full";
  input.report.damaged_file = "/var/lib/damaged.db";
  ExporterHealth main = exporter(delivery::Phase::kRetrying);
  main.status.last_error = "http://influx:8086 refused";
  input.exporters = {main};
  input.files.files = 2;
  input.files.faults = {"token_file /run/secrets/t: cannot be read"};
  const std::string all = assemble_health(input).body;
  input.details = false;
  const Health health = assemble_health(input);
  EXPECT_EQ(health.level, Level::kDegraded);
  for (const char* text : {"disk full", "/var/lib", "influx:8086", "/run/secrets"}) {
    EXPECT_THAT(all, HasSubstr(text));
    EXPECT_THAT(health.body, ::testing::Not(HasSubstr(text)));
  }
  EXPECT_THAT(health.body, HasSubstr("\"phase\":\"retrying\""));
}

TEST(Health, ABadCredentialFileIsDegraded) {
  HealthInput input;
  input.journal.state = journal::State::kOpen;
  EXPECT_THAT(assemble_health(input).body, ::testing::Not(HasSubstr("credential_files")));
  input.files.files = 1;
  EXPECT_EQ(assemble_health(input).level, Level::kHealthy);
  input.files.faults = {"x"};
  const Health health = assemble_health(input);
  EXPECT_EQ(health.level, Level::kDegraded);
  EXPECT_EQ(health.http_status, 200);
  EXPECT_THAT(health.body, HasSubstr("\"credential_files\":{\"status\":\"degraded\",\"files\":1,"
                                     "\"bad\":1,\"reloads\":0,\"last_error\":\"x\"}"));
}

}  // namespace kcloud::api
