#include "exporters/influxdb/layout.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "exporters/influxdb/escape.h"

namespace kcloud::influxdb {
namespace {

constexpr std::array<std::pair<std::string_view, Common>, 6> kCommonNames{
    {{"source", Common::kSource},
     {"workload", Common::kWorkload},
     {"cluster", Common::kCluster},
     {"severity", Common::kSeverity},
     {"actor", Common::kActor},
     {"reason", Common::kReason}}};

Common common_of(const core::Field& field) {
  if (field.type != core::FieldType::kText) return Common::kNone;
  for (const auto& [name, common] : kCommonNames)
    if (field.name == name) return common;
  return Common::kNone;
}

class Builder {
 public:
  Builder(Layout& layout, TagLimiter& limiter) : layout_(layout), limiter_(limiter) {}

  void tag(std::string_view name, Origin origin) {
    if (name.empty() || !names_.insert(safe_name(name)).second) return;
    TagPlan plan{",", std::move(origin), 0};
    append_name(plan.key, safe_name(name));
    plan.key += '=';
    if (plan.origin.fixed.empty()) plan.limit = limiter_.add_key();
    layout_.tags.push_back(std::move(plan));
  }

  void field(std::string_view name, Origin origin, core::FieldType type) {
    if (!names_.insert(safe_name(name)).second) return;
    FieldPlan plan{"", std::move(origin), type};
    append_name(plan.key, safe_name(name));
    plan.key += '=';
    layout_.fields.push_back(std::move(plan));
  }

 private:
  Layout& layout_;
  TagLimiter& limiter_;
  std::set<std::string> names_;
};

}  // namespace

std::string safe_name(std::string_view name) {
  std::string safe(name);
  if (safe == "time" || safe == "_measurement" || safe == "_field") safe += '_';
  return safe;
}

Layout make_layout(const core::EventType* type,
                   const std::map<std::string, std::string>& fixed_tags, TagLimiter& limiter) {
  Layout layout;
  Builder build(layout, limiter);
  build.field("id", {Common::kId, {}, {}}, core::FieldType::kText);
  if (type != nullptr) {
    append_measurement(layout.measurement, type->name);
    for (std::size_t slot = 0; slot < type->fields.size(); ++slot) {
      const auto& field = type->fields[slot];
      if (field.role == core::FieldRole::kTag)
        build.tag(field.name, {common_of(field), slot, {}});
      else
        build.field(field.name, {common_of(field), slot, {}}, field.type);
    }
  }
  build.tag("cluster", {Common::kCluster, {}, {}});
  for (const auto& [name, common] : kCommonNames)
    build.field(name, {common, {}, {}}, core::FieldType::kText);
  build.tag("agent", {Common::kAgent, {}, {}});
  build.tag("collector", {Common::kCollector, {}, {}});
  for (const auto& [name, text] : fixed_tags) {
    Origin origin;
    append_name(origin.fixed, text);
    if (!origin.fixed.empty()) build.tag(name, std::move(origin));
  }
  std::ranges::sort(layout.tags, {}, &TagPlan::key);
  return layout;
}

std::string_view common_text(const core::Event& event, Common common) {
  switch (common) {
    case Common::kSource:
      return event.source;
    case Common::kWorkload:
      return event.workload;
    case Common::kCluster:
      return event.cluster;
    case Common::kSeverity:
      return event.severity;
    case Common::kActor:
      return event.actor;
    case Common::kReason:
      return event.reason;
    case Common::kAgent:
      return event.agent;
    case Common::kCollector:
      return event.collector;
    case Common::kNone:
    case Common::kId:
      break;
  }
  return {};
}

}  // namespace kcloud::influxdb
