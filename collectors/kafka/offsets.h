// How far each assigned partition is: what the journal has of it, and what Kafka was told.
//
// Promise: an offset is due only when everything before it is in the journal (or was skipped), and
// never for a partition that was given up since: each assignment has a slot of its own, and a
// slot that is gone takes nothing. Pure; one thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kcloud::kafka {

// A place in a topic; `offset` is the next to be read.
struct Place {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = -1;
  bool operator==(const Place&) const = default;
};

using Slot = std::uint64_t;

class Offsets {
 public:
  // The partition is this agent's from now on.
  void assign(const std::string& topic, std::int32_t partition);
  void revoke(const std::string& topic, std::int32_t partition);
  void clear();

  // nullopt: not assigned.
  std::optional<Slot> find(std::string_view topic, std::int32_t partition) const;

  // Everything before `next` is settled. Call it in the order in which it was read: `next` is
  // smaller than before only when the topic was made anew.
  void settle(Slot slot, std::int64_t next);
  // What to commit: settled and not confirmed.
  std::vector<Place> due() const;
  // The same of these partitions alone.
  std::vector<Place> due(const std::vector<Place>& of) const;
  void confirm(const Place& place);

  // Every assigned partition; `offset` as settled, -1 before anything was.
  std::vector<Place> places() const;
  std::size_t size() const { return partitions_.size(); }

 private:
  struct Partition {
    Slot slot = 0;
    std::int64_t settled = -1;
    std::int64_t confirmed = -1;
  };
  using Key = std::pair<std::string, std::int32_t>;
  struct Less {
    using is_transparent = void;
    template <typename One, typename Other>
    bool operator()(const One& one, const Other& other) const {
      const int order = std::string_view(one.first).compare(std::string_view(other.first));
      return order != 0 ? order < 0 : one.second < other.second;
    }
  };

  std::map<Key, Partition, Less> partitions_;
  std::map<Slot, Partition*> slots_;
  Slot next_slot_ = 1;
};

}  // namespace kcloud::kafka
