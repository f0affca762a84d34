// The events of one selector, split into groups: what all rules share that ask for the same type,
// filter and `by`. A cell is a group's place in it and in its series.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rules/evaluate.h"
#include "rules/flat_map.h"
#include "rules/keys.h"
#include "rules/rule.h"
#include "rules/series.h"
#include "rules/time.h"

namespace kcloud::rules {

// The newest events of a group, as they came.
class Evidence {
 public:
  static constexpr std::size_t kMost = 10;
  struct Item {
    std::uint64_t number = 0;
    core::EventId id;
  };

  void add(const Item& item) {
    items_[next_] = item;
    next_ = static_cast<std::uint8_t>((next_ + 1U) % kMost);
    if (size_ < kMost) ++size_;
  }
  std::size_t size() const { return size_; }
  // The oldest is 0.
  const Item& operator[](std::size_t i) const {
    return items_[(next_ + kMost - size_ + i) % kMost];
  }

 private:
  std::array<Item, kMost> items_;
  std::uint8_t next_ = 0, size_ = 0;
};

struct Feed {
  // What a rule that asks for it is to the feed.
  struct User {
    std::uint32_t rule = 0;
    std::size_t place = 0;  // of the feed among the rule's
  };
  struct Group {
    std::uint32_t key = Keys::kNone;  // kNone: the cell is free
    Ms newest = kLongAgo;
    std::uint64_t arrivals = 0;
    std::uint64_t told = 0;  // Ticks epoch at which the rules last heard of an event in it
    Ms first = kLongAgo;     // the greatest of the rules' first `t`: an older event is told them
    bool apart = false;      // a rule forgot it, others did not: `newest` is not everybody's
  };
  using Texts = std::vector<std::string>;

  std::string text;  // canonical: type{filter} by …
  const core::EventType* type = nullptr;
  std::vector<FieldRef> by;
  Keys* keys = nullptr;
  std::vector<User> users;
  std::vector<std::size_t> on_arrival;  // of users: those that hear of each event
  std::vector<std::unique_ptr<Series>> series;
  bool keeps_evidence = false;
  std::vector<std::pair<std::string, std::optional<FieldRef>>> shown;  // fields in templates

  std::vector<Group> groups;
  std::vector<std::uint32_t> free;
  FlatMap<std::uint32_t, std::uint32_t> cells;  // by key
  std::vector<std::uint32_t> links;  // groups × users: the rule's group, kNoCell where it has none
  std::vector<Evidence> evidence;
  std::vector<Texts> texts;  // of `shown`, of the newest event

  std::uint64_t matched = 0;        // number of the newest event that passed the filter
  std::uint64_t horizon_epoch = 0;  // of which these are:
  Ms horizon = kLongAgo;            // older events are too late for all users
  Ms strict_horizon = kLongAgo;     // for one of them
  bool fresh = true;                // has to be filled

  // The series that an aggregate looks at, made when there is none.
  Series& series_for(const Expr& aggregate, std::size_t most_values);
  std::uint32_t find(std::uint32_t key) const {
    const std::uint32_t* cell = cells.find(key);
    return cell == nullptr ? kNoCell : *cell;
  }
  std::uint32_t make(std::uint32_t key);
  void remove(std::uint32_t cell);
  std::uint32_t& link(std::uint32_t cell, std::size_t user) {
    return links[cell * users.size() + user];
  }
  std::size_t size() const { return groups.size() - free.size(); }
  void note(std::uint32_t cell, const Arrival& arrival);  // evidence, texts, times
  std::size_t bytes() const;
};

}  // namespace kcloud::rules
