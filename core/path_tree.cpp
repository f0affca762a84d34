#include "core/path_tree.h"

#include <utility>

namespace kcloud::core {

namespace {
std::size_t hash(std::string_view key) {
  if (key.empty()) return 0;
  return key.size() * 131 + static_cast<unsigned char>(key.front()) * 31 +
         static_cast<unsigned char>(key[key.size() / 2]) * 7 +
         static_cast<unsigned char>(key.back());
}
}  // namespace

const std::uint32_t* PathNode::child(std::string_view key) const {
  if (entries_.empty()) return nullptr;
  const std::size_t mask = entries_.size() - 1;
  for (std::size_t at = hash(key) & mask;; at = (at + 1) & mask) {
    const Entry& entry = entries_[at];
    if (entry.node == 0) return nullptr;
    if (entry.key == key) return &entry.node;
  }
}

void PathNode::insert(std::string key, std::uint32_t node) {
  if ((count_ + 1) * 2 > entries_.size()) {
    auto old =
        std::exchange(entries_, std::vector<Entry>(entries_.empty() ? 8 : entries_.size() * 2));
    count_ = 0;
    for (auto& entry : old) {
      if (entry.node != 0) insert(std::move(entry.key), entry.node);
    }
  }
  const std::size_t mask = entries_.size() - 1;
  std::size_t at = hash(key) & mask;
  while (entries_[at].node != 0) at = (at + 1) & mask;
  entries_[at] = {std::move(key), node};
  ++count_;
  has_children = true;
}

std::uint32_t PathTree::descend(std::uint32_t from, std::string_view segment) {
  const bool array = segment.ends_with("[]");
  if (array) segment.remove_suffix(2);
  std::uint32_t node = from;
  if (const auto* existing = nodes_[from].child(segment)) {
    node = *existing;
  } else {
    node = static_cast<std::uint32_t>(nodes_.size());
    nodes_.emplace_back();
    nodes_[from].insert(std::string(segment), node);
    if (auto camel = camel_case(segment);
        camel != segment && nodes_[from].child(camel) == nullptr) {
      nodes_[from].insert(std::move(camel), node);
    }
  }
  if (!array) return node;
  if (nodes_[node].array == 0) {
    nodes_[node].array = static_cast<std::uint32_t>(nodes_.size());
    nodes_.emplace_back();
  }
  return nodes_[node].array;
}

void PathTree::add(std::string_view path, PathTarget target) {
  std::uint32_t node = 0;
  while (true) {
    const auto dot = path.find('.');
    node = descend(node, path.substr(0, dot));
    if (dot == std::string_view::npos) break;
    path.remove_prefix(dot + 1);
  }
  nodes_[node].targets.push_back(target);
}

std::optional<int> array_steps(std::string_view path) {
  int arrays = 0;
  while (true) {
    const std::size_t dot = path.find('.');
    std::string_view segment = path.substr(0, dot);
    if (segment.ends_with("[]")) {
      ++arrays;
      segment.remove_suffix(2);
    }
    if (segment.empty() || segment.find_first_of("[] \t\n") != segment.npos) return std::nullopt;
    if (dot == path.npos) return arrays;
    path.remove_prefix(dot + 1);
  }
}

std::string camel_case(std::string_view snake_case) {
  std::string out;
  bool upper = false;
  for (const char c : snake_case) {
    if (c == '_' && !out.empty()) {
      upper = true;
      continue;
    }
    out.push_back(upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
    upper = false;
  }
  return out;
}

}  // namespace kcloud::core
