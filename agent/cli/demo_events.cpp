#include "agent/cli/demo_events.h"

#include "core/json.h"

namespace kcloud::cli {
namespace {

// Writes one JSON object; closed when it goes out of scope.
class Object {
 public:
  explicit Object(std::string& out) : out_(out) { out_ += '{'; }
  ~Object() { out_ += '}'; }
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;

  void text(std::string_view key, std::string_view value) {
    core::append_key(out_, key);
    core::append_json_string(out_, value);
  }
  void number(std::string_view key, double value) {
    core::append_key(out_, key);
    core::append_json_number(out_, value);
  }
  void integer(std::string_view key, int value) {
    core::append_key(out_, key);
    out_ += std::to_string(value);
  }
  void boolean(std::string_view key, bool value) {
    core::append_key(out_, key);
    out_ += value ? "true" : "false";
  }
  Object object(std::string_view key) {
    core::append_key(out_, key);
    return Object(out_);
  }
  void alternatives(const std::vector<Alternative>& list) {
    core::append_key(out_, "alternatives");
    out_ += '[';
    for (const Alternative& alternative : list) {
      core::append_comma(out_);
      Object entry(out_);
      entry.text("cluster", alternative.cluster);
      entry.number("cost", alternative.cost);
    }
    out_ += ']';
  }
  void head(std::string_view type, core::Time time) {
    text("event_type", type);
    text("timestamp", core::format_time(time));
  }

 private:
  std::string& out_;
};

template <typename Write>
std::string document(Write write) {
  std::string out;
  {
    Object body(out);
    write(body);
  }
  return out;
}

void write_nested(Object& body, const Decision& d) {
  body.head("scheduling_decision", d.time);
  body.text("scheduler", d.scheduler);
  {
    Object workload = body.object("workload");
    workload.text("id", d.workload);
    workload.text("type", d.workload_type);
    Object requirements = workload.object("requirements");
    requirements.integer("cpu", d.cores);
    requirements.text("memory", std::to_string(d.memory_gib) + "Gi");
    if (!d.accelerator.empty()) requirements.integer(d.accelerator, d.units);
    requirements.integer("power_budget", d.power_budget);
  }
  {
    Object decision = body.object("decision");
    decision.text("selected_cluster", d.cluster);
    decision.text("reason", d.reason);
    Object cost = decision.object("cost_calculation");
    cost.number("estimated_power_watts", d.watts);
    cost.number("estimated_cost_per_hour", d.cost);
    cost.number("efficiency_score", d.efficiency);
    cost.alternatives(d.alternatives);
  }
  body.integer("execution_time_ms", d.execution_ms);
  if (d.failed) body.text("outcome", "failure");
}

void write_flat(Object& body, const Decision& d) {
  body.head("scheduling_decision", d.time);
  body.text("scheduler", d.scheduler);
  body.text("workload_id", d.workload);
  body.text("workload_type", d.workload_type);
  body.text("selected_cluster", d.cluster);
  body.text("reason", d.reason);
  body.alternatives(d.alternatives);
  {
    Object cost = body.object("cost_calculation");
    cost.number("power_watts", d.watts);
    cost.number("cost_per_hour", d.cost);
    cost.number("efficiency_score", d.efficiency);
  }
  body.integer("execution_time_ms", d.execution_ms);
  if (d.failed) body.text("outcome", "failure");
}

void write_camel(Object& body, const Decision& d) {
  body.text("eventType", "scheduling_decision");
  body.text("timestamp", core::format_time(d.time));
  body.text("scheduler", "kcloud-policy-engine");
  body.text("workloadId", d.workload);
  body.text("workloadType", d.workload_type);
  body.text("recommendedCluster", d.cluster);
  body.text("reason", d.reason);
  body.number("estimatedPower", d.watts);
  body.number("estimatedCost", d.cost);
  body.integer("executionTimeMs", d.execution_ms);
  if (d.failed) body.text("outcome", "failure");
}

}  // namespace

std::string to_json(const Decision& decision, Shape shape) {
  return document([&](Object& body) {
    if (shape == Shape::kNested) write_nested(body, decision);
    if (shape == Shape::kFlat) write_flat(body, decision);
    if (shape == Shape::kCamel) write_camel(body, decision);
  });
}

std::string to_json(const Relocation& r, Shape shape) {
  return document([&](Object& body) {
    body.head("workload_relocation", r.time);
    body.text("trigger", r.trigger);
    if (shape == Shape::kNested) {
      body.text("workload", r.workload);
      Object migration = body.object("migration");
      migration.text("from_cluster", r.from);
      migration.text("to_cluster", r.to);
      migration.text("reason", r.reason);
      migration.number("power_saving_watts", r.watts_saved);
      migration.number("cost_saving_per_hour", r.cost_saved);
    } else {
      body.text("workload_id", r.workload);
      body.text("from_cluster", r.from);
      body.text("to_cluster", r.to);
      body.text("reason", r.reason);
      Object metrics = body.object("metrics");
      metrics.number("power_saving_watts", r.watts_saved);
      metrics.number("cost_saving_per_hour", r.cost_saved);
      metrics.integer("migration_time_seconds", r.migration_seconds);
      metrics.integer("downtime_seconds", r.downtime_seconds);
      return;
    }
    body.integer("migration_time_seconds", r.migration_seconds);
    body.integer("downtime_seconds", r.downtime_seconds);
  });
}

std::string to_json(const Reconfiguration& change) {
  return document([&](Object& body) {
    body.head("cluster_reconfiguration", change.time);
    body.text("action", change.action);
    {
      Object cluster = body.object("cluster");
      cluster.text("id", change.id);
      cluster.text("name", change.name);
      cluster.text("type", change.type);
      cluster.integer("node_count", change.nodes);
      cluster.number("estimated_cost_per_hour", change.cost);
    }
    Object trigger = body.object("trigger");
    trigger.integer("workload_queue_length", change.queue_length);
    trigger.integer("existing_cluster_utilization", change.utilization);
    trigger.text("expected_efficiency_gain", std::to_string(change.gain) + "%");
    trigger.text("reason", change.reason);
  });
}

std::string to_json(const Inefficiency& finding, Shape shape) {
  return document([&](Object& body) {
    body.head("inefficiency_detected", finding.time);
    body.text("severity", finding.severity);
    if (shape == Shape::kNested) {
      Object detail = body.object("inefficiency");
      detail.text("type", finding.kind);
      detail.text("cluster", finding.cluster);
      detail.number("utilization", finding.utilization);
      detail.number("idle_duration_hours", finding.hours);
      detail.number("wasted_cost_estimate", finding.wasted);
    } else {
      body.text("inefficiency_type", finding.kind);
      body.text("resource_id", finding.cluster);
      Object metrics = body.object("metrics");
      metrics.number("utilization_percentage", finding.utilization);
      metrics.number("idle_duration_hours", finding.hours);
      metrics.number("wasted_cost_estimate", finding.wasted);
    }
    body.text("recommended_action", finding.action);
    body.boolean("auto_action_taken", finding.acted);
  });
}

std::string to_json(const PolicyChange& change) {
  return document([&](Object& body) {
    body.head("policy_change", change.time);
    body.text("action", change.action);
    body.text("policy", change.policy);
    if (!change.cluster.empty()) body.text("cluster", change.cluster);
    body.integer("version", change.version);
    body.text("actor", change.actor);
    body.text("reason", change.reason);
    body.object("before").number(change.key, change.before);
    body.object("after").number(change.key, change.after);
  });
}

std::string to_json(const Metrics& metrics) {
  return document([&](Object& body) {
    body.text("cluster_name", metrics.cluster);
    body.text("status", metrics.status);
    body.integer("health_score", metrics.health);
    body.number("power_watts", metrics.watts);
    body.number("cost_per_hour", metrics.cost);
    body.number("utilization_pct", metrics.utilization);
    body.text("timestamp", core::format_time(metrics.time));
    body.text("event_type", "metrics_updated");
  });
}

std::string to_json(const Alert& alert) {
  return document([&](Object& body) {
    body.text("alert_id", alert.id);
    body.text("cluster_name", alert.cluster);
    body.text("severity", alert.severity);
    body.text("message", alert.message);
    body.text("timestamp", core::format_time(alert.time));
    body.object("metadata").text("source", "demo");
    body.text("_type", "alert");
  });
}

}  // namespace kcloud::cli
