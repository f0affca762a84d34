// A believable fleet for demonstrations: workloads are submitted, placed, moved and finished on
// GPU, NPU and CPU clusters; clusters grow and shrink; policies change; things break and recover.
// Every number follows from the same model, so what a relocation saves is the difference of what
// the two clusters cost.
//
// Pure: the same seed and the same times give the same events. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/cli/demo_clusters.h"
#include "agent/cli/demo_events.h"
#include "agent/cli/demo_random.h"

namespace kcloud::cli {

// How busy the fleet is, 0.3–1: fullest at 15:00 in Seoul, emptiest at 03:00, less at weekends.
double load_factor(core::Time now);

class Fleet {
 public:
  explicit Fleet(std::uint64_t seed);

  // The next event, stamped `now` (to the millisecond), as a JSON object.
  std::string next(core::Time now);

 private:
  struct Cluster {
    std::string name, type, id;
    std::string_view accelerator;
    Unit unit;
    int nodes, units_per_node;
    double watts, cost;
    int used = 0;
    bool down = false;
    bool creating = false;  // announced, takes no workloads yet
    bool temporary = false;

    int capacity() const { return creating ? 0 : nodes * units_per_node; }
    int free() const { return down ? 0 : capacity() - used; }
    double utilization() const { return capacity() == 0 ? 0 : 100.0 * used / capacity(); }
  };
  struct Workload {
    std::string id;
    const WorkloadKind* kind;
    int units;
    double intensity;  // share of the units' full power
    std::string cluster;
  };
  struct Policy {
    const PolicySpec* spec;
    int version = 1;
    double value;
    double previous;
  };
  enum class Incident : std::uint8_t { kNone, kLatency, kFailures, kDown };

  Workload submit();
  Decision place(core::Time now, Workload& workload);
  std::string decide(core::Time now);
  std::string relocate(core::Time now);
  std::string move(core::Time now, Workload& workload, Cluster& to, std::string_view trigger,
                   std::string reason);
  std::string evacuate(core::Time now);  // empty when the broken cluster is empty
  std::string reconfigure(core::Time now);
  std::string finish_reconfiguration(core::Time now);
  std::string find_inefficiency(core::Time now);
  std::string change_policy(core::Time now);
  std::string report_metrics(core::Time now);
  std::string begin_incident(core::Time now);
  std::string end_incident(core::Time now);
  std::string alert(core::Time now, std::string_view severity, std::string message);
  void finish_some(core::Time now);

  Reconfiguration describe(core::Time now, const Cluster& cluster, std::string_view action,
                           std::string reason);
  std::vector<Cluster*> candidates(const Workload& workload);
  Cluster& cluster(const std::string& name);
  Shape shape();

  Random random_;
  std::vector<Cluster> clusters_;
  std::vector<Workload> workloads_;  // placed, not finished
  std::vector<Policy> policies_;
  std::uint64_t count_ = 0;
  int next_workload_ = 100;
  int next_cluster_ = 700;
  int next_alert_ = 1;
  std::size_t next_metrics_ = 0;
  Incident incident_ = Incident::kNone;
  std::uint64_t incident_until_ = 0;  // by count_
  std::string incident_cluster_;
};

}  // namespace kcloud::cli
