// The fleet's operation: clusters that grow and shrink, findings, policies, incidents.
#include <algorithm>
#include <array>
#include <cmath>

#include "agent/cli/demo_fleet.h"

namespace kcloud::cli {
namespace {

constexpr std::size_t kMostTemporary = 3;

double cents(double value) { return std::round(value * 100) / 100; }
double tenths(double value) { return std::round(value * 10) / 10; }

}  // namespace

Reconfiguration Fleet::describe(core::Time now, const Cluster& cluster, std::string_view action,
                                std::string reason) {
  const int utilization = static_cast<int>(std::lround(cluster.utilization()));
  return {now,
          action,
          cluster.id,
          cluster.name,
          cluster.type,
          cluster.nodes,
          cents(cluster.nodes * cluster.units_per_node * cluster.cost),
          std::max(0, (utilization - 60) / 3) + random_.between(0, 4),
          utilization,
          random_.between(5, 30),
          std::move(reason)};
}

std::string Fleet::reconfigure(core::Time now) {
  const auto temporary = std::find_if(clusters_.begin(), clusters_.end(),
                                      [](const Cluster& c) { return c.temporary && !c.creating; });
  if (temporary != clusters_.end() && temporary->used == 0) {
    std::string body = to_json(describe(now, *temporary, "cluster_deleted", "유휴 클러스터 정리"));
    clusters_.erase(temporary);
    return body;
  }
  const auto temporaries = static_cast<std::size_t>(std::count_if(
      clusters_.begin(), clusters_.end(), [](const Cluster& c) { return c.temporary; }));
  if (temporaries < kMostTemporary && random_.chance(0.4)) {
    Cluster made{"npu-inference-cluster-" + std::to_string(next_cluster_ % 100),
                 "npu_optimized",
                 "magnum-cluster-" + std::to_string(next_cluster_),
                 "Furiosa RNGD",
                 Unit::kNpu,
                 random_.between(2, 4),
                 4,
                 185,
                 3.1};
    ++next_cluster_;
    made.creating = true;
    made.temporary = true;
    clusters_.push_back(made);
    return to_json(describe(now, made, "cluster_creating", "추론 대기열 증가"));
  }
  Cluster& scaled = clusters_[random_.next() % clusters_.size()];
  if (scaled.creating || scaled.down) return report_metrics(now);
  if (scaled.utilization() > 75) {
    ++scaled.nodes;
    return to_json(describe(now, scaled, "cluster_scaled", "utilization above 75%"));
  }
  if (scaled.free() >= 2 * scaled.units_per_node && scaled.nodes > 2) {
    --scaled.nodes;
    return to_json(describe(now, scaled, "cluster_scaled", "사용률 저하로 노드 축소"));
  }
  return report_metrics(now);
}

std::string Fleet::finish_reconfiguration(core::Time now) {
  const auto made = std::find_if(clusters_.begin(), clusters_.end(),
                                 [](const Cluster& cluster) { return cluster.creating; });
  if (made == clusters_.end()) return {};
  made->creating = false;
  return to_json(describe(now, *made, "cluster_created", "추론 대기열 증가"));
}

std::string Fleet::find_inefficiency(core::Time now) {
  const auto rank = [this](const Cluster& cluster) {
    const bool forgotten = incident_ == Incident::kIdle && closed(cluster);
    return forgotten ? -1 : cluster.utilization() + (cluster.creating ? 1000 : 0);
  };
  const auto emptiest =
      std::min_element(clusters_.begin(), clusters_.end(),
                       [&](const Cluster& a, const Cluster& b) { return rank(a) < rank(b); });
  const double utilization = emptiest->utilization();
  const double idle_cost = (emptiest->capacity() - emptiest->used) * emptiest->cost;
  Inefficiency finding{};
  finding.time = now;
  finding.cluster = emptiest->name;
  finding.utilization = tenths(utilization);
  const std::chrono::duration<double, std::ratio<3600>> idle = now - incident_began_;
  finding.hours = tenths(rank(*emptiest) < 0 ? idle.count() : 0.5 + 7.5 * random_.unit());
  finding.wasted = cents(idle_cost * finding.hours);
  finding.kind = utilization < 15 ? "idle_cluster" : "underutilized_cluster";
  finding.severity = finding.wasted > 1000 ? "high" : finding.wasted > 150 ? "medium" : "low";
  finding.action = utilization < 15 ? "cluster_consolidation" : "workload_consolidation";
  finding.acted = random_.chance(0.3);
  return to_json(finding, random_.chance(0.12) ? Shape::kFlat : Shape::kNested);
}

std::string Fleet::change_policy(core::Time now) {
  const std::size_t index = random_.next() % policies_.size();
  const bool back = policies_[index].version > 1 && random_.chance(0.2);
  const double step = policies_[index].spec->step;
  return set_policy(now, index, random_.chance(0.6) ? -step : step, back);
}

std::string Fleet::change_policy(core::Time now, std::size_t index, double amount, bool back) {
  ++count_;
  return set_policy(stamp(now), index, amount, back);
}

double Fleet::policy_share(std::size_t index) const {
  return std::clamp(policies_[index].value / policies_[index].spec->value, 0.6, 1.2);
}

std::string Fleet::set_policy(core::Time now, std::size_t index, double amount, bool back) {
  Policy& policy = policies_[index];
  PolicyChange change{};
  change.time = now;
  change.policy = policy.spec->name;
  change.cluster = policy.spec->cluster;
  change.key = policy.spec->key;
  change.actor = random_.pick(actors());
  change.before = policy.value;
  change.after = back ? policy.previous : cents(policy.value + amount);
  if (change.after <= 0) change.after = policy.spec->value;
  change.action = back ? "rolled_back" : "updated";
  change.reason = back                           ? "SLA 위반으로 이전 버전 복원"
                  : change.after < change.before ? "전력 비용 절감 목표 강화"
                                                 : "peak hours need more room";
  change.version = ++policy.version;
  policy.previous = policy.value;
  policy.value = change.after;
  return to_json(change);
}

std::string Fleet::report_metrics(core::Time now) {
  const Cluster& cluster = clusters_[next_metrics_++ % clusters_.size()];
  const double utilization = cluster.utilization();
  Metrics metrics{};
  metrics.time = now;
  metrics.cluster = cluster.name;
  metrics.status = cluster.down ? "down" : utilization > 92 ? "degraded" : "healthy";
  metrics.health = cluster.down       ? 0
                   : utilization > 92 ? random_.between(60, 79)
                                      : random_.between(88, 100);
  // An idle unit still draws about a fifth of its power.
  metrics.watts =
      cluster.down ? 0
                   : std::round(cluster.watts *
                                (0.85 * cluster.used + 0.2 * (cluster.capacity() - cluster.used)));
  metrics.cost = cents(cluster.capacity() * cluster.cost);
  metrics.utilization = tenths(utilization);
  return to_json(metrics);
}

std::string Fleet::alert(core::Time now, std::string_view severity, std::string message) {
  return to_json(Alert{now, "alert-" + std::to_string(next_alert_++), incident_cluster_,
                       std::move(message), severity});
}

std::string Fleet::begin_incident(core::Time now) {
  constexpr std::array kKinds = {Incident::kLatency, Incident::kFailures, Incident::kDown};
  const Incident kind = kKinds[random_.next() % kKinds.size()];
  incident_until_ = count_ + static_cast<std::uint64_t>(random_.between(40, 120));
  return begin(now, kind, random_.pick(cluster_specs()).name);
}

std::string Fleet::begin(core::Time now, Incident incident, std::string_view cluster_name) {
  ++count_;
  incident_ = incident;
  incident_began_ = now;
  incident_cluster_ = cluster_name;
  switch (incident_) {
    case Incident::kLatency:
      return alert(stamp(now), "WARNING", "스케줄링 지연시간 급증");
    case Incident::kFailures:
      return alert(stamp(now), "CRITICAL", "scheduling decisions fail");
    case Incident::kDown:
      cluster(incident_cluster_).down = true;
      return alert(stamp(now), "CRITICAL", "클러스터 응답 없음");
    case Incident::kDrain:
      return alert(stamp(now), "INFO", "노드 점검: 워크로드 이전 시작");
    default:
      return {};
  }
}

std::string Fleet::end(core::Time now) {
  ++count_;
  const bool seen = incident_ != Incident::kIdle;
  incident_ = Incident::kNone;
  cluster(incident_cluster_).down = false;
  return seen ? alert(stamp(now), "INFO", "정상화됨") : std::string();
}

std::string Fleet::evacuate(core::Time now) {
  for (Workload& workload : workloads_) {
    if (workload.cluster != incident_cluster_) continue;
    const std::vector<Cluster*> found = candidates(workload);
    if (!found.empty()) {
      return incident_ == Incident::kDrain
                 ? move(now, workload, *found[0], "maintenance", "노드 점검을 위한 사전 이전")
                 : move(now, workload, *found[0], "cluster_failure", "장애 클러스터에서 대피");
    }
  }
  return {};
}

}  // namespace kcloud::cli
