// Which of the rules' predicates an event passes: each predicate once, found by the event's type,
// then by an equality that it asks for, if it does; only those that are left are tried.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/event.h"
#include "rules/flat_map.h"
#include "rules/rule.h"

namespace kcloud::rules {

class Index {
 public:
  // The number of the predicate; filters that read alike are one. The filter stays where it is as
  // long as this lives. Once all are added: build().
  std::uint32_t add(const core::EventType& type, const Filter& filter);
  void build();

  // Appends the numbers of those that the event passes.
  void find(const core::Event& event, std::vector<std::uint32_t>& out) const;

  std::size_t size() const { return predicates_.size(); }

 private:
  struct Predicate {
    std::uint32_t type = 0;
    const Filter* filter = nullptr;
  };
  struct ByField {
    FieldRef field;
    FlatMap<std::uint64_t, std::uint32_t> lists;  // hash of a value: its place in `candidates`
    std::vector<std::vector<std::uint32_t>> candidates;
  };
  struct OfType {
    std::vector<std::uint32_t> always;  // predicates without an equality
    std::vector<ByField> by_field;
  };

  void try_all(const std::vector<std::uint32_t>& candidates, const core::Event& event,
               std::vector<std::uint32_t>& out) const;

  std::vector<Predicate> predicates_;
  std::map<std::string, std::uint32_t> by_text_;
  std::vector<OfType> types_;  // by EventType::index
};

}  // namespace kcloud::rules
