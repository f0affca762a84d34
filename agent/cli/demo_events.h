// The demo fleet's events as JSON bodies, in the shapes that publishers really use: nested as in
// the specification, flat as its Python client posts them, camelCase as other modules do. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.h"

namespace kcloud::cli {

enum class Shape : std::uint8_t { kNested, kFlat, kCamel };

struct Alternative {
  std::string cluster;
  double cost;
};

struct Decision {
  core::Time time;
  std::string_view scheduler, workload_type;
  std::string workload, cluster, reason;
  std::string_view accelerator;  // `gpu`, `npu` or empty
  int units, cores, memory_gib, power_budget;
  double watts, cost, efficiency;
  std::vector<Alternative> alternatives;
  int execution_ms;
  bool failed = false;
};
std::string to_json(const Decision& decision, Shape shape);

struct Relocation {
  core::Time time;
  std::string workload, from, to, reason;
  std::string_view trigger;
  double watts_saved, cost_saved;
  int migration_seconds, downtime_seconds;
};
std::string to_json(const Relocation& relocation, Shape shape);

struct Reconfiguration {
  core::Time time;
  std::string_view action;
  std::string id, name, type;
  int nodes;
  double cost;
  int queue_length, utilization, gain;
  std::string reason;
};
std::string to_json(const Reconfiguration& change);

struct Inefficiency {
  core::Time time;
  std::string_view severity, kind, action;
  std::string cluster;
  double utilization, hours, wasted;
  bool acted;
};
std::string to_json(const Inefficiency& finding, Shape shape);

struct PolicyChange {
  core::Time time;
  std::string_view action, policy, cluster, actor, key;
  std::string reason;
  int version;
  double before, after;
};
std::string to_json(const PolicyChange& change);

struct Metrics {
  core::Time time;
  std::string cluster;
  std::string_view status;
  int health;
  double watts, cost, utilization;
};
std::string to_json(const Metrics& metrics);

struct Alert {
  core::Time time;
  std::string id, cluster, message;
  std::string_view severity;
};
std::string to_json(const Alert& alert);

}  // namespace kcloud::cli
