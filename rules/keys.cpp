#include "rules/keys.h"

#include <algorithm>

#include "core/hash.h"

namespace kcloud::rules {

std::uint32_t Keys::find(std::string_view key) const {
  if (slots_.empty()) return kNone;
  const auto hash = static_cast<std::uint32_t>(core::hash_of(key));
  for (std::size_t at = hash & mask();; at = (at + 1) & mask()) {
    const Slot& slot = slots_[at];
    if (slot.id == kNone) return kNone;
    if (slot.hash == hash && entries_[slot.id].text == key) return slot.id;
  }
}

std::uint32_t Keys::make(std::string_view key) {
  if (const std::uint32_t found = find(key); found != kNone) return found;
  if ((size() + 1) * 4 > slots_.size() * 3) grow();
  std::uint32_t id = 0;
  if (free_.empty()) {
    id = static_cast<std::uint32_t>(entries_.size());
    entries_.emplace_back();
  } else {
    id = free_.back();
    free_.pop_back();
  }
  entries_[id] = {std::string(key), static_cast<std::uint32_t>(core::hash_of(key)), 0};
  place({entries_[id].hash, id});
  return id;
}

void Keys::release(std::uint32_t id) {
  if (--entries_[id].holders > 0) return;
  std::size_t hole = entries_[id].hash & mask();
  while (slots_[hole].id != id) hole = (hole + 1) & mask();
  for (std::size_t at = (hole + 1) & mask(); slots_[at].id != kNone; at = (at + 1) & mask()) {
    const std::size_t home = slots_[at].hash & mask();
    if (((at - home) & mask()) < ((at - hole) & mask())) continue;
    slots_[hole] = slots_[at];
    hole = at;
  }
  slots_[hole] = {};
  entries_[id] = {};
  free_.push_back(id);
}

void Keys::place(Slot slot) {
  std::size_t at = slot.hash & mask();
  while (slots_[at].id != kNone) at = (at + 1) & mask();
  slots_[at] = slot;
}

void Keys::grow() {
  std::vector<Slot> old(std::max<std::size_t>(8, slots_.size() * 2));
  old.swap(slots_);
  for (const Slot& slot : old)
    if (slot.id != kNone) place(slot);
}

std::size_t Keys::bytes() const {
  std::size_t total = slots_.capacity() * sizeof(Slot) + entries_.capacity() * sizeof(Entry);
  for (const Entry& entry : entries_)
    if (entry.text.capacity() > std::string().capacity()) total += entry.text.capacity();
  return total;
}

void append_key(std::string& key, std::string_view value, bool first) {
  using namespace std::string_view_literals;
  if (!first) key += "\0\0"sv;
  for (auto zero = value.find('\0'); zero != std::string_view::npos; zero = value.find('\0')) {
    key += value.substr(0, zero + 1);
    key += '\xff';
    value.remove_prefix(zero + 1);
  }
  key += value;
}

std::vector<std::string> split_key(std::string_view key) {
  std::vector<std::string> values(1);
  for (std::size_t at = 0; at < key.size(); ++at) {
    if (key[at] == '\0' && at + 1 < key.size()) {
      ++at;
      if (key[at] == '\xff')
        values.back() += '\0';
      else
        values.emplace_back();
    } else {
      values.back() += key[at];
    }
  }
  return values;
}

}  // namespace kcloud::rules
