#include "agent/cli/demo_history.h"

#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <set>

#include "config/config.h"
#include "core/decode.h"
#include "core/json.h"

namespace kcloud::cli {
namespace {

using core::json_text_at;
using std::chrono::hours;

core::Time at(const char* text) { return core::parse_time(text, core::Zone())->time; }

const core::Time kNow = at("2026-01-14T06:30:12.345Z");  // a Wednesday, 15:30 in Seoul
constexpr int kDays = 14;

std::vector<std::string> tell(std::uint64_t seed, core::Time until = kNow, int days = kDays,
                              double per_day = 4000) {
  History history({seed, history_start(until, static_cast<std::uint32_t>(days)), until, per_day});
  std::vector<std::string> bodies;
  while (auto body = history.next()) bodies.push_back(std::move(*body));
  EXPECT_DOUBLE_EQ(history.progress(), 1);
  return bodies;
}

// Fourteen days, told once.
const std::vector<std::string>& fortnight() {
  static const auto bodies = tell(3);
  return bodies;
}

core::Time time_of(const std::string& body) { return at(json_text_at(body, "timestamp").c_str()); }

std::string type_of(const std::string& body) {
  for (const char* path : {"event_type", "eventType", "_type"}) {
    if (std::string text = json_text_at(body, path); !text.empty()) return text;
  }
  return {};
}

double mean(const std::vector<double>& values) {
  return values.empty() ? 0
                        : std::accumulate(values.begin(), values.end(), 0.0) /
                              static_cast<double>(values.size());
}

// The decoded decisions, in order.
struct Decided {
  core::Time time;
  std::string workload_type, cluster;
  double execution_ms, watts_a_gpu;
};
std::vector<Decided> decisions() {
  std::vector<Decided> out;
  for (const std::string& body : fortnight()) {
    const std::string type = json_text_at(body, "workload.type");
    if (type_of(body) != "scheduling_decision" || type.empty()) continue;
    const std::string gpus = json_text_at(body, "workload.requirements.gpu");
    const std::string watts = json_text_at(body, "decision.cost_calculation.estimated_power_watts");
    out.push_back({time_of(body), type, json_text_at(body, "decision.selected_cluster"),
                   std::stod(json_text_at(body, "execution_time_ms")),
                   gpus.empty() ? 0 : std::stod(watts) / std::stod(gpus)});
  }
  return out;
}

TEST(HistoryStart, IsMidnightInSeoul) {
  EXPECT_EQ(history_start(kNow, 14), at("2025-12-30T15:00:00Z"));
  EXPECT_EQ(history_start(at("2026-01-14T15:00:00Z"), 1), at("2026-01-13T15:00:00Z"));
}

TEST(History, CoversTheDaysAndNeverTheFuture) {
  core::Time last{};
  for (const std::string& body : fortnight()) {
    const core::Time time = time_of(body);
    EXPECT_GT(time, last) << body;
    last = time;
  }
  EXPECT_LE(time_of(fortnight().front()), kNow - hours(24 * kDays));
  EXPECT_LT(last, kNow);
  EXPECT_GT(last, kNow - std::chrono::minutes(20));
}

TEST(History, HasAboutAsManyEventsAsAskedFor) {
  const std::vector<std::string> bodies = tell(8, at("2026-01-11T15:00:00Z"), 7);
  EXPECT_NEAR(static_cast<double>(bodies.size()), 7 * 4000, 7 * 400);
}

TEST(History, IsTheSameForASeed) {
  EXPECT_EQ(tell(7, kNow, 2), tell(7, kNow, 2));
  EXPECT_NE(tell(7, kNow, 2), tell(8, kNow, 2));
}

TEST(History, GoesOnWhereItEndedBefore) {
  const auto before = tell(7, at("2026-01-11T02:00:00Z"), 7);
  const core::Time later = at("2026-01-11T09:00:00Z");  // the eighth day: another plan's week
  const auto after = tell(7, later, 7);
  ASSERT_GT(after.size(), before.size());
  EXPECT_TRUE(std::equal(before.begin(), before.end(), after.begin()));
}

TEST(History, HasTheShapeOfDaysAndWeeks) {
  std::map<std::string, int> by_hour;  // weekday and hour in Seoul
  for (const std::string& body : fortnight()) {
    const auto seoul = time_of(body) + hours(9);
    const auto day = std::chrono::floor<std::chrono::days>(seoul);
    const auto hour = static_cast<int>((seoul - day) / hours(1));
    const bool weekend = std::chrono::weekday(std::chrono::sys_days(day)).iso_encoding() >= 6;
    by_hour[(weekend ? "weekend " : "weekday ") + std::to_string(hour)] += weekend ? 5 : 2;
  }
  EXPECT_GT(by_hour["weekday 12"], 2 * by_hour["weekend 4"]);
  EXPECT_GT(by_hour["weekday 15"], 2 * by_hour["weekday 5"]);
  EXPECT_GT(by_hour["weekday 11"], by_hour["weekday 12"]);  // lunch
  EXPECT_GT(by_hour["weekday 2"], by_hour["weekday 5"]);    // batches
  EXPECT_GT(by_hour["weekday 15"], by_hour["weekend 15"]);
}

TEST(History, TrainsAtNight) {
  std::map<bool, std::vector<double>> training;
  for (const Decided& decision : decisions()) {
    const auto seoul = decision.time + hours(9);
    const auto hour = (seoul - std::chrono::floor<std::chrono::days>(seoul)) / hours(1);
    training[hour < 6].push_back(decision.workload_type == "ml_training" ||
                                 decision.workload_type == "batch_etl");
  }
  EXPECT_GT(mean(training[true]), 1.3 * mean(training[false]));
}

TEST(History, ShowsWhatAPolicyChangeDid) {
  core::Time changed{};
  for (const std::string& body : fortnight()) {
    if (json_text_at(body, "policy") != "gpu-power-cap") continue;
    changed = time_of(body);
    EXPECT_LT(json_text_at(body, "after.max_power_watts"),
              json_text_at(body, "before.max_power_watts"));
    break;
  }
  ASSERT_NE(changed, core::Time{});
  std::vector<double> before, after;
  for (const Decided& decision : decisions()) {
    if (decision.cluster != "gpu-cluster-01") continue;
    if (decision.time < changed && decision.time > changed - hours(48)) {
      before.push_back(decision.watts_a_gpu);
    }
    if (decision.time > changed && decision.time < changed + hours(48)) {
      after.push_back(decision.watts_a_gpu);
    }
  }
  ASSERT_GT(before.size(), 20u);
  ASSERT_GT(after.size(), 20u);
  EXPECT_LT(mean(after), 0.93 * mean(before));
}

TEST(History, HasAnHourOfSlowScheduling) {
  std::map<std::int64_t, std::vector<double>> by_hour;
  for (const Decided& decision : decisions()) {
    by_hour[decision.time.time_since_epoch() / hours(1)].push_back(decision.execution_ms);
  }
  int slow = 0;
  for (const auto& [hour, times] : by_hour) slow += times.size() > 10 && mean(times) > 500;
  EXPECT_GE(slow, 1);
  EXPECT_LE(slow, 4);
}

TEST(History, HasAWaveOfRelocationsAndAForgottenCluster) {
  std::map<std::int64_t, int> moves;  // less the decisions, by ten minutes
  std::set<std::int64_t> drained;
  double longest_idle = 0;
  for (const std::string& body : fortnight()) {
    const std::int64_t slot = time_of(body).time_since_epoch() / std::chrono::minutes(10);
    moves[slot] += type_of(body) == "workload_relocation";
    moves[slot] -= type_of(body) == "scheduling_decision";
    if (json_text_at(body, "trigger") == "maintenance") drained.insert(slot);
    const std::string idle = json_text_at(body, "inefficiency.idle_duration_hours");
    const std::string used = json_text_at(body, "inefficiency.utilization");
    if (!idle.empty() && std::stod(used) < 15)
      longest_idle = std::max(longest_idle, std::stod(idle));
  }
  EXPECT_TRUE(std::any_of(drained.begin(), drained.end(),
                          [&](std::int64_t slot) { return moves[slot] > 0; }));
  EXPECT_LE(drained.size(), 12u);
  EXPECT_GT(longest_idle, 4);
}

// Over the borders of days too: placed once, then moved from where it is.
TEST(History, TellsALifeOfEachWorkload) {
  std::map<std::string, std::string> place;
  int moves = 0;
  for (const std::string& body : fortnight()) {
    const auto first = [&](std::initializer_list<const char*> paths) {
      for (const char* path : paths) {
        std::string text = json_text_at(body, path);
        if (!text.empty() && text[0] != '{') return text;
      }
      return std::string();
    };
    const std::string workload = first({"workload.id", "workload_id", "workloadId", "workload"});
    if (type_of(body) == "scheduling_decision" && json_text_at(body, "outcome") != "failure") {
      EXPECT_FALSE(place.contains(workload)) << "placed twice: " << workload;
      place[workload] =
          first({"decision.selected_cluster", "selected_cluster", "recommendedCluster"});
    } else if (type_of(body) == "workload_relocation") {
      ++moves;
      EXPECT_EQ(first({"migration.from_cluster", "from_cluster"}), place[workload]) << body;
      place[workload] = first({"migration.to_cluster", "to_cluster"});
    }
  }
  EXPECT_GT(moves, 1000);
}

// Every event has an id of its own, and none is refused or warned about.
TEST(History, FitsTheBuiltInCatalogue) {
  config::Problems problems;
  const auto catalogue = config::load_catalogue({}, config::Environment::system(), problems);
  ASSERT_TRUE(problems.empty());
  core::Decoder decoder(*catalogue, {});
  core::TransportHints hints;
  hints.received = kNow;
  std::vector<core::FieldError> errors;
  std::vector<std::string_view> warnings;
  std::set<std::string> ids;
  for (const std::string& body : fortnight()) {
    core::EventBatch batch;
    ASSERT_TRUE(decoder.decode(body, hints, batch, errors, warnings)) << body;
    ASSERT_NE(batch.events.back().type, nullptr) << body;
    EXPECT_TRUE(ids.insert(core::to_string(batch.events.back().id)).second) << body;
  }
  EXPECT_TRUE(warnings.empty());
  EXPECT_EQ(ids.size(), fortnight().size());
}

}  // namespace
}  // namespace kcloud::cli
