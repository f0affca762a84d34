#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "config/config.h"
#include "decoded.h"
#include "environment.h"

namespace kcloud::config {
namespace {

using core::Catalogue;
using testing::HasSubstr;

std::shared_ptr<const Catalogue> built_in() {
  Problems problems;
  auto catalogue = load_catalogue({}, fake_environment(), problems);
  EXPECT_EQ(all(problems), "");
  return catalogue;
}

struct Listed {
  std::string type, alias, tags, measures, texts;
};

// The table of the event catalogue, as agreed with publishers and dashboards.
const Listed kTable[] = {
    {"scheduling_decision", "scheduling", "scheduler cluster workload_type outcome",
     "execution_time_ms power_watts cost_per_hour alternatives best_alternative_cost "
     "efficiency_score cpu memory_bytes gpu npu power_budget_watts",
     "workload reason"},
    {"workload_relocation", "relocation", "trigger from_cluster to_cluster outcome",
     "power_saving_watts cost_saving_per_hour migration_time_seconds downtime_seconds",
     "workload reason"},
    {"cluster_reconfiguration", "cluster", "action cluster cluster_type",
     "node_count cost_per_hour workload_queue_length utilization_pct expected_efficiency_gain_pct",
     "cluster_id reason"},
    {"inefficiency_detected", "inefficiency", "kind cluster severity auto_action_taken",
     "utilization_pct idle_hours wasted_cost", "recommended_action"},
    {"policy_change", "policy", "action policy cluster", "version", "actor reason before after"},
    {"metrics_updated", "metrics", "cluster status",
     "health_score power_watts cost_per_hour utilization_pct", ""},
    {"alert", "alert", "cluster severity", "", "alert_id message"},
    {"alert_transition", "", "rule state severity", "value", "fingerprint labels evidence"},
    {"agent_audit", "", "action actor", "", "target detail"},
};

TEST(BuiltInCatalogue, CoversTheTable) {
  const auto catalogue = built_in();
  EXPECT_EQ(catalogue->types().size(), std::size(kTable));
  for (const auto& row : kTable) {
    const auto* type = catalogue->find(row.type);
    ASSERT_NE(type, nullptr) << row.type;
    EXPECT_EQ(type->alias, row.alias);
    EXPECT_EQ(type->reserved, row.alias.empty());
    const auto check = [&](const std::string& names, core::FieldRole role) {
      std::istringstream list(names);
      for (std::string name; list >> name;) {
        const auto slot = type->slot(name);
        ASSERT_TRUE(slot) << row.type << "." << name;
        EXPECT_EQ(type->fields[*slot].role, role) << row.type << "." << name;
      }
    };
    check(row.tags, core::FieldRole::kTag);
    check(row.measures, core::FieldRole::kMeasure);
    check(row.texts, core::FieldRole::kText);
  }
}

TEST(BuiltInCatalogue, ShipperTimesAreNotThePublishers) {
  const auto catalogue = built_in();
  EXPECT_EQ(catalogue->common().time.front(), "timestamp");
  EXPECT_THAT(catalogue->common().shipper_time, testing::ElementsAre("@timestamp", "date"));
  for (const auto& type : catalogue->types())
    EXPECT_THAT(type.common.time, testing::Not(testing::Contains("@timestamp"))) << type.name;
}

struct Shape {
  std::string name;
  std::string type;
  std::string json;
  std::vector<std::pair<std::string, std::string>> want;
};

const Shape kShapes[] = {
    {"nested decision",
     "scheduling",
     R"({"event_type":"scheduling_decision","timestamp":"2025-01-15T10:30:00Z",
         "scheduler":"kcloud-meta-scheduler","workload":{"id":"ml-1","type":"ml_training",
         "requirements":{"cpu":8,"memory":"32Gi","gpu":2,"power_budget":1500}},
         "decision":{"selected_cluster":"gpu-cluster-01","reason":"최적 전력 효율성",
         "cost_calculation":{"estimated_power_watts":1200,"estimated_cost_per_hour":15.60,
         "alternatives":[{"cluster":"a","cost":18.20},{"cluster":"b","cost":22.40}]}},
         "execution_time_ms":245})",
     {{"scheduler", "\"kcloud-meta-scheduler\""},
      {"cluster", "\"gpu-cluster-01\""},
      {"workload", "\"ml-1\""},
      {"workload_type", "\"ml_training\""},
      {"reason", "\"최적 전력 효율성\""},
      {"outcome", "\"success\""},
      {"execution_time_ms", "245"},
      {"power_watts", "1200"},
      {"cost_per_hour", "15.6"},
      {"alternatives", "2"},
      {"best_alternative_cost", "18.2"},
      {"cpu", "8"},
      {"memory_bytes", "34359738368"},
      {"gpu", "2"},
      {"npu", "null"},
      {"power_budget_watts", "1500"}}},
    {"flat decision of the Python tracker",
     "scheduling",
     R"({"workload_id":"w","selected_cluster":"gpu-cluster-02",
         "alternatives":[{"cluster":"a","cost":18.50},{"cluster":"b","cost":22.30}],
         "cost_calculation":{"power_watts":1400,"cost_per_hour":16.80,"efficiency_score":0.85},
         "execution_time_ms":180})",
     {{"workload", "\"w\""},
      {"cluster", "\"gpu-cluster-02\""},
      {"alternatives", "2"},
      {"best_alternative_cost", "18.5"},
      {"power_watts", "1400"},
      {"cost_per_hour", "16.8"},
      {"efficiency_score", "0.85"},
      {"execution_time_ms", "180"}}},
    {"client call",
     "scheduling",
     R"({"workload_id":"w","cluster_id":"c","cost_calculation":{},"execution_time":245})",
     {{"cluster", "\"c\""}, {"execution_time_ms", "245"}}},
    {"policy engine",
     "scheduling",
     R"({"workloadId":"w","recommendedCluster":"l40s","estimatedCost":2.5,"estimatedPower":300})",
     {{"workload", "\"w\""},
      {"cluster", "\"l40s\""},
      {"cost_per_hour", "2.5"},
      {"power_watts", "300"}}},
    {"Go scheduler",
     "scheduling",
     R"({"Timestamp":"2025-01-15T10:30:00.5+09:00","WorkloadID":"w","NodeName":"node",
         "Decision":{"SelectedNode":"furiosa","Score":0.7,"Reason":"fits","EstimatedCost":1.5,
         "EstimatedPower":90},"Duration":245000000,"Success":false,"Reason":"quota"})",
     {{"workload", "\"w\""},
      {"cluster", "\"furiosa\""},
      {"outcome", "\"failure\""},
      {"execution_time_ms", "245"},
      {"power_watts", "90"},
      {"cost_per_hour", "1.5"},
      {"efficiency_score", "0.7"},
      {"reason", "\"fits\""}}},
    {"nested relocation",
     "relocation",
     R"({"trigger":"power_efficiency_optimization","workload":"inference-service-456",
         "migration":{"from_cluster":"gpu-cluster-02","to_cluster":"npu-cluster-01",
         "reason":"NPU가","power_saving_watts":300,"cost_saving_per_hour":4.20},
         "migration_time_seconds":45,"downtime_seconds":2})",
     {{"workload", "\"inference-service-456\""},
      {"from_cluster", "\"gpu-cluster-02\""},
      {"to_cluster", "\"npu-cluster-01\""},
      {"trigger", "\"power_efficiency_optimization\""},
      {"power_saving_watts", "300"},
      {"cost_saving_per_hour", "4.2"},
      {"migration_time_seconds", "45"},
      {"downtime_seconds", "2"}}},
    {"flat relocation",
     "relocation",
     R"({"workload_id":"w","from_cluster":"a","to_cluster":"b","trigger":"t",
         "metrics":{"power_saving_watts":250,"cost_saving_per_hour":3.75,
         "migration_time_seconds":"35s","downtime_seconds":1}})",
     {{"power_saving_watts", "250"},
      {"cost_saving_per_hour", "3.75"},
      {"migration_time_seconds", "35"},
      {"downtime_seconds", "1"}}},
    {"reconfiguration",
     "cluster",
     R"({"action":"cluster_created","cluster":{"id":"m-789","name":"npu","type":"npu_optimized",
         "node_count":3,"estimated_cost_per_hour":12.50},"trigger":{"workload_queue_length":15,
         "existing_cluster_utilization":95,"expected_efficiency_gain":"25%"}})",
     {{"cluster", "\"npu\""},
      {"cluster_id", "\"m-789\""},
      {"cluster_type", "\"npu_optimized\""},
      {"node_count", "3"},
      {"cost_per_hour", "12.5"},
      {"workload_queue_length", "15"},
      {"utilization_pct", "95"},
      {"expected_efficiency_gain_pct", "25"}}},
    {"inefficiency",
     "inefficiency",
     R"({"severity":"medium","inefficiency":{"type":"idle_cluster","cluster":"cpu-cluster-03",
         "utilization":8,"idle_duration_hours":6,"wasted_cost_estimate":75.60},
         "recommended_action":"cluster_consolidation","auto_action_taken":false})",
     {{"kind", "\"idle_cluster\""},
      {"cluster", "\"cpu-cluster-03\""},
      {"severity", "\"medium\""},
      {"auto_action_taken", "\"false\""},
      {"utilization_pct", "8"},
      {"idle_hours", "6"},
      {"wasted_cost", "75.6"},
      {"recommended_action", "\"cluster_consolidation\""}}},
    {"flat inefficiency",
     "inefficiency",
     R"({"inefficiency_type":"idle_cluster","resource_id":"cpu-cluster-05","severity":"HIGH",
         "metrics":{"utilization_percentage":5,"idle_duration_hours":12,
         "wasted_cost_estimate":150.40}})",
     {{"kind", "\"idle_cluster\""},
      {"cluster", "\"cpu-cluster-05\""},
      {"severity", "\"high\""},
      {"utilization_pct", "5"},
      {"idle_hours", "12"},
      {"wasted_cost", "150.4"}}},
    {"policy",
     "policy",
     R"({"action":"rollback","policy":{"name":"power-saving","version":3},"user":"sre",
         "before":{"limit":5},"after":{"limit":6},"scope":{"cluster":"l40s"}})",
     {{"action", "\"rolled_back\""},
      {"policy", "\"power-saving\""},
      {"version", "3"},
      {"actor", "\"sre\""},
      {"cluster", "\"l40s\""},
      {"before", R"("{\"limit\":5}")"}}},
    {"metrics on Redis",
     "",
     R"({"cluster_name":"rebellions","status":"healthy","health_score":0.93,
         "timestamp":"2025-01-15T10:30:00","event_type":"metrics_updated"})",
     {{"cluster", "\"rebellions\""}, {"status", "\"healthy\""}, {"health_score", "0.93"}}},
    {"alert on Redis",
     "",
     R"({"alert_id":"a-1","cluster_name":"l40s","severity":"WARNING","message":"hot",
         "timestamp":"2025-01-15T10:30:00","metadata":{},"_type":"alert"})",
     {{"cluster", "\"l40s\""},
      {"severity", "\"warning\""},
      {"alert_id", "\"a-1\""},
      {"message", "\"hot\""}}},
};

TEST(BuiltInCatalogue, ReadsEveryKnownShape) {
  const auto catalogue = built_in();
  for (const auto& shape : kShapes) {
    SCOPED_TRACE(shape.name);
    const Decoded decoded(*catalogue, shape.type, shape.json);
    ASSERT_EQ(decoded.errors, "");
    for (const auto& [name, want] : shape.want) EXPECT_EQ(decoded[name], want) << name;
  }
}

TEST(BuiltInCatalogue, CommonFieldsComeFromTheDecision) {
  const auto catalogue = built_in();
  const Decoded moved(*catalogue, "relocation",
                      R"({"workload":"w","migration":{"from_cluster":"a","to_cluster":"b"}})");
  EXPECT_EQ(moved.event().cluster, "b");
  EXPECT_EQ(moved.event().workload, "w");
  const Decoded placed(*catalogue, "scheduling",
                       R"({"workload":{"id":"w"},"scheduler":"s","selectedCluster":"c"})");
  EXPECT_EQ(placed.event().cluster, "c");
  EXPECT_EQ(placed.event().source, "s");
}

TEST(BuiltInCatalogue, RefusesWhatIsMeaningless) {
  const auto catalogue = built_in();
  const std::tuple<std::string, std::string, std::string> cases[] = {
      {"scheduling", R"({"workload_id":"w"})", "decision.selected_cluster: missing"},
      {"scheduling", R"({"selected_cluster":"c"})", "workload.id: missing"},
      {"relocation", R"({"workload":"w"})", "migration.to_cluster: missing"},
      {"cluster", R"({"cluster":"c"})", "action: missing"},
      {"cluster", R"({"action":"a"})", "cluster.name: missing"},
      {"inefficiency", R"({})", "inefficiency.type: missing"},
      {"inefficiency", R"({"kind":"k","severity":"loud"})", "severity: the text 'loud'"},
      {"policy", R"({"action":"created"})", "policy: missing"},
      {"policy", R"({"policy":"p","action":"bent"})", "action: the text 'bent'"},
      {"metrics", R"({})", "cluster_name: missing"},
      {"alert", R"({})", "message: missing"},
      {"scheduling", R"({"workload":"w","cluster":"c","power_watts":"many"})",
       "power_watts: the text 'many', expected a number (watts)"},
      {"alert_transition", R"({"rule":"r","state":"s"})", "reserved for the agent"},
  };
  for (const auto& [type, json, want] : cases)
    EXPECT_THAT(Decoded(*catalogue, type, json).errors, HasSubstr(want)) << json;
}

TEST(BuiltInCatalogue, TheExampleOfEverySchemaIsAccepted) {
  const auto catalogue = built_in();
  for (const auto& type : catalogue->types()) {
    if (type.reserved) continue;
    const std::string schema = core::json_schema(type);
    const auto start = schema.rfind("\"examples\":[") + 12;
    const std::string example = schema.substr(start, schema.size() - start - 2);
    EXPECT_EQ(Decoded(*catalogue, type.name, example).errors, "") << example;
  }
}

}  // namespace
}  // namespace kcloud::config
