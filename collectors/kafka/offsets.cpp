#include "collectors/kafka/offsets.h"

namespace kcloud::kafka {

void Offsets::assign(const std::string& topic, std::int32_t partition) {
  revoke(topic, partition);
  Partition& made = partitions_[{topic, partition}];
  made.slot = next_slot_++;
  slots_[made.slot] = &made;
}

void Offsets::revoke(const std::string& topic, std::int32_t partition) {
  const auto found = partitions_.find(Key(topic, partition));
  if (found == partitions_.end()) return;
  slots_.erase(found->second.slot);
  partitions_.erase(found);
}

void Offsets::clear() {
  slots_.clear();
  partitions_.clear();
}

std::optional<Slot> Offsets::find(std::string_view topic, std::int32_t partition) const {
  const auto found = partitions_.find(std::pair(topic, partition));
  if (found == partitions_.end()) return std::nullopt;
  return found->second.slot;
}

void Offsets::settle(Slot slot, std::int64_t next) {
  const auto found = slots_.find(slot);
  if (found != slots_.end()) found->second->settled = next;
}

std::vector<Place> Offsets::due() const { return due(places()); }

std::vector<Place> Offsets::due(const std::vector<Place>& of) const {
  std::vector<Place> out;
  for (const Place& place : of) {
    const auto found = partitions_.find(Key(place.topic, place.partition));
    if (found == partitions_.end()) continue;
    const Partition& partition = found->second;
    if (partition.settled >= 0 && partition.settled != partition.confirmed)
      out.push_back({place.topic, place.partition, partition.settled});
  }
  return out;
}

void Offsets::confirm(const Place& place) {
  const auto found = partitions_.find(Key(place.topic, place.partition));
  if (found != partitions_.end()) found->second.confirmed = place.offset;
}

std::vector<Place> Offsets::places() const {
  std::vector<Place> out;
  out.reserve(partitions_.size());
  for (const auto& [key, partition] : partitions_)
    out.push_back({key.first, key.second, partition.settled});
  return out;
}

}  // namespace kcloud::kafka
