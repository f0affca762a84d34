// What a type needs for decoding, made once: the tree over the paths of its fields. Internal to
// core/.
//
// Immutable after construction; shared by all calls of a decoder.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/catalogue.h"
#include "core/path_tree.h"

namespace kcloud::core {

// Slots of the common fields; a type's own fields follow.
enum CommonSlot : std::uint16_t {
  kTime,
  kShipperTime,
  kEventId,
  kSource,
  kWorkload,
  kCluster,
  kSeverity,
  kActor,
  kReason,
  kCommonSlots
};
inline constexpr std::array<std::string_view, kCommonSlots> kCommonNames{
    "time",    "shipper_time", "event_id", "source", "workload",
    "cluster", "severity",     "actor",    "reason"};

struct Plan {
  const CommonPaths* common = nullptr;
  const EventType* type = nullptr;  // nullptr: unknown types
  PathTree tree;                    // slot 0…: the common fields, behind them the type's own
  // The type's field of the same name as a common one.
  std::array<std::optional<std::size_t>, kCommonSlots> own;

  Plan(const CommonPaths& common_paths, const EventType* event_type);

  std::size_t slots() const { return kCommonSlots + (type ? type->fields.size() : 0); }
  const Field* field(std::uint16_t slot) const {
    return slot < kCommonSlots ? nullptr : &type->fields[slot - kCommonSlots];
  }
  std::string path(std::uint16_t slot, std::uint16_t rank) const;

 private:
  void add(std::uint16_t slot, const std::vector<std::string>& paths);
};

}  // namespace kcloud::core
