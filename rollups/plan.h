// What of each event type is rolled up: its tags, its measures, and what is derived from them.
//
// Pure. The catalogue says it (config/event-types.yaml): every tag, every measure, a sketch where
// it is marked. A few sums more are derived, where a type has the fields that they are made of.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/catalogue.h"
#include "core/event.h"

namespace kcloud::rollups {

// Names of types and of measures that analytics reads.
namespace names {
inline constexpr const char* kScheduling = "scheduling_decision";
inline constexpr const char* kRelocation = "workload_relocation";
inline constexpr const char* kCluster = "cluster_reconfiguration";
inline constexpr const char* kInefficiency = "inefficiency_detected";
inline constexpr const char* kPolicy = "policy_change";

inline constexpr const char* kLatency = "execution_time_ms";
inline constexpr const char* kCost = "cost_per_hour";
inline constexpr const char* kPower = "power_watts";
inline constexpr const char* kWasted = "wasted_cost";
inline constexpr const char* kIdleHours = "idle_hours";
inline constexpr const char* kDowntime = "downtime_seconds";
inline constexpr const char* kMigrationTime = "migration_time_seconds";

// Stands for all types whose workloads are counted.
inline constexpr const char* kAllTypes = "*";

// Derived. 1 for each event whose `outcome` is success, else 0.
inline constexpr const char* kSucceeded = "succeeded";
// Of decisions that have both.
inline constexpr const char* kComparedCost = "compared_cost_per_hour";
inline constexpr const char* kComparedAlternative = "compared_alternative_cost";
// Of relocations that succeeded.
inline constexpr const char* kSavedCost = "saved_cost_per_hour";
inline constexpr const char* kSavedPower = "saved_power_watts";
}  // namespace names

// An objective as a measure: 1 for each good event of those that count, else 0.
struct Judged {
  std::string measure;  // its name
  std::string type;
  // nullopt: the event does not count.
  std::function<std::optional<bool>(const core::Event&)> judge;
};

struct Measure {
  enum class Kind : std::uint8_t {
    kField,      // of `slot`
    kPaired,     // of `slot`, where `other` is there too
    kOnSuccess,  // of `slot`, where the text of `other` is `success`
    kSucceeded,  // whether the text of `slot` is `success`
    kJudged,
    kEach  // 1 for each event
  };
  std::string name;
  Kind kind = Kind::kField;
  std::size_t slot = 0, other = 0;
  bool spread = false;  // sum of squares, smallest and greatest are kept too
  bool sketch = false;
  std::function<std::optional<bool>(const core::Event&)> judge = {};

  // nullopt: the event has none.
  std::optional<double> of(const core::Event& event) const {
    if (kind != Kind::kField) return derived(event);
    if (slot >= event.fields.size() || !event.fields[slot].present()) return std::nullopt;
    return event.fields[slot].number();
  }

 private:
  std::optional<double> derived(const core::Event& event) const;
};

struct TypePlan {
  const core::EventType* type = nullptr;  // nullptr: of types that the catalogue has not
  std::vector<std::size_t> tags;          // slots
  std::vector<Measure> measures;
  bool workloads = false;                     // are counted, together with those of other types
  std::optional<std::size_t> workload_value;  // its own are kept, with their newest value of this
                                              // measure, by its place
};

class Plan {
 public:
  // Keeps the catalogue. `shared`: of sums that others add to, who may judge by other words; each
  // objective is then accompanied by the number of events that it was asked of (companion()).
  Plan(std::shared_ptr<const core::Catalogue> catalogue, const std::vector<Judged>& judged,
       bool shared = false);

  // Of the event's type; that of unknown types when the catalogue has it not.
  const TypePlan& of(const core::Event& event) const {
    return event.type == nullptr ? unknown_ : types_[event.type->index];
  }
  const TypePlan* find(std::string_view type) const;
  const core::Catalogue& catalogue() const { return *catalogue_; }
  bool shared() const { return shared_; }
  // The measure that counts the events which an objective's measure was asked of.
  static std::string companion(const std::string& judged) { return "of:" + judged; }

 private:
  std::shared_ptr<const core::Catalogue> catalogue_;
  std::vector<TypePlan> types_;  // as in the catalogue
  TypePlan unknown_;
  bool shared_;
};

}  // namespace kcloud::rollups
