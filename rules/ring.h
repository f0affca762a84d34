// The buckets of one window of one group: those that hold something, by their number since 1970.
//
// Kept sparse, so that offsets and look-backs of days cost only what happened in them. Old ones are
// dropped when room is needed. One allocation, which is used again.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace kcloud::rules {

inline constexpr std::int64_t kNoBucket = std::numeric_limits<std::int64_t>::max();

template <class Bucket>
class Ring {
 public:
  bool empty() const { return first_ == entries_.size(); }
  std::size_t bytes() const { return entries_.capacity() * sizeof(Entry); }

  // The bucket `index`, made when it is not there. Buckets before `horizon` may go.
  Bucket& at(std::int64_t index, std::int64_t horizon) {
    if (!empty()) {
      Entry& back = entries_.back();
      const std::int64_t newest = base_ + back.index;
      if (newest == index) return back.bucket;
      if (newest > index) return insert(std::max(index, newest - kSpan), horizon);
    }
    make_room(index, horizon);
    entries_.push_back({static_cast<std::uint32_t>(index - base_), {}});
    return entries_.back().bucket;
  }

  void drop_before(std::int64_t index) {
    first_ = static_cast<std::uint32_t>(lower(index));
    if (empty()) entries_.clear(), first_ = 0;
  }

  // Buckets `from` <= number < `to`, in order.
  template <class Visit>
  void each(std::int64_t from, std::int64_t to, Visit visit) const {
    for (std::size_t at = lower(from); at < entries_.size() && base_ + entries_[at].index < to;
         ++at)
      visit(entries_[at].bucket);
  }
  template <class Visit>
  void each_numbered(Visit visit) const {
    for (std::size_t at = first_; at < entries_.size(); ++at)
      visit(base_ + entries_[at].index, entries_[at].bucket);
  }

  // The `length` buckets before `end` are looked at: the next `end` at which these are others.
  // kNoBucket: as things are, none.
  std::int64_t next_change(std::int64_t end, std::int64_t length) const {
    std::int64_t next = kNoBucket;
    const std::size_t inside = lower(end - length);
    if (inside < entries_.size()) next = base_ + entries_[inside].index + length + 1;
    const std::size_t ahead = lower(end);
    if (ahead < entries_.size()) next = std::min(next, base_ + entries_[ahead].index + 1);
    return next;
  }

 private:
  static constexpr std::int64_t kSpan = std::numeric_limits<std::uint32_t>::max();
  struct Entry {
    std::uint32_t index;  // less base_
    Bucket bucket;
  };

  std::size_t lower(std::int64_t index) const {
    const auto found =
        std::partition_point(entries_.begin() + first_, entries_.end(),
                             [&](const Entry& entry) { return base_ + entry.index < index; });
    return static_cast<std::size_t>(found - entries_.begin());
  }

  Bucket& insert(std::int64_t index, std::int64_t horizon) {
    std::size_t at = lower(index);
    if (base_ + entries_[at].index == index) return entries_[at].bucket;
    make_room(index, horizon);
    at = lower(index);
    const auto made = entries_.insert(entries_.begin() + static_cast<std::ptrdiff_t>(at),
                                      {static_cast<std::uint32_t>(index - base_), {}});
    return made->bucket;
  }

  void make_room(std::int64_t index, std::int64_t horizon) {
    if (entries_.size() == entries_.capacity()) {
      drop_before(horizon);
      if (first_ > entries_.size() / 8) {
        entries_.erase(entries_.begin(), entries_.begin() + first_);
        first_ = 0;
      } else {
        entries_.reserve(entries_.size() + std::max<std::size_t>(2, entries_.size() / 4));
      }
    }
    rebase(index, horizon);
  }

  void rebase(std::int64_t index, std::int64_t horizon) {
    if (empty()) {
      base_ = index;
      return;
    }
    if (index >= base_ && index - base_ <= kSpan) return;
    drop_before(horizon);
    drop_before(index - kSpan);
    const std::int64_t oldest = empty() ? index : std::min(index, base_ + entries_[first_].index);
    for (std::size_t at = first_; at < entries_.size(); ++at)
      entries_[at].index = static_cast<std::uint32_t>(base_ + entries_[at].index - oldest);
    base_ = oldest;
  }

  std::vector<Entry> entries_;
  std::int64_t base_ = 0;
  std::uint32_t first_ = 0;  // entries before it are dropped
};

}  // namespace kcloud::rules
