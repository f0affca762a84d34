#include "agent/cli/top_model.h"

#include <gtest/gtest.h>

#include <cmath>

namespace kcloud::cli {
namespace {

using std::chrono::seconds;

constexpr std::string_view kHealth =
    R"({"status":"degraded","agent":"node-1","components":{"journal":{"state":"open","full":false,)"
    R"("last_error":null},"exporter:a.b":{"required":true,"phase":"retrying",)"
    R"("last_error":"no \u001b[2J answer"}}})";

// An agent's answer after so many events.
Poll poll(int second, int events, const std::string& more = {}) {
  const auto number = [](auto value) { return std::to_string(value) + "\n"; };
  Poll out;
  out.at = std::chrono::steady_clock::time_point(seconds(1000 + second));
  out.wall = core::Time(seconds(1'700'000'000 + second));
  out.health = kHealth;
  out.metrics =
      "kcloud_logger_build_info{version=\"1.2.3\"} 1\n"
      "kcloud_logger_collector_received_events_total{collector=\"webhook\"} " +
      number(2 * events) + "kcloud_logger_collector_stored_events_total{collector=\"webhook\"} " +
      number(events) + "kcloud_logger_collector_rejected_events_total{collector=\"webhook\"} " +
      number(events) +
      "kcloud_logger_collector_conflict_events_total{collector=\"webhook\"} 0\n"
      "kcloud_logger_journal_commits_total " +
      number(events / 10) + "kcloud_logger_journal_committed_events_total " + number(events) +
      "kcloud_logger_journal_commit_seconds_total " + number(events / 1000.0) +
      "kcloud_logger_journal_bytes 512\nkcloud_logger_journal_max_bytes 1024\n"
      "kcloud_logger_ack_seconds_bucket{le=\"0.01\"} " +
      number(events) + "kcloud_logger_ack_seconds_bucket{le=\"5\"} " + number(events) +
      "kcloud_logger_ack_seconds_bucket{le=\"+Inf\"} " + number(events) +
      "kcloud_logger_exporter_lag_events{exporter=\"a.b\"} 5\n"
      "kcloud_logger_exporter_delivered_events_total{exporter=\"a.b\"} " +
      number(events) +
      "process_start_time_seconds 1699999900\n"
      "process_cpu_seconds_total " +
      number(events / 100.0) + more;
  return out;
}

Poll silence(int second) {
  Poll out;
  out.at = std::chrono::steady_clock::time_point(seconds(1000 + second));
  out.error = "connection refused";
  return out;
}

TEST(TopState, KnowsNoRatesAtFirst) {
  TopState state;
  EXPECT_FALSE(state.model().connected);
  state.add(poll(0, 100));
  const TopModel& model = state.model();
  EXPECT_TRUE(model.connected);
  EXPECT_EQ(model.version, "1.2.3");
  EXPECT_EQ(model.agent, "node-1");
  EXPECT_EQ(model.status, "degraded");
  EXPECT_DOUBLE_EQ(model.uptime_seconds, 100);
  EXPECT_DOUBLE_EQ(model.journal_bytes, 512);
  EXPECT_TRUE(std::isnan(model.stored_rate));
  EXPECT_TRUE(std::isnan(model.ack_p99));
  EXPECT_FALSE(model.alerts.has_value());
}

TEST(TopState, TellsTheStateOfCollectors) {
  struct Case {
    const char* component;
    const char* state;
  };
  for (const Case& test :
       {Case{R"({"phase":"running","connected":true})", "running"},
        Case{R"({"phase":"running","connected":false})", "unconnected"},
        Case{R"({"phase":"paused","connected":false})", "paused"}, Case{"{}", ""}}) {
    Poll one = poll(0, 1, "kcloud_logger_collector_received_events_total{collector=\"a.b\"} 3\n");
    one.health = std::string(R"({"components":{"collector:a.b":)") + test.component + "}}";
    TopState state;
    state.add(one);
    for (const CollectorRow& row : state.model().collectors) {
      EXPECT_EQ(row.state, row.name == "a.b" ? test.state : "") << test.component;
    }
    EXPECT_EQ(state.model().collectors.size(), 2u);
  }
}

TEST(TopState, TakesRatesFromTwoAnswers) {
  TopState state;
  state.add(poll(0, 100));
  state.add(poll(2, 300));
  const TopModel& model = state.model();
  ASSERT_EQ(model.collectors.size(), 1u);
  EXPECT_EQ(model.collectors[0].name, "webhook");
  EXPECT_DOUBLE_EQ(model.collectors[0].received, 200);
  EXPECT_DOUBLE_EQ(model.collectors[0].stored, 100);
  EXPECT_DOUBLE_EQ(model.collectors[0].rejected, 100);
  EXPECT_TRUE(std::isnan(model.collectors[0].busy));  // this agent does not tell it
  EXPECT_DOUBLE_EQ(model.stored_rate, 100);
  EXPECT_DOUBLE_EQ(model.dead_letter_rate, 100);
  EXPECT_DOUBLE_EQ(model.commit_rate, 10);
  EXPECT_DOUBLE_EQ(model.events_per_commit, 10);
  EXPECT_NEAR(model.commit_seconds, 0.01, 1e-9);
  EXPECT_NEAR(model.cpu_share, 1, 1e-9);
  EXPECT_NEAR(model.ack_p50, 0.005, 1e-9);
  EXPECT_DOUBLE_EQ(model.ack_bound, 5);
  ASSERT_EQ(model.sinks.size(), 1u);
  EXPECT_EQ(model.sinks[0].name, "a.b");
  EXPECT_EQ(model.sinks[0].phase, "retrying");
  EXPECT_EQ(model.sinks[0].last_error, "no  [2J answer");
  EXPECT_TRUE(model.sinks[0].required);
  EXPECT_DOUBLE_EQ(model.sinks[0].delivered, 100);
  EXPECT_EQ(model.stored_history.size(), 2u);
}

TEST(TopState, SumsOverLabelsThatCameLater) {
  TopState state;
  const char* more =
      "kcloud_logger_collector_stored_events_total{collector=\"webhook\",publisher=\"x\"} 40\n";
  state.add(poll(0, 100));
  state.add(poll(1, 100, more));
  EXPECT_DOUBLE_EQ(state.model().collectors[0].stored, 40);
}

TEST(TopState, GoesOnWithCountersThatBeganAnew) {
  TopState state;
  state.add(poll(0, 1000));
  state.add(poll(1, 1100));
  state.add(poll(2, 30));  // restarted between two polls
  EXPECT_DOUBLE_EQ(state.model().stored_rate, 30);
  EXPECT_TRUE(std::isnan(state.model().ack_p50));
  state.add(poll(3, 80));
  EXPECT_DOUBLE_EQ(state.model().stored_rate, 50);
  EXPECT_NEAR(state.model().ack_p50, 0.005, 1e-9);
}

TEST(TopState, TellsASilentAgentAndResumes) {
  TopState state;
  state.add(poll(0, 100));
  state.add(poll(1, 200));
  state.add(silence(4));
  EXPECT_FALSE(state.model().connected);
  EXPECT_EQ(state.model().error, "connection refused");
  EXPECT_DOUBLE_EQ(state.model().silent_seconds, 3);
  EXPECT_TRUE(std::isnan(state.model().stored_rate));
  EXPECT_TRUE(std::isnan(state.model().stored_history.back()));
  EXPECT_EQ(state.model().agent, "node-1");  // what was known stays
  state.add(poll(5, 10));
  EXPECT_TRUE(state.model().connected);
  EXPECT_TRUE(std::isnan(state.model().stored_rate));
  state.add(poll(6, 25));
  EXPECT_DOUBLE_EQ(state.model().stored_rate, 15);
}

TEST(TopState, ListsAlertsWhenTheAgentHasThem) {
  TopState state;
  Poll with = poll(0, 1);
  with.alerts = R"({"alerts":[{"rule":"idle","severity":"high","state":"firing"},{}]})";
  state.add(with);
  EXPECT_EQ(state.model().alerts, (std::vector<std::string>{"high firing idle", ""}));
  state.add(poll(1, 1));
  EXPECT_FALSE(state.model().alerts.has_value());
}

TEST(TopState, SurvivesAnswersThatAreNone) {
  for (const char* text : {"", "<html>", "{}", "\xff\xfe", "kcloud_logger_journal_bytes"}) {
    TopState state;
    for (int second = 0; second < 3; ++second) {
      Poll odd = poll(second, 1);
      odd.metrics = odd.health = text;
      odd.alerts = text;
      state.add(odd);
    }
    EXPECT_TRUE(state.model().connected);
    EXPECT_TRUE(state.model().collectors.empty()) << text;
    EXPECT_EQ(state.model().status, "");
  }
}

}  // namespace
}  // namespace kcloud::cli
