// The JSON paths of one event type, compiled to a tree, so that one walk over a document finds
// every field.
//
// Immutable after construction. Each snake_case segment also matches its camelCase form.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kcloud::core {

// A path that ends at a node: which slot it fills; of several paths of one slot the smallest rank
// wins.
struct PathTarget {
  std::uint16_t slot;
  std::uint16_t rank;
};

struct PathNode {
  std::vector<PathTarget> targets;
  bool has_children = false;
  std::uint32_t array = 0;  // node of `[]`; 0: none

  // The child for a key; nullptr when no path goes there.
  const std::uint32_t* child(std::string_view key) const;

 private:
  friend class PathTree;
  struct Entry {
    std::string key;
    std::uint32_t node = 0;
  };
  void insert(std::string key, std::uint32_t node);
  std::vector<Entry> entries_;  // open addressing, a power of two, at most half full
  std::size_t count_ = 0;
};

class PathTree {
 public:
  PathTree() : nodes_(1) {}
  // `path`: dotted segments; a segment may end in `[]`.
  void add(std::string_view path, PathTarget target);
  const PathNode& root() const { return nodes_.front(); }
  const PathNode& node(std::uint32_t index) const { return nodes_[index]; }

 private:
  std::uint32_t descend(std::uint32_t from, std::string_view segment);
  std::vector<PathNode> nodes_;
};

// Number of `[]` in a path; nullopt when the path is malformed.
std::optional<int> array_steps(std::string_view path);

// `estimated_power_watts` → `estimatedPowerWatts`.
std::string camel_case(std::string_view snake_case);

}  // namespace kcloud::core
