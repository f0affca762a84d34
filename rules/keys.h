// The groups of `by` values as small numbers: each combination of values once for all rules with
// the same `by`.
//
// A key is the values' bytes, each 0 in them followed by 0xff, with two 0 between values: keys sort
// as the values do, field by field.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kcloud::rules {

class Keys {
 public:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  std::uint32_t find(std::string_view key) const;  // kNone: not there
  std::uint32_t make(std::string_view key);        // found or new; not held yet
  // A number lives as long as somebody holds it.
  void hold(std::uint32_t id) { ++entries_[id].holders; }
  void release(std::uint32_t id);
  const std::string& text(std::uint32_t id) const { return entries_[id].text; }
  std::size_t size() const { return entries_.size() - free_.size(); }
  std::size_t bytes() const;

  // The key of the event that is on its way, computed once for all who ask.
  std::uint64_t event = 0;
  std::uint32_t of_event = kNone;

 private:
  struct Entry {
    std::string text;
    std::uint32_t hash = 0;
    std::uint32_t holders = 0;
  };
  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t id = kNone;
  };

  std::size_t mask() const { return slots_.size() - 1; }
  void place(Slot slot);
  void grow();

  std::vector<Entry> entries_;
  std::vector<std::uint32_t> free_;
  std::vector<Slot> slots_;
};

void append_key(std::string& key, std::string_view value, bool first);
std::vector<std::string> split_key(std::string_view key);

}  // namespace kcloud::rules
