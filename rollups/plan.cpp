#include "rollups/plan.h"

#include <algorithm>

namespace kcloud::rollups {
namespace {

using Kind = Measure::Kind;

constexpr std::string_view kOutcome = "outcome";
constexpr std::string_view kSuccess = "success";

void derive_pair(TypePlan& plan, const char* first, const char* first_name, const char* second,
                 const char* second_name) {
  const auto one = plan.type->slot(first);
  const auto other = plan.type->slot(second);
  if (!one || !other) return;
  plan.measures.push_back({first_name, Kind::kPaired, *one, *other});
  plan.measures.push_back({second_name, Kind::kPaired, *other, *one});
}

void derive_on_success(TypePlan& plan, const char* field, const char* name) {
  const auto slot = plan.type->slot(field);
  const auto outcome = plan.type->slot(kOutcome);
  if (!slot) return;
  // A type without outcomes has none that failed.
  plan.measures.push_back(outcome ? Measure{name, Kind::kOnSuccess, *slot, *outcome}
                                  : Measure{name, Kind::kField, *slot});
}

TypePlan plan_of(const core::EventType& type) {
  TypePlan plan;
  plan.type = &type;
  for (std::size_t slot = 0; slot < type.fields.size(); ++slot) {
    const core::Field& field = type.fields[slot];
    if (field.role == core::FieldRole::kTag) plan.tags.push_back(slot);
    if (field.role == core::FieldRole::kMeasure)
      plan.measures.push_back({field.name, Kind::kField, slot, 0, true, field.sketch});
  }
  if (const auto outcome = type.slot(kOutcome))
    plan.measures.push_back({names::kSucceeded, Kind::kSucceeded, *outcome});
  if (type.name == names::kScheduling) {
    derive_pair(plan, names::kCost, names::kComparedCost, "best_alternative_cost",
                names::kComparedAlternative);
    plan.workloads = true;
  }
  if (type.name == names::kRelocation) {
    plan.workloads = true;
    derive_on_success(plan, "power_saving_watts", names::kSavedPower);
    derive_on_success(plan, "cost_saving_per_hour", names::kSavedCost);
    if (type.slot("cost_saving_per_hour")) plan.workload_value = plan.measures.size() - 1;
  }
  return plan;
}

}  // namespace

std::optional<double> Measure::derived(const core::Event& event) const {
  if (kind == Kind::kJudged) {
    const auto good = judge(event);
    return good ? std::optional(*good ? 1.0 : 0.0) : std::nullopt;
  }
  if (kind == Kind::kEach) return 1.0;
  if (slot >= event.fields.size() || !event.fields[slot].present()) return std::nullopt;
  const core::FieldValue& value = event.fields[slot];
  switch (kind) {
    case Kind::kSucceeded:
      return value.text == kSuccess ? 1.0 : 0.0;
    case Kind::kPaired:
      if (!event.fields[other].present()) return std::nullopt;
      break;
    default:
      if (event.fields[other].text != kSuccess) return std::nullopt;
      break;
  }
  return value.number();
}

Plan::Plan(std::shared_ptr<const core::Catalogue> catalogue, const std::vector<Judged>& judged,
           bool shared)
    : catalogue_(std::move(catalogue)), shared_(shared) {
  for (const auto& type : catalogue_->types()) types_.push_back(plan_of(type));
  for (const auto& one : judged)
    for (auto& plan : types_)
      if (plan.type->name == one.type) {
        Measure measure{one.measure, Kind::kJudged};
        measure.judge = one.judge;
        plan.measures.push_back(std::move(measure));
        if (shared) plan.measures.push_back({companion(one.measure), Kind::kEach});
      }
}

const TypePlan* Plan::find(std::string_view type) const {
  const core::EventType* known = catalogue_->find(type);
  return known == nullptr ? nullptr : &types_[known->index];
}

}  // namespace kcloud::rollups
