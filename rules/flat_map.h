// A small hash map of integers: open addressing in one block, no allocation but when it grows.
// The greatest key is not allowed.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "core/hash.h"

namespace kcloud::rules {

template <class Key, class Value>
class FlatMap {
 public:
  std::size_t size() const { return size_; }
  std::size_t bytes() const { return slots_.capacity() * sizeof(Slot); }
  // Whether one more key would make it allocate.
  bool full() const { return (size_ + 1) * 4 > slots_.size() * 3; }

  void reserve(std::size_t size) {
    std::size_t slots = std::max<std::size_t>(4, slots_.size());
    while ((size + 1) * 4 > slots * 3) slots *= 2;
    if (slots > slots_.size()) resize(slots);
  }

  Value* find(Key key) {
    if (slots_.empty()) return nullptr;
    for (std::size_t at = home(key);; at = next(at)) {
      if (slots_[at].first == key) return &slots_[at].second;
      if (slots_[at].first == kFree) return nullptr;
    }
  }
  const Value* find(Key key) const { return const_cast<FlatMap*>(this)->find(key); }

  Value& operator[](Key key) {
    if (Value* found = find(key)) return *found;
    if (full()) resize(std::max<std::size_t>(4, slots_.size() * 2));
    ++size_;
    return place(key, Value{});
  }

  void erase(Key key) {
    Value* found = find(key);
    if (found == nullptr) return;
    --size_;
    std::size_t hole = home(key);
    while (slots_[hole].first != key) hole = next(hole);
    // Those behind move up, unless that would put one in front of its home.
    for (std::size_t at = next(hole); slots_[at].first != kFree; at = next(at)) {
      const std::size_t wanted = home(slots_[at].first);
      if (((at - wanted) & mask()) < ((at - hole) & mask())) continue;
      slots_[hole] = slots_[at];
      hole = at;
    }
    slots_[hole].first = kFree;
  }

  template <class Condition>
  void erase_if(Condition condition) {
    std::vector<Slot> old;
    old.swap(slots_);
    size_ = 0;
    const auto goes = [&](const Slot& slot) {
      return slot.first == kFree || condition(slot.first, slot.second);
    };
    old.erase(std::remove_if(old.begin(), old.end(), goes), old.end());
    for (const Slot& slot : old) (*this)[slot.first] = slot.second;
  }

  template <class Visit>
  void each(Visit visit) const {
    for (const Slot& slot : slots_)
      if (slot.first != kFree) visit(slot.first, slot.second);
  }

 private:
  using Slot = std::pair<Key, Value>;
  static constexpr Key kFree = std::numeric_limits<Key>::max();

  std::size_t mask() const { return slots_.size() - 1; }
  std::size_t home(Key key) const {
    return core::hash_of(static_cast<std::uint64_t>(key)) & mask();
  }
  std::size_t next(std::size_t at) const { return (at + 1) & mask(); }

  Value& place(Key key, Value value) {
    std::size_t at = home(key);
    while (slots_[at].first != kFree) at = next(at);
    slots_[at] = {key, std::move(value)};
    return slots_[at].second;
  }

  void resize(std::size_t size) {
    std::vector<Slot> old(size, Slot{kFree, Value{}});
    old.swap(slots_);
    for (Slot& slot : old)
      if (slot.first != kFree) place(slot.first, std::move(slot.second));
  }

  std::vector<Slot> slots_;
  std::size_t size_ = 0;
};

}  // namespace kcloud::rules
