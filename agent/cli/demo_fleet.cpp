#include "agent/cli/demo_fleet.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace kcloud::cli {
namespace {

constexpr int kFullLoad = 130;  // workloads at load factor 1
constexpr Mix kLiveMix{500, 200, 55, 35, 25};
constexpr int kLiveIncidents = 15;  // in thousandths
constexpr double kSecondBest = 0.3;

// By the hour in Seoul, working days.
constexpr std::array<double, 24> kLoad = {0.42, 0.46, 0.48, 0.45, 0.38, 0.33, 0.34, 0.42,
                                          0.60, 0.82, 0.95, 0.97, 0.80, 0.88, 0.98, 1.00,
                                          0.96, 0.88, 0.72, 0.60, 0.54, 0.48, 0.42, 0.40};
constexpr double kWeekend = 0.55;

double cents(double value) { return std::round(value * 100) / 100; }

bool is_night(core::Time now) {
  const auto seoul = now + kSeoul;
  const auto hour = (seoul - std::chrono::floor<std::chrono::days>(seoul)) / std::chrono::hours(1);
  return hour >= 22 || hour < 6;
}

constexpr std::array<std::string_view, 4> kBestReasons = {
    "최적 전력 효율성", "전력 예산 내 최저 비용", "lowest cost per hour", "best power efficiency"};
constexpr std::array<std::string_view, 3> kSecondReasons = {
    "데이터 지역성 우선", "data locality before cost", "낮은 대기 시간"};

}  // namespace

double load_factor(core::Time now) {
  using namespace std::chrono;
  const auto seoul = now + kSeoul;
  const auto day = floor<days>(seoul);
  const double hour = duration<double, std::ratio<3600>>(seoul - day).count();
  const auto whole = static_cast<std::size_t>(hour);
  const double daily =
      std::lerp(kLoad[whole], kLoad[(whole + 1) % 24], hour - static_cast<double>(whole));
  return weekday(sys_days(day)).iso_encoding() >= 6 ? daily * kWeekend : daily;
}

Fleet::Fleet(std::uint64_t seed) : random_(seed) {
  for (const ClusterSpec& spec : cluster_specs()) {
    Cluster cluster{std::string(spec.name),
                    std::string(spec.type),
                    "",
                    spec.accelerator,
                    spec.unit,
                    spec.nodes,
                    spec.units_per_node,
                    spec.watts,
                    spec.cost};
    cluster.id = "magnum-cluster-" + std::to_string(next_cluster_++);
    clusters_.push_back(std::move(cluster));
  }
  for (const PolicySpec& spec : policy_specs()) {
    policies_.push_back({&spec, 1, spec.value, spec.value});
  }
  next_workload_ = random_.between(100, 9000);
}

// Two events of one millisecond may tell the same, a cluster's metrics for example; as equal bodies
// they would be one event.
core::Time Fleet::stamp(core::Time now) {
  now = std::chrono::floor<std::chrono::milliseconds>(now);
  last_ = now > last_ ? now : last_ + std::chrono::microseconds(1);
  return last_;
}

std::string Fleet::next(core::Time now) {
  if (incident_ != Incident::kNone && count_ >= incident_until_) return end(now);
  if (incident_ == Incident::kNone && random_.between(0, 999) < kLiveIncidents) {
    return begin_incident(now);
  }
  return next(now, kLiveMix);
}

std::string Fleet::next(core::Time now, const Mix& mix) {
  ++count_;
  return act(stamp(now), mix);
}

std::string Fleet::act(core::Time now, const Mix& mix) {
  finish_some(now);
  if ((incident_ == Incident::kDown && count_ % 3 == 0) ||
      (incident_ == Incident::kDrain && count_ % 2 == 0)) {
    if (std::string body = evacuate(now); !body.empty()) return body;
  }
  if (count_ % 25 == 0) {
    if (std::string body = finish_reconfiguration(now); !body.empty()) return body;
  }
  int draw = random_.between(0, 999);
  if ((draw -= mix.decide) < 0) return decide(now);
  if ((draw -= mix.relocate) < 0) return relocate(now);
  if ((draw -= mix.inefficiency) < 0) return find_inefficiency(now);
  if ((draw -= mix.reconfigure) < 0) return reconfigure(now);
  if ((draw -= mix.policy) < 0) return change_policy(now);
  return report_metrics(now);
}

Fleet::Cluster& Fleet::cluster(const std::string& name) {
  return *std::find_if(clusters_.begin(), clusters_.end(),
                       [&](const Cluster& cluster) { return cluster.name == name; });
}

Shape Fleet::shape() {
  const int draw = random_.between(0, 19);
  return draw < 17 ? Shape::kNested : draw < 19 ? Shape::kFlat : Shape::kCamel;
}

// Workloads end when there are more than the hour asks for, and now and then in any case.
void Fleet::finish_some(core::Time now) {
  const auto target = static_cast<std::size_t>(kFullLoad * load_factor(now));
  const bool one = !workloads_.empty() && random_.chance(0.2);
  for (std::size_t left = workloads_.size() > target ? 2 : one ? 1 : 0; left > 0; --left) {
    const std::size_t index = random_.next() % workloads_.size();
    cluster(workloads_[index].cluster).used -= workloads_[index].units;
    workloads_[index] = std::move(workloads_.back());
    workloads_.pop_back();
  }
}

Fleet::Workload Fleet::submit(core::Time now) {
  const auto kinds = workload_kinds();
  const auto weight = [night = is_night(now)](const WorkloadKind& kind) {
    return night ? kind.night_weight : kind.weight;
  };
  int draw = random_.between(0, 99);
  const WorkloadKind* kind = &kinds.back();
  for (const WorkloadKind& candidate : kinds) {
    if ((draw -= weight(candidate)) < 0) {
      kind = &candidate;
      break;
    }
  }
  next_workload_ += random_.between(1, 4);
  return {std::string(kind->prefix) + "-" + std::to_string(next_workload_), kind,
          random_.between(kind->min_units, kind->max_units), 0.7 + 0.3 * random_.unit(), ""};
}

bool Fleet::closed(const Cluster& cluster) const {
  return (incident_ == Incident::kDrain || incident_ == Incident::kIdle) &&
         cluster.name == incident_cluster_;
}

// Clusters the workload can run on with room for it, cheapest first.
std::vector<Fleet::Cluster*> Fleet::candidates(const Workload& workload) {
  std::vector<Cluster*> found;
  for (Cluster& cluster : clusters_) {
    if (workload.kind->runs_on.find(static_cast<char>(cluster.unit)) != std::string_view::npos &&
        cluster.free() >= workload.units && !closed(cluster)) {
      found.push_back(&cluster);
    }
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const Cluster* a, const Cluster* b) { return a->cost < b->cost; });
  return found;
}

// `workload.cluster` says where it goes; stays empty when nothing has room.
Decision Fleet::place(core::Time now, Workload& workload) {
  const std::vector<Cluster*> found = candidates(workload);
  // The lower the cost ceiling, the rarer a second choice.
  const bool second = found.size() > 1 &&
                      random_.chance(kSecondBest * std::pow(policy_share(kBatchCostCeiling), 4));
  Decision decision{};
  decision.time = now;
  decision.scheduler = workload.kind->scheduler;
  decision.workload_type = workload.kind->type;
  decision.workload = workload.id;
  decision.units = workload.units;
  decision.cores = workload.units * workload.kind->cores_per_unit;
  decision.memory_gib = workload.units * workload.kind->memory_gib_per_unit;
  if (found.empty()) return decision;

  Cluster& chosen = *found[second ? 1 : 0];
  workload.cluster = chosen.name;
  if (chosen.unit == Unit::kGpu) workload.intensity *= policy_share(kGpuPowerCap);
  decision.accelerator = chosen.unit == Unit::kGpu ? "gpu" : chosen.unit == Unit::kNpu ? "npu" : "";
  decision.cluster = chosen.name;
  decision.watts = std::round(workload.units * chosen.watts * workload.intensity);
  decision.cost = cents(workload.units * chosen.cost);
  decision.power_budget = static_cast<int>(std::ceil(decision.watts * 1.25 / 50)) * 50;
  decision.efficiency = cents(found[0]->cost / chosen.cost * (0.8 + 0.2 * random_.unit()));
  for (const Cluster* other : found) {
    if (other == &chosen || decision.alternatives.size() == 3) continue;
    decision.alternatives.push_back({other->name, cents(workload.units * other->cost)});
  }
  decision.reason = second ? random_.pick<std::string_view>(kSecondReasons)
                    : chosen.unit == Unit::kNpu && random_.chance(0.5)
                        ? "NPU가 추론 작업에 더 효율적"
                        : random_.pick<std::string_view>(kBestReasons);
  return decision;
}

std::string Fleet::decide(core::Time now) {
  Workload workload = submit(now);
  Decision decision = place(now, workload);
  const bool failing = incident_ == Incident::kFailures && random_.chance(0.6);
  decision.failed = workload.cluster.empty() || failing || random_.chance(0.004);
  decision.execution_ms = random_.between(45, 180) + (random_.chance(0.05) ? 300 : 0);
  if (incident_ == Incident::kLatency) decision.execution_ms *= random_.between(6, 14);
  if (workload.cluster.empty()) return report_metrics(now);
  if (decision.failed) {
    decision.reason = random_.chance(0.5) ? "클러스터 API 응답 없음" : "cluster API timed out";
  } else {
    cluster(workload.cluster).used += workload.units;
    workloads_.push_back(std::move(workload));
  }
  return to_json(decision, shape());
}

std::string Fleet::move(core::Time now, Workload& workload, Cluster& to, std::string_view trigger,
                        std::string reason) {
  Cluster& from = cluster(workload.cluster);
  Relocation relocation{};
  relocation.time = now;
  relocation.workload = workload.id;
  relocation.from = from.name;
  relocation.to = to.name;
  relocation.trigger = trigger;
  relocation.reason = std::move(reason);
  relocation.watts_saved = std::round(workload.units * from.watts * workload.intensity) -
                           std::round(workload.units * to.watts * workload.intensity);
  relocation.cost_saved =
      cents(cents(workload.units * from.cost) - cents(workload.units * to.cost));
  relocation.migration_seconds = 8 + workload.units * random_.between(4, 11);
  relocation.downtime_seconds = random_.between(0, 3);
  from.used -= workload.units;
  to.used += workload.units;
  workload.cluster = to.name;
  return to_json(relocation, random_.chance(0.12) ? Shape::kFlat : Shape::kNested);
}

std::string Fleet::relocate(core::Time now) {
  for (int tries = 0; tries < 30 && !workloads_.empty(); ++tries) {
    Workload& workload = workloads_[random_.next() % workloads_.size()];
    const Cluster& from = cluster(workload.cluster);
    for (Cluster* to : candidates(workload)) {
      if (to->cost >= from.cost) break;
      if (to->unit == Unit::kNpu && from.unit == Unit::kGpu) {
        return move(now, workload, *to, "power_efficiency_optimization",
                    "NPU가 추론 작업에 더 효율적");
      }
      if (random_.chance(0.5)) {
        return move(now, workload, *to, "cost_optimization", "더 저렴한 클러스터에 여유 용량 발생");
      }
      return move(now, workload, *to, "cost_optimization", "capacity freed on a cheaper cluster");
    }
  }
  return decide(now);
}

}  // namespace kcloud::cli
