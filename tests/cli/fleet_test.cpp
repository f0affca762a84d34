#include "agent/cli/demo_fleet.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "config/config.h"
#include "core/decode.h"
#include "core/json.h"

namespace kcloud::cli {
namespace {

using core::json_text_at;

core::Time at(const char* text) { return core::parse_time(text, core::Zone())->time; }

const core::Time kStart = at("2026-01-14T06:00:00Z");  // a Wednesday, 15:00 in Seoul

std::vector<std::string> events(std::uint64_t seed, std::size_t count, core::Time start = kStart) {
  Fleet fleet(seed);
  std::vector<std::string> bodies;
  for (std::size_t i = 0; i < count; ++i) {
    bodies.push_back(fleet.next(start + std::chrono::milliseconds(50 * i)));
  }
  return bodies;
}

// The first of `paths` that is there.
std::string first(const std::string& body, std::initializer_list<const char*> paths) {
  for (const char* path : paths) {
    std::string text = json_text_at(body, path);
    if (!text.empty() && text[0] != '{') return text;
  }
  return {};
}

std::string type_of(const std::string& body) {
  return first(body, {"event_type", "eventType", "_type"});
}

double number(const std::string& text) { return text.empty() ? 0 : std::stod(text); }

TEST(Fleet, IsTheSameForASeed) { EXPECT_EQ(events(7, 500), events(7, 500)); }

TEST(Fleet, DiffersBetweenSeeds) { EXPECT_NE(events(7, 20), events(8, 20)); }

TEST(Fleet, StampsTheTimeItIsGiven) {
  const auto bodies = events(1, 40);
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    EXPECT_EQ(json_text_at(bodies[i], "timestamp"),
              core::format_time(kStart + std::chrono::milliseconds(50 * i)));
  }
}

TEST(Fleet, ShowsEveryTypeAndShape) {
  std::map<std::string, int> types;
  std::set<std::string> actions;
  int flat = 0, camel = 0, failed = 0, korean = 0;
  const auto bodies = events(3, 5000);
  for (const std::string& body : bodies) {
    ++types[type_of(body)];
    actions.insert(json_text_at(body, "action"));
    flat += !json_text_at(body, "workload_id").empty();
    camel += !json_text_at(body, "workloadId").empty();
    failed += json_text_at(body, "outcome") == "failure";
    korean += body.find("효율") != std::string::npos;
  }
  for (const char* type : {"scheduling_decision", "workload_relocation", "cluster_reconfiguration",
                           "inefficiency_detected", "policy_change", "metrics_updated", "alert"}) {
    EXPECT_GT(types[type], 10) << type;
  }
  EXPECT_EQ(types.size(), 7u);
  for (const char* action : {"cluster_creating", "cluster_created", "cluster_scaled",
                             "cluster_deleted", "updated", "rolled_back"}) {
    EXPECT_TRUE(actions.contains(action)) << action;
  }
  EXPECT_GT(flat, 50);
  EXPECT_GT(camel, 50);
  EXPECT_GT(failed, 5);
  EXPECT_GT(korean, 100);
}

TEST(Fleet, HasNoTwoEqualEvents) {
  const auto bodies = events(5, 5000);
  EXPECT_EQ(std::set(bodies.begin(), bodies.end()).size(), bodies.size());
}

TEST(Fleet, HasNoTwoEqualEventsInOneMillisecond) {
  Fleet fleet(5);
  std::set<std::string> bodies;
  for (int i = 0; i < 500; ++i) EXPECT_TRUE(bodies.insert(fleet.next(kStart)).second);
}

// What a workload's events say must fit together: it moves from where it is, and what a move saves
// is what the places cost.
TEST(Fleet, TellsALifeOfEachWorkload) {
  std::map<std::string, std::string> place;
  std::map<std::string, double> cost, watts;
  int moves = 0;
  for (const std::string& body : events(11, 8000)) {
    const std::string type = type_of(body);
    const std::string workload =
        first(body, {"workload.id", "workload_id", "workloadId", "workload"});
    if (type == "scheduling_decision" && json_text_at(body, "outcome") != "failure") {
      EXPECT_FALSE(place.contains(workload)) << "placed twice: " << workload;
      place[workload] =
          first(body, {"decision.selected_cluster", "selected_cluster", "recommendedCluster"});
      cost[workload] = number(first(body, {"decision.cost_calculation.estimated_cost_per_hour",
                                           "cost_calculation.cost_per_hour", "estimatedCost"}));
      watts[workload] = number(first(body, {"decision.cost_calculation.estimated_power_watts",
                                            "cost_calculation.power_watts", "estimatedPower"}));
      EXPECT_GT(cost[workload], 0);
      EXPECT_GT(watts[workload], 0);
    } else if (type == "workload_relocation") {
      ++moves;
      EXPECT_EQ(first(body, {"migration.from_cluster", "from_cluster"}), place[workload]) << body;
      place[workload] = first(body, {"migration.to_cluster", "to_cluster"});
      cost[workload] -=
          number(first(body, {"migration.cost_saving_per_hour", "metrics.cost_saving_per_hour"}));
      watts[workload] -=
          number(first(body, {"migration.power_saving_watts", "metrics.power_saving_watts"}));
      EXPECT_GT(cost[workload], 0) << body;
      EXPECT_GT(watts[workload], 0) << body;
    }
  }
  EXPECT_GT(moves, 500);
}

TEST(Fleet, OffersAlternativesThatDifferFromTheChoice) {
  for (const std::string& body : events(13, 500)) {
    const std::string chosen = json_text_at(body, "decision.selected_cluster");
    if (chosen.empty()) continue;
    for (const char* path : {"decision.cost_calculation.alternatives.0.cluster",
                             "decision.cost_calculation.alternatives.1.cluster"}) {
      EXPECT_NE(json_text_at(body, path), chosen);
    }
  }
}

TEST(Fleet, KeepsUtilizationBelowAHundredPercent) {
  for (const std::string& body : events(17, 5000)) {
    const double used = number(json_text_at(body, "utilization_pct"));
    EXPECT_GE(used, 0) << body;
    EXPECT_LE(used, 100) << body;
  }
}

// Nothing the fleet posts is refused or warned about, and every figure has its field.
TEST(Fleet, FitsTheBuiltInCatalogue) {
  config::Problems problems;
  const auto catalogue = config::load_catalogue({}, config::Environment::system(), problems);
  ASSERT_TRUE(problems.empty());
  core::Decoder decoder(*catalogue, {});
  core::EventBatch batch;
  core::TransportHints hints;
  hints.received = kStart + std::chrono::minutes(5);
  std::vector<core::FieldError> errors;
  std::vector<std::string_view> warnings;
  for (const std::string& body : events(23, 3000)) {
    ASSERT_TRUE(decoder.decode(body, hints, batch, errors, warnings)) << body;
    const core::Event& event = batch.events.back();
    ASSERT_NE(event.type, nullptr) << body;
    EXPECT_FALSE(event.cluster.empty() && event.type_name != "policy_change") << body;
    for (const char* name : {"power_watts", "cost_per_hour", "cost_saving_per_hour"}) {
      const auto slot = event.type->slot(name);
      EXPECT_TRUE(!slot || event.fields[*slot].present()) << name << " of " << body;
    }
  }
  EXPECT_TRUE(warnings.empty()) << warnings.front();
  EXPECT_EQ(batch.events.size(), 3000u);
}

TEST(LoadFactor, FollowsDayAndWeek) {
  const double afternoon = load_factor(kStart);
  const double night = load_factor(at("2026-01-14T18:00:00Z"));
  const double sunday = load_factor(at("2026-01-18T06:00:00Z"));
  EXPECT_DOUBLE_EQ(afternoon, 1.0);
  EXPECT_LT(night, 0.5);
  EXPECT_LT(sunday, afternoon);
  EXPECT_GE(night, 0.3);
}

TEST(Fleet, IsFullerByDayThanByNight) {
  const auto mean_utilization = [](core::Time start) {
    double sum = 0;
    int count = 0;
    for (const std::string& body : events(19, 4000, start)) {
      const std::string used = json_text_at(body, "utilization_pct");
      if (used.empty()) continue;
      sum += number(used);
      ++count;
    }
    return sum / count;
  };
  EXPECT_GT(mean_utilization(kStart), mean_utilization(at("2026-01-14T18:00:00Z")) + 8);
}

}  // namespace
}  // namespace kcloud::cli
