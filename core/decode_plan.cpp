#include "core/decode_plan.h"

namespace kcloud::core {

namespace {

const std::vector<std::string>& paths_of(const CommonPaths& common, std::uint16_t slot) {
  const std::array<const std::vector<std::string>*, kCommonSlots> lists{
      &common.time,    &common.shipper_time, &common.event_id, &common.source, &common.workload,
      &common.cluster, &common.severity,     &common.actor,    &common.reason};
  return *lists[slot];
}

}  // namespace

Plan::Plan(const CommonPaths& common_paths, const EventType* event_type)
    : common(&common_paths), type(event_type) {
  for (std::uint16_t slot = 0; slot < kCommonSlots; ++slot) add(slot, paths_of(*common, slot));
  if (type == nullptr) return;
  for (std::size_t i = 0; i < type->fields.size(); ++i) {
    add(static_cast<std::uint16_t>(kCommonSlots + i), type->fields[i].paths);
  }
  for (std::uint16_t slot = 0; slot < kCommonSlots; ++slot) {
    own[slot] = type->slot(kCommonNames[slot]);
  }
}

void Plan::add(std::uint16_t slot, const std::vector<std::string>& paths) {
  for (std::size_t rank = 0; rank < paths.size(); ++rank) {
    tree.add(paths[rank], {slot, static_cast<std::uint16_t>(rank)});
  }
}

std::string Plan::path(std::uint16_t slot, std::uint16_t rank) const {
  return slot < kCommonSlots ? paths_of(*common, slot)[rank] : field(slot)->paths[rank];
}

}  // namespace kcloud::core
