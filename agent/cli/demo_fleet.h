// A believable fleet for demonstrations: workloads are submitted, placed, moved and finished on
// GPU, NPU and CPU clusters; clusters grow and shrink; policies change; things break and recover.
// Every number follows from the same model, so what a relocation saves is the difference of what
// the two clusters cost.
//
// Pure: the same seed and the same times give the same events, and no two are equal. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/cli/demo_clusters.h"
#include "agent/cli/demo_events.h"
#include "agent/cli/demo_random.h"

namespace kcloud::cli {

// How busy the fleet is, 0–1: fullest at 15:00 in Seoul, a lunch break, training and batch work at
// night, about half of it at weekends.
double load_factor(core::Time now);

enum class Incident : std::uint8_t {
  kNone,
  kLatency,   // schedulers are slow
  kFailures,  // decisions fail
  kDown,      // a cluster is gone, its workloads are evacuated
  kDrain,     // a cluster is emptied for maintenance: a wave of relocations
  kIdle,      // a cluster gets no work, and nobody notices but the findings
};

// What the fleet does next, in thousandths; what they leave are metrics.
struct Mix {
  int decide, relocate, inefficiency, reconfigure, policy;
};

class Fleet {
 public:
  explicit Fleet(std::uint64_t seed);

  // The next event, stamped `now`, as a JSON object. Stamps are whole milliseconds; an event that
  // is not after the last one is stamped a microsecond after it.
  std::string next(core::Time now);

  // The same for a caller with a plan of its own (demo_history.h): incidents begin and end, and
  // policies change, when it says so. Empty: nobody saw it, there is no event.
  std::string next(core::Time now, const Mix& mix);
  std::string begin(core::Time now, Incident incident, std::string_view cluster);
  std::string end(core::Time now);
  // `index` of policy_specs(). Its settings have their effect on what follows.
  std::string change_policy(core::Time now, std::size_t index, double amount, bool back);

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

  core::Time stamp(core::Time now);
  std::string act(core::Time now, const Mix& mix);
  Workload submit(core::Time now);
  Decision place(core::Time now, Workload& workload);
  std::string decide(core::Time now);
  std::string relocate(core::Time now);
  std::string move(core::Time now, Workload& workload, Cluster& to, std::string_view trigger,
                   std::string reason);
  std::string evacuate(core::Time now);  // empty when nothing is left to move, or nowhere to
  std::string reconfigure(core::Time now);
  std::string finish_reconfiguration(core::Time now);
  std::string find_inefficiency(core::Time now);
  std::string change_policy(core::Time now);
  std::string set_policy(core::Time now, std::size_t index, double amount, bool back);
  std::string report_metrics(core::Time now);
  std::string begin_incident(core::Time now);
  std::string alert(core::Time now, std::string_view severity, std::string message);
  void finish_some(core::Time now);

  Reconfiguration describe(core::Time now, const Cluster& cluster, std::string_view action,
                           std::string reason);
  std::vector<Cluster*> candidates(const Workload& workload);
  Cluster& cluster(const std::string& name);
  bool closed(const Cluster& cluster) const;     // takes no new workloads
  double policy_share(std::size_t index) const;  // its value as a share of what it began with
  Shape shape();

  Random random_;
  core::Time last_{};
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
  core::Time incident_began_{};
  std::string incident_cluster_;
};

}  // namespace kcloud::cli
